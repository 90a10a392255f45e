// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-C as a flag that long work looks at, while one of these lives; a second Ctrl-C kills.

#pragma once

#include <csignal>

namespace tern::experiments {

class Interrupt {
 public:
  Interrupt() {
    count_ = 0;
    previous_ = std::signal(SIGINT, [](int) {
      count_ = 1;
      std::signal(SIGINT, SIG_DFL);
    });
  }
  ~Interrupt() { std::signal(SIGINT, previous_); }
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool seen() const { return count_ != 0; }

 private:
  static inline volatile std::sig_atomic_t count_ = 0;
  void (*previous_)(int);
};

}  // namespace tern::experiments
