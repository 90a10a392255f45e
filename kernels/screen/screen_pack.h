// SPDX-License-Identifier: Apache-2.0
//
// Packing, in vector types of the compiler. No include guard: screen_<isa>.cc include this inside
// their unnamed namespaces, after they have defined TERN_TARGET.

constexpr std::size_t kLanes = kScreenLane;
using Floats [[gnu::vector_size(4 * kLanes)]] = float;
using Ints [[gnu::vector_size(4 * kLanes)]] = std::int32_t;
using Bytes [[gnu::vector_size(kLanes)]] = std::int8_t;

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

// d of the group: its extreme weight has the code -16, and the code 15 is at most half a step from
// the extreme of the other sign, so that the second plane reaches all.
TERN_INLINE float step_of(const float* w) {
  Floats first, second;
  load(first, w);
  load(second, w + kLanes);
  Floats high = first > second ? first : second, low = first < second ? first : second;
#define TERN_FOLD(...)                                                     \
  do {                                                                     \
    const Floats highs = __builtin_shufflevector(high, high, __VA_ARGS__); \
    const Floats lows = __builtin_shufflevector(low, low, __VA_ARGS__);    \
    high = highs > high ? highs : high;                                    \
    low = lows < low ? lows : low;                                         \
  } while (false)
  TERN_FOLD(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  TERN_FOLD(4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
  TERN_FOLD(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  TERN_FOLD(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
#undef TERN_FOLD
  const float most = high[0], least = -low[0];
  const float larger = most > least ? most : least, smaller = most > least ? least : most;
  const float by_larger = larger * 0.0625f, by_smaller = smaller * (1 / 15.5f);
  const float step = by_larger > by_smaller ? by_larger : by_smaller;
  return std::copysign(step, least - most);  // of random signs: no branch
}

// Whole numbers as bytes, four to a word, in the order of memory.
TERN_INLINE void bytes_of(const Floats& codes, std::uint32_t (&four)[4]) {
  const Ints whole = __builtin_convertvector(codes, Ints);
  const Bytes bytes = __builtin_convertvector(whole, Bytes);
  std::memcpy(four, &bytes, sizeof four);
}

// Codes of the first or second lane of a group, as screen.h says: `to` is the row's place in the
// group.
TERN_INLINE void put_codes(const Floats& codes, std::uint8_t* to, std::size_t lane) {
  constexpr std::uint32_t kNibbles = 0x0F0F0F0Fu, kFifths = 0x10101010u;
  std::uint32_t four[4], fifths;
  bytes_of(codes + 16.0f, four);
  std::memcpy(&fifths, to + kScreenFifthAt, sizeof fifths);
  for (std::size_t i = 0; i < 2; ++i) {
    const std::uint32_t low = four[2 * i], high = four[2 * i + 1];
    const std::uint32_t both = (low & kNibbles) | (high & kNibbles) << 4;
    std::memcpy(to + 64 * (2 * lane + i), &both, sizeof both);
    fifths |= ((low & kFifths) >> 4 | (high & kFifths) >> 3) << (4 * lane + 2 * i);
  }
  std::memcpy(to + kScreenFifthAt, &fifths, sizeof fifths);
}

TERN_INLINE void put_fine_codes(const Floats& codes, std::uint8_t* to) {
  std::uint32_t four[4];
  bytes_of(codes, four);
  const std::uint32_t all = four[0] | four[1] << 2 | four[2] << 4 | four[3] << 6;
  std::memcpy(to, &all, sizeof all);
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
      for (std::size_t lane = 0; lane < kScreenGroup / kLanes; ++lane) {
        Floats v;
        load(v, w + g * kScreenGroup + lane * kLanes);
        Floats code = v * inverse;
        round_clamp(code, -16, 15);
        const Floats e = v - code * d;
        // |e| is half a step at most.
        Floats second = e * (inverse * 4) + 1.5f;
        round_clamp(second, 0, 3);
        const Floats e2 = e - (second * 2.0f - 3.0f) * (d * 0.125f);
        weights += v * v;
        errors += e * e;
        finer += e2 * e2;
        put_codes(code, coarse + g * kScreenGroupBytes + 4 * r, lane);
        put_fine_codes(second, fine + (2 * g + lane) * 4);
      }
      const auto byte = static_cast<std::uint8_t>(static_cast<std::int8_t>(c));
      coarse[g * kScreenGroupBytes + kScreenScalesAt + r] = byte;
      fine[layout.fine_scales_at() + g] = byte;
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
