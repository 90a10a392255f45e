// SPDX-License-Identifier: Apache-2.0
//
// Regular expressions over UTF-8, as tokenizers' files spell them: Unicode classes, and \s and \S
// are Unicode's White_Space, which is what the regex libraries of the reference mean by it.

#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

struct pcre2_real_code_8;
struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;

namespace tern::models {

class Regex {
 public:
  // `pattern` is one of this program's own: an impossible one is a bug.
  explicit Regex(std::string_view pattern);

  // What a search needs besides the pattern; one per thread.
  class Searcher {
   public:
    explicit Searcher(const Regex& regex);
    // Begin and end of the first match in `text`, which is valid UTF-8, at or after `from`.
    // Throws std::runtime_error where PCRE2 gives up.
    std::optional<std::pair<std::size_t, std::size_t>> find(std::string_view text,
                                                            std::size_t from);

   private:
    std::shared_ptr<const pcre2_real_code_8> code_;
    std::shared_ptr<pcre2_real_match_data_8> match_;
    std::shared_ptr<pcre2_real_match_context_8> context_;
  };

 private:
  std::shared_ptr<const pcre2_real_code_8> code_;
};

}  // namespace tern::models
