// SPDX-License-Identifier: Apache-2.0
//
// The pattern table. A new pre-tokenizer is a new row.

#include "models/pre_tokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <stdexcept>
#include <string>

#include "kernels/check.h"
#include "models/utf8.h"

// PCRE2 counts U+180E as a blank, Unicode's White_Space, which the reference uses, does not.
#define BLANK "\\p{Z}\\t-\\r\\x{85}"

namespace tern::models {
namespace {

constexpr std::array kTable = {
    // GPT-2, encoder.py.
    PreTokenizerKind{"gpt-2",
                     "'s|'t|'re|'ve|'m|'ll|'d"
                     "| ?\\p{L}+| ?\\p{N}+| ?[^" BLANK "\\p{L}\\p{N}]+"
                     "|[" BLANK "]+(?![^" BLANK "])|[" BLANK "]+",
                     false},
    // LLaMA-3 (shared/reference/formats.md 6.8).
    PreTokenizerKind{"llama-bpe",
                     "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
                     "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
                     "| ?[^" BLANK "\\p{L}\\p{N}]+[\\r\\n]*|[" BLANK "]*[\\r\\n]+"
                     "|[" BLANK "]+(?![^" BLANK "])|[" BLANK "]+",
                     true},
};

const PreTokenizerKind& find_kind(std::string_view name) {
  std::string names;
  for (const PreTokenizerKind& kind : kTable) {
    if (kind.name == name) return kind;
    names += (names.empty() ? "" : ", ") + std::string(kind.name);
  }
  throw std::runtime_error("tokenizer.ggml.pre is '" + std::string(name) +
                           "', this program knows " + names);
}

}  // namespace

std::span<const PreTokenizerKind> pre_tokenizer_kinds() noexcept { return kTable; }

PreTokenizer::PreTokenizer(std::string_view name) : kind_(&find_kind(name)) {
  int error = 0;
  std::size_t where = 0;
  pcre2_code* code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(kind_->pattern.data()), kind_->pattern.size(),
                    PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED, &error, &where, nullptr);
  TERN_CHECK(code != nullptr, "a pattern of the table does not compile");
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // without JIT the same matches come slower
  code_ = std::shared_ptr<const pcre2_real_code_8>(
      code, [](const pcre2_real_code_8* c) { pcre2_code_free(const_cast<pcre2_real_code_8*>(c)); });
}

void PreTokenizer::split_valid(std::string_view text,
                               const std::function<void(std::string_view)>& piece) const {
  const std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data*)> match(
      pcre2_match_data_create(1, nullptr), pcre2_match_data_free);
  // A run of a million blanks backtracks a million times, and may.
  const std::unique_ptr<pcre2_match_context, void (*)(pcre2_match_context*)> context(
      pcre2_match_context_create(nullptr), pcre2_match_context_free);
  if (match == nullptr || context == nullptr) throw std::bad_alloc();
  pcre2_set_match_limit(context.get(), 0xFFFFFFFFu);
  std::size_t at = 0;
  while (at < text.size()) {
    const int found = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                                  text.size(), at, PCRE2_NO_UTF_CHECK, match.get(), context.get());
    if (found < 1)
      throw std::runtime_error("tokenizer: the text cannot be split (PCRE2 error " +
                               std::to_string(found) + " at byte " + std::to_string(at) + ")");
    const std::size_t end = pcre2_get_ovector_pointer(match.get())[1];
    TERN_CHECK(end > at, "a pre-tokenizer pattern matched nothing");
    piece(text.substr(at, end - at));
    at = end;
  }
}

void PreTokenizer::split(std::string_view text,
                         const std::function<void(std::string_view)>& piece) const {
  while (!text.empty()) {
    const std::size_t valid = utf8_prefix(text);
    split_valid(text.substr(0, valid), piece);
    text.remove_prefix(valid);
    std::size_t invalid = 0;
    while (invalid < text.size() && utf8_char(text.substr(invalid)) == 0) ++invalid;
    if (invalid != 0) piece(text.substr(0, invalid));
    text.remove_prefix(invalid);
  }
}

}  // namespace tern::models
