// SPDX-License-Identifier: Apache-2.0
//
// A file descriptor that closes itself.

#pragma once

#include <unistd.h>

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

}  // namespace tern::models
