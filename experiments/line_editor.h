// SPDX-License-Identifier: Apache-2.0
//
// Lines that somebody types at a terminal, edited by libedit: arrow keys, Ctrl-A/E/K/U/W/R, the
// lines that were sent before, Tab for commands. libedit has no handlers of signals here: SIGINT
// stays with HeldInterrupts.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "experiments/line_reader.h"

namespace tern::experiments {

class LineEditor {
 public:
  // Whether standard input and output are a terminal whose cursor can be moved.
  static bool usable();

  // `words` is what Tab completes at the front of a line that begins with a slash. Sets LC_CTYPE,
  // and nothing else of the locale, to UTF-8. Throws std::runtime_error where libedit cannot start.
  LineEditor(const std::string& prompt, std::vector<std::string> words);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // As LineReader::read, behind the prompt; bytes that are no UTF-8 come back as they were typed.
  // SIGINT on a line that holds something clears it, which gives an empty line; kInterrupt on an
  // empty one.
  LineReader::Got read(std::string& line);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tern::experiments
