// SPDX-License-Identifier: Apache-2.0
//
// Instruction sets the kernels are written for, what this host has, and which one is used.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tern::kernels {

enum class Isa : std::uint8_t {
  kScalar,      // any CPU
  kAvx2,        // AVX2, FMA, F16C
  kAvxVnni,     // + VNNI in VEX encoding
  kAvx512Bw,    // AVX2 + AVX-512 F, BW, DQ, VL
  kAvx512Vnni,  // + VNNI
  kAvx512Vbmi,  // + VBMI
  kAvx512Bf16,  // + BF16
  kAvx512Fp16,  // + FP16
  kAmx,         // + AMX-TILE, AMX-INT8, AMX-BF16, for which the kernel gave this process leave
  kNeon,        // AArch64
  kNeonDot,     // + FEAT_DotProd
  kNeonI8mm,    // + FEAT_I8MM
};

std::span<const Isa> all_isas() noexcept;     // of this architecture, fastest first
std::string_view isa_name(Isa isa) noexcept;  // "scalar", "avx2", "avx512vnni", ...
bool host_has(Isa isa) noexcept;

// Whether code for `part` may run where `isa` was asked for: each ISA contains those it was built
// upon, and itself.
bool contains(Isa isa, Isa part) noexcept;

// The ISA every family dispatches to: TERN_ISA=<name> where set, else the fastest the host has.
// Throws std::runtime_error when TERN_ISA names no ISA or one that this host lacks.
Isa selected_isa();

// Throws std::runtime_error when TERN_ISA or TERN_PREFETCH (prefetch.h) says what cannot be: a
// program calls it first.
void check_environment();

// Tells the core that a loop waits for another one.
void spin_pause() noexcept;

// One row of a kernel family's table. `name` is <op>_<format>_<isa>, also the name of its file.
// A name that ends in "_standin" is the kernel of an ISA over plain C++ versions of its
// instructions: for tests on hosts that lack the ISA, never chosen. Stand-ins come last.
template <typename Fn>
struct Kernel {
  std::string_view name;
  Isa isa;
  Fn* run;
  std::size_t own_from = 1;  // tokens; fewer are handed to another row of the table
};

// The fastest row that `isa` contains and, beyond `isa` itself, the host has. Every table has a
// scalar row.
template <typename Fn>
const Kernel<Fn>& kernel_for(std::span<const Kernel<Fn>> table, Isa isa) noexcept {
  const Kernel<Fn>* scalar = nullptr;
  for (const Kernel<Fn>& kernel : table) {
    if (kernel.isa == Isa::kScalar) {
      scalar = &kernel;
      break;
    }
    if (kernel.isa == isa || (contains(isa, kernel.isa) && host_has(kernel.isa))) return kernel;
  }
  return *scalar;
}

}  // namespace tern::kernels
