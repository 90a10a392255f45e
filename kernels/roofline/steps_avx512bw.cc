// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 BW: vpmaddubsw and vpaddw.

#include "kernels/roofline/peak_loops.h"
#include "kernels/ternary/panels_avx512.h"

#define TERN_TARGET TERN_TARGET_AVX512BW

namespace tern::kernels {

namespace {

struct Ops : Avx512Ops {
  static constexpr std::size_t kTokens = 8;

  // As text: else gcc 12 sums products in trees.
  TERN_TARGET static Vec mac(Vec acc, Vec codes, Vec x) {
    asm("vpaddw %1, %0, %0" : "+v"(acc) : "v"(_mm512_maddubs_epi16(codes, x)));
    return acc;
  }
  TERN_TARGET static void opaque(Vec& value) { asm volatile("" : "+v"(value)); }
};

#include "kernels/roofline/steps_vpmaddubsw.h"

constexpr std::array kTable = {
    PeakLoop{"step_int8_vpaddw_avx512bw", Isa::kAvx512Bw, Datatype::kInt8,
             "vpmaddubsw zmm + vpaddw", kMacs, registers},
    PeakLoop{"step_int8_tokens_avx512bw", Isa::kAvx512Bw, Datatype::kInt8,
             "vpmaddubsw zmm + vpaddw, 8 tokens by codes of L1", kMacs, first_level},
};

}  // namespace

PeakLoops step_loops_avx512bw() noexcept { return kTable; }

}  // namespace tern::kernels
