// SPDX-License-Identifier: Apache-2.0
//
// Standard output that notices when nobody reads it.

#pragma once

#include <string>
#include <string_view>

namespace tern::experiments {

// Writes to standard output and flushes. Throws Exit{0} when the reader has gone,
// std::runtime_error for any other failure.
void print_out(std::string_view text);

// From now on print_out() writes to standard error, and what fails there is no failure: standard
// output holds a file that was asked for.
void print_to_stderr();

// Text of a language model arrives in bytes that need not end where characters do: holds the last
// ones back until they are whole. What is no UTF-8 is shown as U+FFFD.
class TextStream {
 public:
  void add(std::string_view bytes);
  void finish();  // prints what is left

 private:
  std::string pending_;
};

}  // namespace tern::experiments
