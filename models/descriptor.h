// SPDX-License-Identifier: Apache-2.0
//
// A file descriptor that closes itself, and what is said of a file that the system refuses.

#pragma once

#include <unistd.h>

#include <string>
#include <system_error>
#include <utility>

namespace tern::models {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}  // -1: none
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// `error` is the errno of what was tried: "cannot open".
[[noreturn]] inline void fail_file(const std::string& path, const std::string& what, int error) {
  throw std::system_error(error, std::generic_category(), path + ": " + what);
}

}  // namespace tern::models
