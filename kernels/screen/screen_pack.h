// SPDX-License-Identifier: Apache-2.0
//
// Packing, in vector types of the compiler. No include guard: screen_<isa>.cc include this inside
// their unnamed namespaces, after they have defined TERN_TARGET.

constexpr std::size_t kLanes = 16;
using Floats [[gnu::vector_size(4 * kLanes)]] = float;
using Ints [[gnu::vector_size(4 * kLanes)]] = std::int32_t;

#define TERN_INLINE [[gnu::always_inline]] static inline

TERN_INLINE float sum_of(const Floats& v) {
  float sum = 0;
  for (std::size_t i = 0; i < kLanes; ++i) sum += v[i];
  return sum;
}

TERN_INLINE void load(Floats& v, const float* p) { std::memcpy(&v, p, sizeof v); }

// To nearest even, for |v| < 2^22.
TERN_INLINE void round_clamp(Floats& v, float low, float high) {
  v = v < low ? Floats{} + low : v;
  v = v > high ? Floats{} + high : v;
  constexpr float kRounder = 12582912.0f;
  v = (v + kRounder) - kRounder;
}

// d of the group: its extreme weight has the code -8, and the code 7 is at most half a step from
// the extreme of the other sign, so that the second plane reaches all.
TERN_INLINE float step_of(const float* w) {
  float high = w[0], low = w[0];
  for (std::size_t i = 1; i < kScreenGroup; ++i) {
    high = w[i] > high ? w[i] : high;
    low = w[i] < low ? w[i] : low;
  }
  const float larger = std::max(high, -low), smaller = std::min(high, -low);
  const float step = std::max(larger * 0.125f, smaller * (1 / 7.5f));
  return high > -low ? -step : step;
}

// Codes of a group, two to a byte as screen.h says: its halves lie `step` apart.
TERN_INLINE void put_codes(const Floats& codes, std::uint8_t* to, std::size_t step) {
  const Ints whole = __builtin_convertvector(codes, Ints) + 8;
  std::uint8_t bytes[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) bytes[i] = static_cast<std::uint8_t>(whole[i]);
  for (std::size_t i = 0; i < 2; ++i, to += step)
    for (std::size_t j = 0; j < 4; ++j)
      to[j] = static_cast<std::uint8_t>(bytes[8 * i + j] | bytes[8 * i + 4 + j] << 4);
}

TERN_INLINE void put_fine_codes(const Floats& codes, std::uint8_t* to) {
  const Ints whole = __builtin_convertvector(codes, Ints);
  for (std::size_t j = 0; j < 4; ++j)
    to[j] = static_cast<std::uint8_t>(whole[j] | whole[4 + j] << 2 | whole[8 + j] << 4 |
                                      whole[12 + j] << 6);
}

// The norm of what `squares` sums up, rounded up: 2^-14 for its roundings, `w` times 2^-21 for
// those of differences, and what elements have whose squares underflow.
TERN_INLINE float norm_of(const Floats& squares, float w) {
  return std::sqrt(sum_of(squares)) * (1 + 0x1p-14f) + w * 0x1p-21f + 3e-17f;
}

TERN_TARGET void pack(const ScreenLayout& layout, const float* w, std::size_t rows,
                      std::uint8_t* coarse, std::uint8_t* fine) noexcept {
  const std::size_t groups = layout.groups();
  std::memset(coarse, 0, layout.panel_bytes());
  std::memset(fine, 0, rows * layout.fine_row_bytes());
  auto* norms = reinterpret_cast<float*>(coarse + layout.norms_at());
  thread_local Scratch scratch;
  float* steps = scratch.room<float>(groups);
  for (std::size_t r = 0; r < rows; ++r, w += layout.cols, fine += layout.fine_row_bytes()) {
    float most = 0;
    for (std::size_t g = 0; g < groups; ++g) {
      steps[g] = step_of(w + g * kScreenGroup);
      most = std::max(most, std::fabs(steps[g]));
    }
    const float unit = most / 127.0f, to_codes = most > 1e-30f ? 127.0f / most : 0.0f;
    Floats weights{}, errors{}, finer{};
    for (std::size_t g = 0; g < groups; ++g) {
      const float c = std::nearbyint(steps[g] * to_codes);
      const float d = c * unit, inverse = c != 0 ? 1.0f / d : 0.0f;
      Floats v;
      load(v, w + g * kScreenGroup);
      Floats code = v * inverse;
      round_clamp(code, -8, 7);
      const Floats e = v - code * d;
      // |e| is half a step at most.
      Floats second = e * (inverse * 4) + 1.5f;
      round_clamp(second, 0, 3);
      const Floats e2 = e - (second * 2.0f - 3.0f) * (d * 0.125f);
      weights += v * v;
      errors += e * e;
      finer += e2 * e2;
      put_codes(code, coarse + g * kScreenGroupBytes + 4 * r, 64);
      put_fine_codes(second, fine + g * 4);
      const auto byte = static_cast<std::uint8_t>(static_cast<std::int8_t>(c));
      coarse[g * kScreenGroupBytes + 128 + r] = byte;
      fine[groups * 4 + g] = byte;
    }
    const float size = norm_of(weights, 0);
    const float own[3] = {unit, size, norm_of(finer, size)};
    std::memcpy(fine + layout.fine_norms_at(), own, sizeof own);
    norms[r] = unit;
    norms[kScreenRows + r] = size;
    norms[2 * kScreenRows + r] = norm_of(errors, size);
  }
}

constexpr float kUnderflow = 1e-30f;
