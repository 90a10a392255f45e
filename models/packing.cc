// SPDX-License-Identifier: Apache-2.0

#include "models/packing.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "kernels/check.h"
#include "kernels/format.h"
#include "kernels/quantize.h"

namespace tern::models {
namespace {

constexpr std::size_t kBlock = 256;  // QK_K

// Element m + 32 n of each half block of 128: bits 2n+1:2n of byte m, code = weight + 1.
// False for code 3.
bool decode_tq2(const std::byte* block, std::int8_t* trits) {
  bool legal = true;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const std::size_t half = i / 128, n = i % 128 / 32, m = i % 32;
    const unsigned code = (std::to_integer<unsigned>(block[32 * half + m]) >> (2 * n)) & 3;
    legal = legal && code != 3;
    trits[i] = static_cast<std::int8_t>(static_cast<int>(code) - 1);
  }
  return legal;
}

// Five base-3 digits in a byte as a fraction of 256: multiplying by 3 brings the next digit above
// the byte's top. Any byte decodes.
std::int8_t tq1_digit(std::byte byte, unsigned n) {
  unsigned q = std::to_integer<unsigned>(byte);
  for (unsigned i = 0; i < n; ++i) q = (q * 3) & 0xFF;
  return static_cast<std::int8_t>(static_cast<int>((q * 3) >> 8) - 1);
}

void decode_tq1(const std::byte* block, std::int8_t* trits) {
  for (std::size_t i = 0; i < 160; ++i)
    trits[i] = tq1_digit(block[i % 32], static_cast<unsigned>(i / 32));
  for (std::size_t i = 0; i < 80; ++i)
    trits[160 + i] = tq1_digit(block[32 + i % 16], static_cast<unsigned>(i / 16));
  for (std::size_t i = 0; i < 16; ++i)
    trits[240 + i] = tq1_digit(block[48 + i % 4], static_cast<unsigned>(i / 4));
}

}  // namespace

PackedTernary pack_ternary(const std::vector<float>& w, std::size_t rows, std::size_t cols,
                           const std::string& name) {
  TERN_CHECK(w.size() == rows * cols, "master weights of another shape");
  for (const float v : w)
    if (!std::isfinite(v)) throw std::runtime_error(name + ": a weight is not finite");
  PackedTernary packed;
  packed.gamma = kernels::absmean(w.data(), w.size());
  if (!std::isfinite(packed.gamma)) throw std::runtime_error(name + ": the scale is not finite");
  packed.t2.resize(rows * kernels::t2_row_bytes(cols));
  std::vector<std::int8_t> trits(cols);
  for (std::size_t r = 0; r < rows; ++r) {
    kernels::ternarize(w.data() + r * cols, cols, packed.gamma, trits.data());
    kernels::pack_t2(trits.data(), cols, packed.t2.data() + r * kernels::t2_row_bytes(cols));
  }
  return packed;
}

std::vector<kernels::f16> pack_f16(const std::vector<float>& w, const std::string& name) {
  std::vector<kernels::f16> packed(w.size());
  kernels::f32_to_f16(w.data(), w.size(), packed.data());
  for (std::size_t i = 0; i < w.size(); ++i)
    if ((packed[i] & 0x7C00) == 0x7C00)
      throw std::runtime_error(name + ": weight " + std::to_string(w[i]) +
                               " has no finite binary16 value");
  return packed;
}

PackedTernary repack_tq(TensorType type, std::span<const std::byte> data, std::size_t rows,
                        std::size_t cols) {
  const std::size_t block_bytes = tensor_bytes(type, kBlock, kBlock);
  TERN_CHECK(type == TensorType::kTq1 || type == TensorType::kTq2, "no TQ tensor");
  TERN_CHECK(cols % kBlock == 0 && data.size() == rows * cols / kBlock * block_bytes,
             "TQ data of another shape");
  PackedTernary packed;
  packed.t2.resize(rows * kernels::t2_row_bytes(cols));
  std::vector<std::int8_t> trits(cols);
  const std::byte* block = data.data();
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t k = 0; k < cols; k += kBlock, block += block_bytes) {
      kernels::f16 bits;
      std::memcpy(&bits, block + block_bytes - sizeof bits, sizeof bits);
      const float scale = kernels::f16_to_f32(bits);
      const std::string at = "row " + std::to_string(r) + ", column " + std::to_string(k);
      if (!std::isfinite(scale) || scale < 0)
        throw std::runtime_error("the block scale at " + at + " is " + std::to_string(scale));
      std::int8_t* t = trits.data() + k;
      if (type == TensorType::kTq1)
        decode_tq1(block, t);
      else if (!decode_tq2(block, t))
        throw std::runtime_error("illegal code 3 in the block at " + at);
      if (scale == 0) {
        std::fill(t, t + kBlock, std::int8_t{0});
        continue;
      }
      if (packed.gamma != 0 && scale != packed.gamma)
        throw std::runtime_error("the block scale at " + at + " is " + std::to_string(scale) +
                                 ", an earlier one is " + std::to_string(packed.gamma) +
                                 "; one scale per tensor is supported");
      packed.gamma = scale;
    }
    kernels::pack_t2(trits.data(), cols, packed.t2.data() + r * kernels::t2_row_bytes(cols));
  }
  if (packed.gamma == 0) packed.gamma = kernels::kScaleFloor;
  return packed;
}

}  // namespace tern::models
