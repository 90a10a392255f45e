// SPDX-License-Identifier: Apache-2.0

#include "kernels/attention/attention.h"

#include <array>

#include "kernels/attention/attention_isa.h"

namespace tern::kernels {
namespace {

constexpr std::array kTable = {
#if defined(__x86_64__)
    AttentionKernel{"attention_avx512bw", Isa::kAvx512Bw, &attention_avx512bw},
    AttentionKernel{"attention_avx2", Isa::kAvx2, &attention_avx2},
#elif defined(__aarch64__)
    AttentionKernel{"attention_neon", Isa::kNeon, &attention_neon},
#endif
    AttentionKernel{"attention_scalar", Isa::kScalar, &attention_scalar},
};

}  // namespace

std::string_view kv_format_name(KvFormat format) noexcept {
  constexpr std::string_view kNames[] = {"f32", "f16", "i8"};
  return kNames[static_cast<std::size_t>(format)];
}

std::span<const AttentionKernel> attention_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
