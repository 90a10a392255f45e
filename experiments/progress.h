// SPDX-License-Identifier: Apache-2.0
//
// A line on standard error that says how far long work is, where somebody looks at it.

#pragma once

#include <string>
#include <string_view>

namespace tern::experiments {

class Progress {
 public:
  explicit Progress(std::string what);  // what is counted: "tensors"
  ~Progress() { done(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void at(std::size_t index, std::size_t total, std::string_view name);
  void done();  // takes the line away

 private:
  std::string what_;
  bool shown_;
  std::size_t width_ = 0;
};

}  // namespace tern::experiments
