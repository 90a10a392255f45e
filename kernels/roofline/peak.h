// SPDX-License-Identifier: Apache-2.0
//
// How many multiply-adds (MAC) per second the instructions of each ISA can do when operands are at
// hand and nothing waits: the limit of matrix-matrix kernels.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/isa.h"

namespace tern::kernels {

enum class Datatype : std::uint8_t { kInt8, kFp32, kFp16, kBf16 };

std::string_view datatype_name(Datatype datatype) noexcept;  // "int8", "fp32", ...

// Runs `rounds` rounds of multiply-adds on independent chains. Every operand is 1, so the sum over
// all accumulators, which is returned, is the number of MACs done (exact up to kExactRounds).
// vpmaddubsw sums nothing up: there each 16-bit lane starts at 1 and takes
// 3 * (itself mod 256) per round, and the sum over the lanes is returned.
using PeakFn = std::uint64_t(std::size_t rounds) noexcept;

inline constexpr std::size_t kExactRounds = 1000;  // binary16 counts to 2048
inline constexpr std::size_t kMostRounds = std::size_t{1} << 26;

struct PeakLoop {
  std::string_view name;  // peak_<datatype>_<what differs>_<isa>
  Isa isa;
  Datatype datatype;
  std::string_view instruction;  // what is counted
  std::size_t macs;              // of one round
  PeakFn* run;
  // All registers in use: as fast as another loop of these instructions, unless a core's other
  // hyperthread leaves few to rename to. It tells how free the core is.
  bool crowded = false;
};

// Of this architecture, those that the host lacks included.
std::span<const PeakLoop> peak_loops() noexcept;

}  // namespace tern::kernels
