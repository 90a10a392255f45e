// SPDX-License-Identifier: Apache-2.0
//
// What the path of an output means, so that a link is written through and what is no regular file,
// or is open already, is written in place.

#pragma once

#include <string>

namespace tern::models {

struct OutputPlace {
  std::string target;    // behind all links, whether it is there or not
  int descriptor = -1;   // of this process, where the path means one (/dev/stdout, /dev/fd/3)
  bool special = false;  // there, and no regular file: a pipe, a device, a directory
  bool in_place() const { return descriptor >= 0 || special; }
};

// Throws std::system_error naming `path` where its links lead nowhere.
OutputPlace output_place(const std::string& path);

}  // namespace tern::models
