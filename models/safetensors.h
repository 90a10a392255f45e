// SPDX-License-Identifier: Apache-2.0
//
// Safetensors: a JSON header that names tensors, then their bytes (shared/reference/formats.md 6.6;
// the format's own description: github.com/huggingface/safetensors). File -> checked names, shapes
// and bytes, as gguf.h does for GGUF; what the tensors mean is not known here.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tern::models {

struct SafeTensor {
  std::string name;
  std::string_view dtype;            // "BF16", "U8", ...: one that safetensors_dtypes() has
  std::vector<std::uint64_t> shape;  // outermost first; empty: one element
  std::span<const std::byte> data;   // at any alignment

  std::uint64_t elements() const;
};

class Safetensors {
 public:
  // No header is longer, whatever the file says; the format's own reader has the same bound.
  static constexpr std::uint64_t kMostHeader = 100'000'000;

  // Throws std::runtime_error: one line that begins with `where` and names the tensor or the place
  // in the header. `bytes` is borrowed for as long as the tensors are used. Allocates no more than
  // some 8 bytes for each byte of the header.
  static Safetensors parse(std::span<const std::byte> bytes, std::string where);

  Safetensors(Safetensors&&) = default;  // no copies: the index points into tensors_
  Safetensors& operator=(Safetensors&&) = default;

  const std::string& where() const { return where_; }  // the file's name in error messages
  const std::vector<SafeTensor>& tensors() const { return tensors_; }  // as they lie in the file
  const SafeTensor* find(std::string_view name) const;                 // nullptr: absent

  [[noreturn]] void fail(std::string_view field, std::string_view what) const;

 private:
  Safetensors() = default;

  std::string where_;
  std::vector<SafeTensor> tensors_;
  std::unordered_map<std::string_view, std::size_t> index_;  // views into tensors_
};

// Bits of an element of each type that a file may name; 0: no such type.
unsigned safetensors_bits(std::string_view dtype) noexcept;

}  // namespace tern::models
