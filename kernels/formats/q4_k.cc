// SPDX-License-Identifier: Apache-2.0
//
// GGUF type 12, Q4_K: 256 weights in 144 bytes. Two binary16 scales d and m; 12 bytes of 6-bit
// scales s and offsets o of the eight groups of 32; 128 bytes of 4-bit q, byte j of a run of 32
// holding weight j of a group in its low nibble and weight j of the next group in its high one:
// w = (d * s) * q - m * o.
// The 12 bytes: 0..3 are s of groups 0..3 with, in the top bits, bits 5:4 of s of groups 4..7; 4..7
// the same of o; 8..11 bits 3:0 of s and, in the high nibble, of o, of groups 4..7.

#include <algorithm>
#include <array>
#include <limits>

#include "kernels/formats/dense_layouts.h"

namespace tern::kernels::q4_k {
namespace {

constexpr std::size_t kGroup = 32, kGroups = kBlock / kGroup;
constexpr float kMostQ = 15, kMostScale = 63;

struct Scales {
  std::array<std::uint8_t, kGroups> s, o;
};

Scales read_scales(const std::uint8_t* in) noexcept {
  Scales x;
  for (std::size_t g = 0; g < 4; ++g) {
    x.s[g] = in[g] & 63;
    x.o[g] = in[4 + g] & 63;
    x.s[4 + g] = static_cast<std::uint8_t>((in[8 + g] & 15) | (in[g] >> 6) << 4);
    x.o[4 + g] = static_cast<std::uint8_t>(in[8 + g] >> 4 | (in[4 + g] >> 6) << 4);
  }
  return x;
}

void write_scales(const Scales& x, std::uint8_t* out) noexcept {
  for (std::size_t g = 0; g < 4; ++g) {
    out[g] = static_cast<std::uint8_t>(x.s[g] | (x.s[4 + g] >> 4) << 6);
    out[4 + g] = static_cast<std::uint8_t>(x.o[g] | (x.o[4 + g] >> 4) << 6);
    out[8 + g] = static_cast<std::uint8_t>((x.s[4 + g] & 15) | (x.o[4 + g] & 15) << 4);
  }
}

// w = scale * q - offset with the nearest q: the squared error.
float assign(const float* w, float scale, float offset, float* q) noexcept {
  const float inverse = scale > 0 ? 1 / scale : 0.0f;
  for (std::size_t i = 0; i < kGroup; ++i)
    q[i] = nearest(std::clamp((w[i] + offset) * inverse, 0.0f, kMostQ));
  return sum_by_eights<kGroup>([&](std::size_t i) {
    const float off = scale * q[i] - offset - w[i];
    return off * off;
  });
}

struct Fit {
  float scale = 0, offset = 0;
};

// The least squares scale and offset >= 0 for given q.
Fit fit(const float* w, const float* q) noexcept {
  const float sum_q = sum_by_eights<kGroup>([&](std::size_t i) { return q[i]; });
  const float sum_qq = sum_by_eights<kGroup>([&](std::size_t i) { return q[i] * q[i]; });
  const float sum_w = sum_by_eights<kGroup>([&](std::size_t i) { return w[i]; });
  const float sum_wq = sum_by_eights<kGroup>([&](std::size_t i) { return w[i] * q[i]; });
  const float n = kGroup, det = n * sum_qq - sum_q * sum_q;
  if (det <= 0) return {};
  const Fit free{(n * sum_wq - sum_q * sum_w) / det, (sum_q * sum_wq - sum_qq * sum_w) / det};
  return free.offset >= 0 ? free : Fit{sum_wq / sum_qq, 0};
}

// Steps a little narrower and wider than the range asks for, each once refitted.
Fit search(const float* w) noexcept {
  const auto [low, high] = std::minmax_element(w, w + kGroup);
  const float offset = std::max(-*low, 0.0f), range = *high + offset;
  std::array<float, kGroup> q;
  Fit best;
  float least = std::numeric_limits<float>::infinity();
  const auto consider = [&](const Fit& f) {
    if (!(f.scale >= 0)) return;
    if (const float error = assign(w, f.scale, f.offset, q.data()); error < least) {
      least = error;
      best = f;
    }
  };
  if (!(range > 0)) return {0, offset};
  for (int step = -4; step <= 4; ++step) {
    consider({range / (kMostQ + 0.2f * static_cast<float>(step)), offset});
    consider(fit(w, q.data()));  // of the q that those steps gave
  }
  return best;
}

// The neighbours of rounded scales: the best pair on the grid that the block offers.
void refine(const float* w, float d, float m, std::uint8_t& s, std::uint8_t& o) noexcept {
  std::array<float, kGroup> q;
  float least = std::numeric_limits<float>::infinity();
  const int s0 = s, o0 = o, most = static_cast<int>(kMostScale);
  for (int i = std::max(s0 - 1, 0); i <= std::min(s0 + 1, most); ++i)
    for (int j = std::max(o0 - 1, 0); j <= std::min(o0 + 1, most); ++j) {
      const float error = assign(w, d * static_cast<float>(i), m * static_cast<float>(j), q.data());
      if (error >= least) continue;
      least = error;
      s = static_cast<std::uint8_t>(i);
      o = static_cast<std::uint8_t>(j);
    }
}

std::uint8_t on_grid(float value, float unit) noexcept {
  return static_cast<std::uint8_t>(
      unit > 0 ? std::clamp(nearest(std::min(value / unit, kMostScale)), 0.0f, kMostScale) : 0.0f);
}

void pack_block(const float* w, std::uint8_t* out) noexcept {
  std::memset(out, 0, kBlockBytes);
  std::array<Fit, kGroups> fits;
  Fit most;
  for (std::size_t g = 0; g < kGroups; ++g) {
    fits[g] = search(w + g * kGroup);
    most.scale = std::max(most.scale, fits[g].scale);
    most.offset = std::max(most.offset, fits[g].offset);
  }
  const float d = write_f16(most.scale / kMostScale, out);
  const float m = write_f16(most.offset / kMostScale, out + 2);
  if (!std::isfinite(d) || !std::isfinite(m)) return;
  Scales x;
  for (std::size_t g = 0; g < kGroups; ++g) {
    const float* group = w + g * kGroup;
    x.s[g] = on_grid(fits[g].scale, d);
    x.o[g] = on_grid(fits[g].offset, m);
    refine(group, d, m, x.s[g], x.o[g]);
    std::array<float, kGroup> q;
    assign(group, d * static_cast<float>(x.s[g]), m * static_cast<float>(x.o[g]), q.data());
    std::uint8_t* nibbles = out + 16 + g / 2 * kGroup;
    for (std::size_t i = 0; i < kGroup; ++i)
      nibbles[i] = static_cast<std::uint8_t>(nibbles[i] | static_cast<unsigned>(q[i])
                                                              << (g % 2 == 0 ? 0 : 4));
  }
  write_scales(x, out + 4);
}

}  // namespace

void unpack(const std::uint8_t* in, std::size_t n, float* out) noexcept {
  for (std::size_t b = 0; b < n; b += kBlock, in += kBlockBytes) {
    const float d = read_f16(in), m = read_f16(in + 2);
    const Scales x = read_scales(in + 4);
    for (std::size_t g = 0; g < kGroups; g += 2, out += 2 * kGroup) {
      const float low = d * static_cast<float>(x.s[g]), below = m * static_cast<float>(x.o[g]);
      const float high = d * static_cast<float>(x.s[g + 1]);
      const float below_high = m * static_cast<float>(x.o[g + 1]);
      const std::uint8_t* nibbles = in + 16 + g / 2 * kGroup;
      for (std::size_t i = 0; i < kGroup; ++i) {
        out[i] = low * static_cast<float>(nibbles[i] & 15) - below;
        out[kGroup + i] = high * static_cast<float>(nibbles[i] >> 4) - below_high;
      }
    }
  }
}

void pack(const float* in, std::size_t n, std::uint8_t* out) noexcept {
  for (std::size_t b = 0; b < n; b += kBlock, in += kBlock, out += kBlockBytes) pack_block(in, out);
}

bool sound(const std::uint8_t* in, std::size_t n) noexcept {
  bool finite = true;
  for (std::size_t b = 0; b < n; b += kBlock, in += kBlockBytes)
    finite &= finite_f16(in) && finite_f16(in + 2);
  return finite;
}

}  // namespace tern::kernels::q4_k
