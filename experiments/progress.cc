// SPDX-License-Identifier: Apache-2.0

#include "experiments/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace tern::experiments {

Progress::Progress(std::string what)
    : what_(std::move(what)), shown_(::isatty(STDERR_FILENO) == 1) {}

void Progress::at(std::size_t index, std::size_t total, std::string_view name) {
  if (!shown_) return;
  const std::string line = fmt::format("{} of {} {}: {}", index + 1, total, what_, name);
  width_ = std::max(width_, line.size());
  fmt::print(stderr, "\r{:<{}}", line, width_);
  std::fflush(stderr);
}

void Progress::done() {
  if (width_ == 0) return;
  fmt::print(stderr, "\r{:<{}}\r", "", width_);
  std::fflush(stderr);
  width_ = 0;
}

}  // namespace tern::experiments
