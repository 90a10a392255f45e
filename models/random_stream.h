// SPDX-License-Identifier: Apache-2.0
//
// Random weights by position: a stream per (seed, tensor, row), so that rows can be made in any
// order by any thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tern::models {

// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): a counter through a finalizer.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::string_view name, std::uint64_t row) noexcept {
    std::uint64_t hash = 0xCBF29CE484222325u;  // FNV-1a of the name
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    state_ = mix(mix(seed ^ hash) + row);
  }

  std::uint64_t next() noexcept { return mix(state_ += 0x9E3779B97F4A7C15u); }
  double uniform() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }  // [0, 1)

  // Each 0 with probability `zeros` (in steps of 2^-16), else -1 or +1 evenly.
  void trits(double zeros, std::int8_t* out, std::size_t n) noexcept;
  // Normal of that deviation, cut at 4.2 of them: one of 2^16 quantiles each.
  void normal(float deviation, float* out, std::size_t n) noexcept;

 private:
  static std::uint64_t mix(std::uint64_t z) noexcept {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  // The next n numbers of 16 bits.
  void words(std::uint16_t* out, std::size_t n) noexcept;

  std::uint64_t state_;
};

}  // namespace tern::models
