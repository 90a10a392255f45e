// SPDX-License-Identifier: Apache-2.0
//
// Runs programs, mostly this very one, as child processes: SystemC elaborates once per process, and
// a crash of one level must not take the others with it.

#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace tern::experiments {

struct Child {
  std::string program = "/proc/self/exe";          // this very program
  std::string label;                               // for progress and error messages
  std::vector<std::string> args;                   // after the program's name
  std::map<std::string, std::string> environment;  // on top of ours
};

// Runs `child.program` with `child.args`, its standard output discarded. Returns the seconds it
// took. Throws std::runtime_error of one line with the label and the last line the child wrote to
// stderr when it exits with anything but 0, or dies by a signal.
double run_child(const Child& child);

// The same for each of `children`, `at_once` at a time, in order of the list; `done` is called
// after each (never twice at once). The first failure is thrown when all running ones have ended;
// no further one is then started.
void run_children(std::span<const Child> children, unsigned at_once,
                  const std::function<void(const Child&, double seconds)>& done);

}  // namespace tern::experiments
