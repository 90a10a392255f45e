// SPDX-License-Identifier: Apache-2.0
//
// Arrays that end where an unreadable page begins: a kernel that reads one byte too far dies, in
// every build. Odd sizes start at addresses with no alignment.

#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <new>
#include <vector>

namespace tern {

template <typename T>
class Guarded {
 public:
  explicit Guarded(const std::vector<T>& values) {
    const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t bytes = values.size() * sizeof(T);
    const std::size_t body = (bytes + page - 1) / page * page;
    mapped_ = body + page;
    base_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base_ == MAP_FAILED) throw std::bad_alloc();
    mprotect(static_cast<char*>(base_) + body, page, PROT_NONE);
    data_ = reinterpret_cast<T*>(static_cast<char*>(base_) + body - bytes);
    if (bytes != 0) std::memcpy(data_, values.data(), bytes);
  }
  ~Guarded() { munmap(base_, mapped_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  T* data() const { return data_; }

 private:
  void* base_;
  std::size_t mapped_;
  T* data_;
};

}  // namespace tern
