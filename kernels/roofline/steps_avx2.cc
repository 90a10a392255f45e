// SPDX-License-Identifier: Apache-2.0
//
// AVX2: vpmaddubsw and vpaddw.

#include "kernels/roofline/peak_loops.h"
#include "kernels/ternary/panels_avx2.h"

#define TERN_TARGET TERN_TARGET_AVX2

namespace tern::kernels {

namespace {

struct Ops : Avx2Ops {
  static constexpr std::size_t kTokens = 6;

  // As text: else gcc 12 sums products in trees.
  TERN_TARGET static Vec mac(Vec acc, Vec codes, Vec x) {
    asm("vpaddw %1, %0, %0" : "+x"(acc) : "x"(_mm256_maddubs_epi16(codes, x)));
    return acc;
  }
  TERN_TARGET static void opaque(Vec& value) { asm volatile("" : "+x"(value)); }
};

#include "kernels/roofline/steps_vpmaddubsw.h"

constexpr std::array kTable = {
    PeakLoop{"step_int8_vpaddw_avx2", Isa::kAvx2, Datatype::kInt8, "vpmaddubsw ymm + vpaddw", kMacs,
             registers},
    PeakLoop{"step_int8_tokens_avx2", Isa::kAvx2, Datatype::kInt8,
             "vpmaddubsw ymm + vpaddw, 6 tokens by codes of L1", kMacs, first_level},
};

}  // namespace

PeakLoops step_loops_avx2() noexcept { return kTable; }

}  // namespace tern::kernels
