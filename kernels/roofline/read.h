// SPDX-License-Identifier: Apache-2.0
//
// Plain reads of memory: what a kernel that had nothing to compute would take. Which loop is the
// fastest depends on the machine and on where the data lies, so there is a table of them, and the
// limit is the best.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/isa.h"
#include "kernels/scratch.h"

namespace tern::kernels {

// Reads [data, data + bytes) `passes` times and returns the sum of its 64-bit words (mod 2^64),
// every pass counted. bytes is a multiple of kLineBytes; data needs no alignment.
using ReadFn = std::uint64_t(const std::uint8_t* data, std::size_t bytes,
                             std::size_t passes) noexcept;

// Names are read_<streams>[p]_<isa>: how many places a thread reads from in turn, with p that it
// prefetches ahead of each.
std::span<const Kernel<ReadFn>> read_loops() noexcept;

}  // namespace tern::kernels
