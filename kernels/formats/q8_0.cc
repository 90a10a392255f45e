// SPDX-License-Identifier: Apache-2.0
//
// GGUF type 8, Q8_0: 32 weights in 34 bytes. A binary16 scale d, then 32 int8 q: w = d * q.

#include <algorithm>

#include "kernels/formats/dense_layouts.h"

namespace tern::kernels::q8_0 {

void unpack(const std::uint8_t* in, std::size_t n, float* out) noexcept {
  for (std::size_t b = 0; b < n; b += kBlock, in += kBlockBytes, out += kBlock) {
    const float d = read_f16(in);
    for (std::size_t i = 0; i < kBlock; ++i)
      out[i] = d * static_cast<float>(static_cast<std::int8_t>(in[2 + i]));
  }
}

// As llama.cpp's reference quantiser: d = max |w| / 127, and w / d to the nearest integer, halves
// away from zero, before d is rounded to binary16.
void pack(const float* in, std::size_t n, std::uint8_t* out) noexcept {
  for (std::size_t b = 0; b < n; b += kBlock, in += kBlock, out += kBlockBytes) {
    float most = 0;
    for (std::size_t i = 0; i < kBlock; ++i) most = std::max(most, std::fabs(in[i]));
    const float d = most / 127.0f, inverse = d != 0 ? 1 / d : 0.0f;
    const bool usable = std::isfinite(write_f16(d, out)) && std::isfinite(inverse);
    for (std::size_t i = 0; i < kBlock; ++i) {
      const float q = usable ? std::clamp(std::round(in[i] * inverse), -127.0f, 127.0f) : 0.0f;
      out[2 + i] = static_cast<std::uint8_t>(static_cast<std::int8_t>(q));
    }
  }
}

bool sound(const std::uint8_t* in, std::size_t n) noexcept {
  bool finite = true;
  for (std::size_t b = 0; b < n; b += kBlock, in += kBlockBytes) finite &= finite_f16(in);
  return finite;
}

}  // namespace tern::kernels::q8_0
