// SPDX-License-Identifier: Apache-2.0
//
// I2_S in both its layouts and t2, which is I2_S by rows of any length (formats.md 6.2).
// Source of the two block sizes: microsoft/BitNet, src/ggml-bitnet-mad.cpp (quantize_i2_s,
// QK_I2_S 128 on x86 and 64 on ARM).

#include <algorithm>

#include "kernels/check.h"
#include "kernels/format.h"
#include "kernels/formats/layouts.h"
#include "kernels/formats/two_bit.h"

namespace tern::kernels {
namespace {

constexpr std::size_t kT2Lanes = kT2BlockBytes;
constexpr std::size_t kArmLanes = 16;

template <std::size_t kLanes>
void pack_blocks(const std::int8_t* trits, std::size_t n, std::uint8_t* out) noexcept {
  bool trits_only = true;
  for (std::size_t i = 0; i < n; i += 4 * kLanes)
    trits_only = pack_two_bit<kLanes, false>(trits + i, out + i / 4) && trits_only;
  TERN_CHECK(trits_only, "a trit is -1, 0 or +1");
}

// n, or the index of the first illegal code.
template <std::size_t kLanes>
std::size_t unpack_blocks(const std::uint8_t* in, std::size_t n, std::int8_t* trits) noexcept {
  constexpr std::size_t kTested = 256;  // bytes tested as a whole, so that the test vectorises
  for (std::size_t start = 0; start < n; start += 4 * kTested) {
    const std::size_t end = std::min(n, start + 4 * kTested);
    const bool legal = end - start == 4 * kTested && legal_two_bit<kTested>(in + start / 4);
    for (std::size_t i = start; i < end; i += 4 * kLanes) {
      if (!legal && !legal_two_bit<kLanes>(in + i / 4))
        return i + find_illegal_two_bit<kLanes, false>(in + i / 4);
      unpack_two_bit<kLanes, false>(in + i / 4, trits + i);
    }
  }
  return n;
}

template <std::size_t kLanes>
FormatProblem unpack_i2s(const std::uint8_t* in, std::size_t rows, std::size_t cols,
                         std::size_t begin, std::size_t end, std::int8_t* trits,
                         float* scale) noexcept {
  if (const FormatProblem bad = read_scale(in + rows * cols / 4, scale)) return bad;
  const std::size_t n = (end - begin) * cols;
  const std::size_t stop = unpack_blocks<kLanes>(in + begin * cols / 4, n, trits);
  if (stop == n) return {};
  return {FormatProblem::Kind::kIllegalCode, begin * cols + stop};
}

}  // namespace

void pack_t2(const std::int8_t* trits, std::size_t cols, std::uint8_t* packed) noexcept {
  const std::size_t whole = cols / kT2BlockTrits * kT2BlockTrits;
  pack_blocks<kT2Lanes>(trits, whole, packed);
  if (whole == cols) return;
  std::int8_t last[kT2BlockTrits] = {};
  std::copy(trits + whole, trits + cols, last);
  pack_blocks<kT2Lanes>(last, kT2BlockTrits, packed + whole / 4);
}

std::size_t unpack_t2(const std::uint8_t* packed, std::size_t cols, std::int8_t* trits) noexcept {
  const std::size_t whole = cols / kT2BlockTrits * kT2BlockTrits;
  const std::size_t stop = unpack_blocks<kT2Lanes>(packed, whole, trits);
  if (stop != whole) return stop;
  for (std::size_t k = whole; k < cols; ++k) {
    const std::size_t j = k % kT2BlockTrits;
    const unsigned code =
        (packed[whole / 4 + j % kT2Lanes] >> two_bit_shift<false>(j / kT2Lanes)) & 3u;
    if (code == 3) return k;
    trits[k] = static_cast<std::int8_t>(static_cast<int>(code) - 1);
  }
  return cols;
}

std::size_t find_illegal_t2(const std::uint8_t* packed, std::size_t bytes) noexcept {
  constexpr std::size_t kStep = 1024;  // tested as a whole, so that the test vectorises
  for (std::size_t start = 0; start < bytes; start += kStep) {
    const std::size_t end = std::min(bytes, start + kStep);
    if (end - start == kStep && legal_two_bit<kStep>(packed + start)) continue;
    for (std::size_t i = start; i < end; ++i)
      if (illegal_two_bit(packed[i]) != 0) return i;
  }
  return bytes;
}

namespace i2_s {

std::size_t bytes(std::size_t rows, std::size_t cols) noexcept {
  return rows * cols / 4 + kScaleTail;
}

void pack(const std::int8_t* trits, std::size_t rows, std::size_t cols, float scale,
          std::uint8_t* out) noexcept {
  pack_blocks<kT2Lanes>(trits, rows * cols, out);
  write_scale(scale, out + rows * cols / 4);
}

FormatProblem unpack(const std::uint8_t* in, std::size_t rows, std::size_t cols, std::size_t begin,
                     std::size_t end, std::int8_t* trits, float* scale) noexcept {
  return unpack_i2s<kT2Lanes>(in, rows, cols, begin, end, trits, scale);
}

bool sound(const std::uint8_t* in, std::size_t rows, std::size_t cols, float* scale) noexcept {
  const std::size_t weights = rows * cols / 4;
  return !read_scale(in + weights, scale) && find_illegal_t2(in, weights) == weights;
}

}  // namespace i2_s

namespace i2_s_arm {

std::size_t bytes(std::size_t rows, std::size_t cols) noexcept { return i2_s::bytes(rows, cols); }

void pack(const std::int8_t* trits, std::size_t rows, std::size_t cols, float scale,
          std::uint8_t* out) noexcept {
  pack_blocks<kArmLanes>(trits, rows * cols, out);
  write_scale(scale, out + rows * cols / 4);
}

FormatProblem unpack(const std::uint8_t* in, std::size_t rows, std::size_t cols, std::size_t begin,
                     std::size_t end, std::int8_t* trits, float* scale) noexcept {
  return unpack_i2s<kArmLanes>(in, rows, cols, begin, end, trits, scale);
}

}  // namespace i2_s_arm

}  // namespace tern::kernels
