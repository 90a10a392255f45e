// SPDX-License-Identifier: Apache-2.0
//
// What Ctrl-C does while work goes on.

#pragma once

#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <iterator>

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

// A flag that long work looks at, while one of these lives: of Ctrl-C, a terminal that closed and
// what kill sends, so that no half-written file is left. A second one kills.
class Interrupt {
 public:
  Interrupt() {
    seen_ = 0;
    for (std::size_t i = 0; i < std::size(kSignals); ++i) {
      previous_[i] = std::signal(kSignals[i], [](int signal) {
        seen_ = signal;
        std::signal(signal, SIG_DFL);
      });
      // nohup means it.
      if (kSignals[i] == SIGHUP && previous_[i] == SIG_IGN) std::signal(SIGHUP, SIG_IGN);
    }
  }
  ~Interrupt() {
    for (std::size_t i = 0; i < std::size(kSignals); ++i) std::signal(kSignals[i], previous_[i]);
  }
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool seen() const { return seen_ != 0; }
  // What kExitInterrupted is, where the last one that was seen is not Ctrl-C.
  static int exit_code() { return seen_ == 0 ? kExitInterrupted : 128 + seen_; }

 private:
  static constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
  static inline volatile std::sig_atomic_t seen_ = 0;
  void (*previous_[std::size(kSignals)])(int);
};

}  // namespace tern::experiments
