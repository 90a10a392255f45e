// SPDX-License-Identifier: Apache-2.0
//
// What every fuzz target holds a reader to: it reads, or it throws one std::runtime_error of one
// printable line that begins with what it was told the file is called. Anything else ends the
// program. Bounds on memory and time are those of tests/fuzz/run.sh.

#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tern::models {

inline constexpr const char* kFuzzName = "input";

// A copy of exactly `size` bytes, aligned as a mapping is: a read past the end is found.
class FuzzBytes {
 public:
  FuzzBytes(const std::uint8_t* data, std::size_t size)
      : data_(new (std::align_val_t{64}) std::byte[size]), size_(size) {
    if (size != 0) std::memcpy(data_, data, size);
  }
  ~FuzzBytes() { ::operator delete[](data_, std::align_val_t{64}); }
  FuzzBytes(const FuzzBytes&) = delete;
  FuzzBytes& operator=(const FuzzBytes&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  std::byte* data_;
  std::size_t size_;
};

template <typename Read>
int read_or_refuse(Read&& read) {
  try {
    read();
  } catch (const std::runtime_error& e) {
    const std::string_view text = e.what();
    bool fine = text.starts_with(kFuzzName);
    for (const char c : text) fine = fine && static_cast<unsigned char>(c) >= ' ' && c != 127;
    if (!fine) {
      std::fprintf(stderr, "no proper message: '%s'\n", e.what());
      std::abort();
    }
  }
  return 0;
}

}  // namespace tern::models
