// SPDX-License-Identifier: Apache-2.0

#include "models/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <new>
#include <stdexcept>
#include <string>

#include "kernels/check.h"

namespace tern::models {
namespace {

// PCRE2's own \s has U+180E, which is no White_Space.
constexpr std::string_view kBlanks = "\\p{Z}\\t-\\r\\x{85}";

std::string with_white_space(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      const char c = pattern[++i];
      TERN_CHECK(c != 'S' || !in_class, "\\S within a class");
      if (c == 's')
        out += in_class ? std::string(kBlanks) : "[" + std::string(kBlanks) + "]";
      else if (c == 'S')
        out += "[^" + std::string(kBlanks) + "]";
      else
        out += {'\\', c};
      continue;
    }
    if (pattern[i] == '[') in_class = true;
    if (pattern[i] == ']') in_class = false;
    out += pattern[i];
  }
  return out;
}

}  // namespace

Regex::Regex(std::string_view pattern) {
  const std::string spelled = with_white_space(pattern);
  int error = 0;
  std::size_t where = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(spelled.data()), spelled.size(),
                                   PCRE2_UTF | PCRE2_UCP, &error, &where, nullptr);
  TERN_CHECK(code != nullptr, "a pattern of this program does not compile");
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // without JIT the same matches come slower
  code_ = std::shared_ptr<const pcre2_real_code_8>(
      code, [](const pcre2_real_code_8* c) { pcre2_code_free(const_cast<pcre2_real_code_8*>(c)); });
}

Regex::Searcher::Searcher(const Regex& regex)
    : code_(regex.code_),
      match_(pcre2_match_data_create(1, nullptr), pcre2_match_data_free),
      context_(pcre2_match_context_create(nullptr), pcre2_match_context_free) {
  if (match_ == nullptr || context_ == nullptr) throw std::bad_alloc();
  // A run of a million blanks backtracks a million times, and may.
  pcre2_set_match_limit(context_.get(), 0xFFFFFFFFu);
}

std::optional<std::pair<std::size_t, std::size_t>> Regex::Searcher::find(std::string_view text,
                                                                         std::size_t from) {
  const auto match = [&](std::uint32_t options) {
    return pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                       PCRE2_NO_UTF_CHECK | options, match_.get(), context_.get());
  };
  int found = match(0);
  if (found == PCRE2_ERROR_JIT_STACKLIMIT) found = match(PCRE2_NO_JIT);
  if (found == PCRE2_ERROR_NOMATCH) return std::nullopt;
  if (found < 0)
    throw std::runtime_error("tokenizer: the text cannot be split (PCRE2 error " +
                             std::to_string(found) + " at byte " + std::to_string(from) + ")");
  const std::size_t* bounds = pcre2_get_ovector_pointer(match_.get());
  return std::pair(bounds[0], bounds[1]);
}

}  // namespace tern::models
