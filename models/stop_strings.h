// SPDX-License-Identifier: Apache-2.0
//
// Ends a text that comes in pieces where a stop string is complete. The text before it is given
// out, the string itself is not; what may be the beginning of one is held back until it is known.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tern::models {

class StopStrings {
 public:
  // Throws std::runtime_error for an empty string.
  explicit StopStrings(std::vector<std::string> strings);

  // What of the text so far may be shown and was not returned before. Of several stop strings the
  // one that is complete first ends the text, of those that end in the same byte the longest:
  // however the text was cut into pieces. After hit(), nothing.
  std::string add(std::string_view text);

  // What was held back: the text has ended.
  std::string finish();

  bool hit() const { return hit_; }

 private:
  std::vector<std::string> strings_;
  std::string held_;
  bool hit_ = false;
};

}  // namespace tern::models
