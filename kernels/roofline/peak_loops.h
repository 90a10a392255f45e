// SPDX-License-Identifier: Apache-2.0
//
// What the files of the peak loops share.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "kernels/roofline/peak.h"

namespace tern::kernels {

using PeakLoops = std::span<const PeakLoop>;

// The sum over all lanes of type T in an array of registers.
template <typename T, typename Register, std::size_t N>
std::uint64_t sum_of_lanes(const Register (&registers)[N]) noexcept {
  T lanes[N * sizeof(Register) / sizeof(T)];
  std::memcpy(lanes, registers, sizeof lanes);
  std::uint64_t sum = 0;
  for (const T lane : lanes) sum += static_cast<std::uint64_t>(lane);
  return sum;
}

template <std::size_t N>
struct HalfOnes {  // N times binary16 1.0
  std::uint16_t halves[N];
  constexpr HalfOnes() : halves() {
    for (std::uint16_t& half : halves) half = 0x3c00;
  }
};

}  // namespace tern::kernels
