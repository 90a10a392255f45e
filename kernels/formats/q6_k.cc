// SPDX-License-Identifier: Apache-2.0
//
// GGUF type 14, Q6_K: 256 weights in 210 bytes: 128 bytes of low nibbles, 64 bytes of upper pairs
// of bits, 16 int8 scales s of groups of 16, a binary16 scale d: w = (d * s) * (q - 32). In each
// half of 128 weights, four runs of 32: byte j of the run's nibbles (runs 0 and 2 share 32 bytes,
// runs 1 and 3 the next 32; the later run has the high nibble) and bits 2r+1:2r of byte j for run
// r.

#include <algorithm>
#include <array>
#include <limits>

#include "kernels/formats/dense_layouts.h"

namespace tern::kernels::q6_k {
namespace {

constexpr std::size_t kGroup = 16, kGroups = kBlock / kGroup, kHalf = 128, kRun = 32;
constexpr std::size_t kUpper = 128, kScales = 192, kScale = 208;  // offsets in bytes
constexpr float kLowest = -32, kHighest = 31;

// w = scale * q with the nearest q: the squared error.
float assign(const float* w, float scale, float* q) noexcept {
  const float inverse = scale != 0 ? 1 / scale : 0.0f;
  for (std::size_t i = 0; i < kGroup; ++i)
    q[i] = nearest(std::clamp(w[i] * inverse, kLowest, kHighest));
  return sum_by_eights<kGroup>([&](std::size_t i) {
    const float off = scale * q[i] - w[i];
    return off * off;
  });
}

// Steps around the one that takes the largest weight to -32, each once refitted by least squares.
float search(const float* w) noexcept {
  float most = 0;
  for (std::size_t i = 0; i < kGroup; ++i)
    if (std::fabs(w[i]) > std::fabs(most)) most = w[i];
  if (most == 0) return 0;
  std::array<float, kGroup> q;
  float best = 0, least = std::numeric_limits<float>::infinity();
  const auto consider = [&](float scale) {
    const float error = assign(w, scale, q.data());
    if (error < least) {
      least = error;
      best = scale;
    }
  };
  for (int step = -4; step <= 4; ++step) {
    consider(most / (kLowest - 0.25f * static_cast<float>(step)));
    const float wq = sum_by_eights<kGroup>([&](std::size_t i) { return w[i] * q[i]; });
    const float qq = sum_by_eights<kGroup>([&](std::size_t i) { return q[i] * q[i]; });
    if (qq > 0) consider(wq / qq);
  }
  return best;
}

void pack_block(const float* w, std::uint8_t* out) noexcept {
  std::memset(out, 0, kBlockBytes);
  std::array<float, kGroups> scales;
  float most = 0;
  for (std::size_t g = 0; g < kGroups; ++g) {
    scales[g] = search(w + g * kGroup);
    if (std::fabs(scales[g]) > std::fabs(most)) most = scales[g];
  }
  const float d = write_f16(most / -128.0f, out + kScale);
  if (!std::isfinite(d)) return;
  for (std::size_t g = 0; g < kGroups; ++g) {
    const float* group = w + g * kGroup;
    const int near =
        d != 0 ? static_cast<int>(nearest(std::clamp(scales[g] / d, -128.0f, 127.0f))) : 0;
    std::array<float, kGroup> q;
    float least = std::numeric_limits<float>::infinity();
    int best = 0;
    for (int s = std::max(near - 1, -128); s <= std::min(near + 1, 127); ++s)
      if (const float error = assign(group, d * static_cast<float>(s), q.data()); error < least) {
        least = error;
        best = s;
      }
    assign(group, d * static_cast<float>(best), q.data());
    out[kScales + g] = static_cast<std::uint8_t>(best);
    for (std::size_t i = 0; i < kGroup; ++i) {
      const auto code = static_cast<unsigned>(q[i] - kLowest);
      const std::size_t at = g * kGroup + i, half = at / kHalf, run = at % kHalf / kRun;
      std::uint8_t& nibbles = out[half * 64 + run % 2 * kRun + at % kRun];
      std::uint8_t& upper = out[kUpper + half * kRun + at % kRun];
      nibbles = static_cast<std::uint8_t>(nibbles | (code & 15) << (run < 2 ? 0 : 4));
      upper = static_cast<std::uint8_t>(upper | code >> 4 << (2 * run));
    }
  }
}

}  // namespace

void unpack(const std::uint8_t* in, std::size_t n, float* out) noexcept {
  for (std::size_t b = 0; b < n; b += kBlock, in += kBlockBytes) {
    const float d = read_f16(in + kScale);
    for (std::size_t half = 0; half < 2; ++half, out += kHalf) {
      const std::uint8_t* nibbles = in + half * 64;
      const std::uint8_t* upper = in + kUpper + half * kRun;
      for (std::size_t group = 0; group < kRun / kGroup; ++group) {
        float scale[4];
        for (std::size_t r = 0; r < 4; ++r)
          scale[r] = d * static_cast<float>(
                             static_cast<std::int8_t>(in[kScales + half * 8 + 2 * r + group]));
        for (std::size_t i = group * kGroup; i < (group + 1) * kGroup; ++i) {
          const int a = nibbles[i], c = nibbles[kRun + i], u = upper[i];
          out[i] = scale[0] * static_cast<float>(((a & 15) | (u & 3) << 4) - 32);
          out[kRun + i] = scale[1] * static_cast<float>(((c & 15) | (u >> 2 & 3) << 4) - 32);
          out[2 * kRun + i] = scale[2] * static_cast<float>((a >> 4 | (u >> 4 & 3) << 4) - 32);
          out[3 * kRun + i] = scale[3] * static_cast<float>((c >> 4 | (u >> 6) << 4) - 32);
        }
      }
    }
  }
}

void pack(const float* in, std::size_t n, std::uint8_t* out) noexcept {
  for (std::size_t b = 0; b < n; b += kBlock, in += kBlock, out += kBlockBytes) pack_block(in, out);
}

bool sound(const std::uint8_t* in, std::size_t n) noexcept {
  bool finite = true;
  for (std::size_t b = 0; b < n; b += kBlock, in += kBlockBytes) finite &= finite_f16(in + kScale);
  return finite;
}

}  // namespace tern::kernels::q6_k
