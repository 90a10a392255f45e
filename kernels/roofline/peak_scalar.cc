// SPDX-License-Identifier: Apache-2.0
//
// Any CPU: one multiply at a time, and 16-byte vectors as every 64-bit CPU has them, which the
// compiler uses for plain C++ (GNU vector extension: no intrinsics, no ISA asked for).

#include "kernels/roofline/peak_loops.h"

namespace tern::kernels {

namespace {

constexpr std::size_t kChains = 8;

using Words = std::int16_t __attribute__((vector_size(16)));
using Floats = float __attribute__((vector_size(16)));

// What the compiler knows of a value ends here: it would replace loops by products. V is the
// constraint for a vector register.
#if defined(__aarch64__)
#define TERN_V "+w"
#else
#define TERN_V "+x"
#endif
#define TERN_OPAQUE(constraint, value) asm volatile("" : constraint(value))

template <typename Sum>
std::uint64_t integers(std::size_t rounds) noexcept {
  std::int32_t a = 1, b = 1;
  Sum sums[kChains] = {};
  TERN_OPAQUE("+r", b);
  for (; rounds != 0; --rounds)
#pragma GCC unroll 8
    for (Sum& sum : sums) {
      TERN_OPAQUE("+r", a);
      sum += a * b;
      TERN_OPAQUE("+r", sum);
    }
  return sum_of_lanes<Sum>(sums);
}

// Lanes wrap beyond 2^15 rounds.
template <typename Vector, typename Lane>
std::uint64_t vectors(std::size_t rounds) noexcept {
  Vector a = Vector{} + Lane{1}, b = a, sums[kChains] = {};
  TERN_OPAQUE(TERN_V, b);
  for (; rounds != 0; --rounds)
#pragma GCC unroll 8
    for (Vector& sum : sums) {
      TERN_OPAQUE(TERN_V, a);
      sum += a * b;
      TERN_OPAQUE(TERN_V, sum);
    }
  return sum_of_lanes<Lane>(sums);
}

constexpr std::array kTable = {
    PeakLoop{"peak_int8_vector_scalar", Isa::kScalar, Datatype::kInt8,
             "16-byte multiply + add of int16", kChains * 8, vectors<Words, std::int16_t>},
    PeakLoop{"peak_int8_single_scalar", Isa::kScalar, Datatype::kInt8, "multiply + add of int32",
             kChains, integers<std::int32_t>},
    PeakLoop{"peak_fp32_vector_scalar", Isa::kScalar, Datatype::kFp32,
             "16-byte multiply + add of float32", kChains * 4, vectors<Floats, float>},
};

}  // namespace

PeakLoops peak_loops_scalar() noexcept { return kTable; }

}  // namespace tern::kernels
