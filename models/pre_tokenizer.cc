// SPDX-License-Identifier: Apache-2.0
//
// The pattern table. A new pre-tokenizer is a new row.

#include "models/pre_tokenizer.h"

#include <stdexcept>

#include "kernels/check.h"
#include "models/utf8.h"

// The parts that published patterns have in common.
#define SUFFIXES "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define WORD "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"
#define SIGNS " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
#define BLANKS "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define GPT2 "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
#define LLAMA3 SUFFIXES "|" WORD "|\\p{N}{1,3}|" SIGNS "|" BLANKS
#define QWEN2 SUFFIXES "|" WORD "|\\p{N}|" SIGNS "|" BLANKS
#define GPT4O_WORDS                                     \
  "[^\\r\\n\\p{L}\\p{N}]?" UPPER "*" LOWER "+" SUFFIXES \
  "?"                                                   \
  "|[^\\r\\n\\p{L}\\p{N}]?" UPPER "+" LOWER "*" SUFFIXES "?"
#define TEKKEN_WORDS \
  "[^\\r\\n\\p{L}\\p{N}]?" UPPER "*" LOWER "+|[^\\r\\n\\p{L}\\p{N}]?" UPPER "+" LOWER "*"
#define SIGNS_OR_SLASH " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*"

namespace tern::models {
namespace {

// GPT-2: encoder.py. LLaMA-3: shared/reference/formats.md 6.8. The others, and which names mean the
// same: llama.cpp, src/llama-vocab.cpp, whose comments hold the patterns of the models' own files.
// `default` is what that program does without a name.
constexpr std::array kTable = {
    PreTokenizerKind{"gpt-2",
                     {GPT2},
                     false,
                     false,
                     "gpt2 phi-2 mpt olmo jais trillion granite-docling gigachat modern-bert "
                     "mellum exaone4 a.x-4.0"},
    PreTokenizerKind{"llama-bpe",
                     {LLAMA3},
                     true,
                     true,
                     "llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2"},
    PreTokenizerKind{"dbrx", {LLAMA3}, false, false, "smaug-bpe glm4 chatglm-bpe"},
    PreTokenizerKind{"qwen2",
                     {QWEN2},
                     false,
                     false,
                     "stablelm2 deepseek-r1-qwen megrez hunyuan grok-2 solar-open"},
    PreTokenizerKind{"smollm",
                     {"\\p{N}", GPT2},
                     false,
                     false,
                     "starcoder refact command-r codeshell exaone minerva-7b mellum2"},
    PreTokenizerKind{"gpt-4o",
                     {GPT4O_WORDS "|\\p{N}{1,3}|" SIGNS_OR_SLASH "|" BLANKS},
                     false,
                     false,
                     "llama4 kanana2 minimax-m2"},
    PreTokenizerKind{"tekken", {TEKKEN_WORDS "|\\p{N}|" SIGNS_OR_SLASH "|" BLANKS}, true, true, ""},
    PreTokenizerKind{
        "default", {"[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]"}, false, false},
};

bool has_alias(std::string_view aliases, std::string_view name) {
  while (!aliases.empty()) {
    const std::size_t end = std::min(aliases.find(' '), aliases.size());
    if (aliases.substr(0, end) == name) return true;
    aliases.remove_prefix(std::min(end + 1, aliases.size()));
  }
  return false;
}

using Piece = std::function<void(std::string_view)>;

// Matches of the step, and what lies between them, each go to the next step.
void split_valid(std::span<Regex::Searcher> steps, std::string_view text, const Piece& piece) {
  if (text.empty()) return;
  if (steps.empty()) return piece(text);
  const auto rest = steps.subspan(1);
  std::size_t at = 0;
  while (at < text.size()) {
    auto found = steps[0].find(text, at);
    if (!found) break;
    TERN_CHECK(found->second > found->first, "a pre-tokenizer pattern matched nothing");
    split_valid(rest, text.substr(at, found->first - at), piece);
    split_valid(rest, text.substr(found->first, found->second - found->first), piece);
    at = found->second;
  }
  split_valid(rest, text.substr(at), piece);
}

}  // namespace

const std::string_view kGpt2Pattern = GPT2, kDigitPattern = "\\p{N}";

std::span<const PreTokenizerKind> pre_tokenizer_kinds() noexcept { return kTable; }

const PreTokenizerKind& find_pre_tokenizer(std::string_view name) {
  std::string names;
  for (const PreTokenizerKind& kind : kTable) {
    if (kind.name == name || has_alias(kind.aliases, name)) return kind;
    names += (names.empty() ? "" : ", ") + std::string(kind.name);
  }
  throw std::runtime_error("tokenizer.ggml.pre is '" + std::string(name) +
                           "', this program knows " + names);
}

const PreTokenizerKind* find_pre_tokenizer(const std::vector<std::string>& patterns,
                                           bool ignore_merges) {
  for (const PreTokenizerKind& kind : kTable) {
    std::vector<std::string> own;
    for (const std::string_view pattern : kind.patterns)
      if (!pattern.empty()) own.emplace_back(pattern);
    if (own == patterns && kind.ignore_merges == ignore_merges) return &kind;
  }
  return nullptr;
}

PreTokenizer::PreTokenizer(std::string_view name) : kind_(&find_pre_tokenizer(name)) {
  for (const std::string_view pattern : kind_->patterns)
    if (!pattern.empty()) steps_.emplace_back(pattern);
}

void PreTokenizer::split(std::string_view text, const Piece& piece) const {
  std::vector<Regex::Searcher> steps(steps_.begin(), steps_.end());
  while (!text.empty()) {
    const std::size_t valid = utf8_prefix(text);
    split_valid(steps, text.substr(0, valid), piece);
    text.remove_prefix(valid);
    std::size_t invalid = 0;
    while (invalid < text.size() && utf8_char(text.substr(invalid)) == 0) ++invalid;
    if (invalid != 0) piece(text.substr(0, invalid));
    text.remove_prefix(invalid);
  }
}

}  // namespace tern::models
