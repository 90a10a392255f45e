// SPDX-License-Identifier: Apache-2.0
//
// A line on standard error that says how far long work is, where somebody looks at it.

#pragma once

#include <string>
#include <string_view>

namespace tern::experiments {

class Progress {
 public:
  // `what` is counted ("tensors"), `total` of them.
  Progress(std::string what, std::size_t total);
  ~Progress() { done(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void at(std::size_t index, std::string_view name);
  void done();  // takes the line away

 private:
  std::string what_;
  std::size_t total_;
  bool shown_;
  std::size_t width_ = 0;
};

}  // namespace tern::experiments
