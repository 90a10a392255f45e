// SPDX-License-Identifier: Apache-2.0
//
// Lines of standard input beside Ctrl-C, which ends the work at hand and not the program. Those
// that somebody types at a terminal come from line_editor.h.

#pragma once

#include <csignal>
#include <string>

namespace tern::experiments {

// Keeps SIGINT from this thread and those it starts: only where it is waited for or looked at does
// it count. One at a time.
class HeldInterrupts {
 public:
  HeldInterrupts();
  ~HeldInterrupts();
  HeldInterrupts(const HeldInterrupts&) = delete;
  HeldInterrupts& operator=(const HeldInterrupts&) = delete;

  // Whether there was one since the last call, which forgets it.
  bool take();
  // Whether there was one, which stays.
  bool pending() const;

 private:
  sigset_t previous_;
};

enum class Waited { kInput, kOther, kInterrupt, kFailed };

// Until standard input, or the open file `other` (-1: none), has something to read, or SIGINT comes
// while it is held; what has come already counts. kFailed leaves errno.
Waited wait_for_input(int other = -1);

class LineReader {
 public:
  enum class Got { kLine, kEnd, kInterrupt };

  // The next line, without its end. A last line may lack its end. kInterrupt: SIGINT came, while
  // it is held (above). Throws std::runtime_error when
  // standard input cannot be read.
  Got read(std::string& line);

 private:
  std::string buffer_;
  bool ended_ = false;
};

}  // namespace tern::experiments
