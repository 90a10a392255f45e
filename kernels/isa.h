// SPDX-License-Identifier: Apache-2.0
//
// Instruction sets the kernels are written for, what this host has, and which one is used.

#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tern::kernels {

enum class Isa : std::uint8_t {
  kScalar,      // any CPU
  kAvx2,        // AVX2, FMA, F16C
  kAvx512Vnni,  // AVX-512 F, BW, DQ, VL and VNNI
};

std::span<const Isa> all_isas() noexcept;     // fastest first
std::string_view isa_name(Isa isa) noexcept;  // "scalar", "avx2", "avx512vnni"
bool host_has(Isa isa) noexcept;

// The ISA every family dispatches to: TERN_ISA=<name> where set, else the fastest the host has.
// Throws std::runtime_error when TERN_ISA names no ISA or one that this host lacks.
Isa selected_isa();

// Tells the core that a loop waits for another one.
void spin_pause() noexcept;

// One row of a kernel family's table. `name` is <op>_<format>_<isa>, also the name of its file.
template <typename Fn>
struct Kernel {
  std::string_view name;
  Isa isa;
  Fn* run;
};

// The row for `isa`. Every family has a row per ISA.
template <typename Fn>
const Kernel<Fn>& kernel_for(std::span<const Kernel<Fn>> table, Isa isa) noexcept {
  for (const Kernel<Fn>& kernel : table)
    if (kernel.isa == isa) return kernel;
  return table.back();
}

}  // namespace tern::kernels
