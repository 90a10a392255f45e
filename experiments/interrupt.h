// SPDX-License-Identifier: Apache-2.0
//
// What Ctrl-C does while work goes on.

#pragma once

#include <unistd.h>

#include <csignal>

namespace tern::experiments {

inline constexpr int kExitInterrupted = 128 + SIGINT;

// Of work that has nothing to keep: while one of these lives Ctrl-C ends the program at once,
// however long its steps are. No output may be open then.
class EndOnInterrupt {
 public:
  EndOnInterrupt() : previous_(std::signal(SIGINT, [](int) { _exit(kExitInterrupted); })) {}
  ~EndOnInterrupt() { std::signal(SIGINT, previous_); }
  EndOnInterrupt(const EndOnInterrupt&) = delete;
  EndOnInterrupt& operator=(const EndOnInterrupt&) = delete;

 private:
  void (*previous_)(int);
};

// A flag that long work looks at, while one of these lives; a second Ctrl-C kills.
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
