// SPDX-License-Identifier: Apache-2.0
//
// INT4 products, eight groups at a time: lane l of a vector belongs to group l, so that integer
// sums become float32 accumulators without a sum across lanes. For that the weights are transposed
// in registers, 4 bytes a lane, and the activations once per call. No include guard: i4_<isa>.cc
// include this inside their unnamed namespaces, after they have defined TERN_TARGET and
//
//   dot(q, x)   the eight sums over q[i] * x[i], q unsigned nibbles, x [8][8 lanes][4]

constexpr std::size_t kLanes = kI4Accumulators;
constexpr std::size_t kStepCols = kLanes * kQ4Group, kStepBytes = kLanes * kQ4GroupBytes;
constexpr std::size_t kMostTokens = 6;

// The activations of eight groups, and what the weights' excess of 8 adds to each group's sum.
struct Step {
  std::int8_t x[8][kLanes][4];  // vector h * 4 + i: columns h * 16 + 4 i of each group
  std::int32_t excess[kLanes];
};

void transpose(const std::int8_t* x, std::size_t cols, Step* steps) {
  for (std::size_t k0 = 0; k0 < cols; k0 += kStepCols, ++steps) {
    *steps = {};
    for (std::size_t l = 0; l < kLanes && k0 + l * kQ4Group < cols; ++l)
      for (std::size_t i = 0; i < kQ4Group; ++i) {
        const std::int8_t value = x[k0 + l * kQ4Group + i];
        steps->x[i / 4][l][i % 4] = value;
        steps->excess[l] += 8 * value;
      }
  }
}

TERN_TARGET inline __m256i two_groups(const std::uint8_t* low, const std::uint8_t* high) {
  const auto at = [](const std::uint8_t* p) { return reinterpret_cast<const __m128i*>(p + 2); };
  return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(at(low))),
                                 _mm_loadu_si128(at(high)), 1);
}

// q[h * 4 + i]: the nibbles of columns h * 16 + 4 i .. + 3 of each group, as bytes.
TERN_TARGET inline void unpack(const std::uint8_t* groups, __m256i (&q)[8]) {
  const auto at = [&](std::size_t l) { return groups + l * kQ4GroupBytes; };
  const __m256i a = two_groups(at(0), at(4)), b = two_groups(at(1), at(5));
  const __m256i c = two_groups(at(2), at(6)), d = two_groups(at(3), at(7));
  const __m256i ab_low = _mm256_unpacklo_epi32(a, b), ab_high = _mm256_unpackhi_epi32(a, b);
  const __m256i cd_low = _mm256_unpacklo_epi32(c, d), cd_high = _mm256_unpackhi_epi32(c, d);
  const __m256i bytes[4] = {
      _mm256_unpacklo_epi64(ab_low, cd_low), _mm256_unpackhi_epi64(ab_low, cd_low),
      _mm256_unpacklo_epi64(ab_high, cd_high), _mm256_unpackhi_epi64(ab_high, cd_high)};
  const __m256i nibble = _mm256_set1_epi8(15);
#pragma GCC unroll 4
  for (std::size_t i = 0; i < 4; ++i) {
    q[i] = _mm256_and_si256(bytes[i], nibble);
    q[4 + i] = _mm256_and_si256(_mm256_srli_epi16(bytes[i], 4), nibble);
  }
}

TERN_TARGET inline __m256 scales(const std::uint8_t* groups) {
  std::uint16_t d[kLanes];
  for (std::size_t l = 0; l < kLanes; ++l) std::memcpy(&d[l], groups + l * kQ4GroupBytes, 2);
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(d)));
}

template <std::size_t T>
TERN_TARGET [[gnu::always_inline]] inline void step(const std::uint8_t* groups, const Step* x,
                                                    std::size_t ldx, __m256 (&a)[T]) {
  __m256i q[8];
  unpack(groups, q);
  const __m256 d = scales(groups);
#pragma GCC unroll 8
  for (std::size_t t = 0; t < T; ++t) {
    const Step& own = x[t * ldx];
    const __m256i excess = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(own.excess));
    const __m256i sums = _mm256_sub_epi32(dot(q, own.x), excess);
    a[t] = _mm256_fmadd_ps(d, _mm256_cvtepi32_ps(sums), a[t]);
  }
}

// One row and T tokens.
template <std::size_t T>
TERN_TARGET void row(const std::uint8_t* w, std::size_t cols, const Step* x, std::size_t ldx,
                     float* y, std::size_t ldy) {
  __m256 a[T];
#pragma GCC unroll 8
  for (std::size_t t = 0; t < T; ++t) a[t] = _mm256_setzero_ps();
  std::size_t k = 0;
  for (; k + kStepCols <= cols; k += kStepCols, w += kStepBytes, ++x) {
    // 8 KB ahead, into L2: see tile.h.
    for (std::size_t line = 0; line < 3; ++line)
      __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(w) + 8192 +
                                                       line * kLineBytes),
                         0, 2);
    step<T>(w, x, ldx, a);
  }
  if (k < cols) {
    std::uint8_t tail[kStepBytes] = {};
    std::memcpy(tail, w, (cols - k) / kQ4Group * kQ4GroupBytes);
    step<T>(tail, x, ldx, a);
  }
#pragma GCC unroll 8
  for (std::size_t t = 0; t < T; ++t) {
    const __m128 by4 = _mm_add_ps(_mm256_castps256_ps128(a[t]), _mm256_extractf128_ps(a[t], 1));
    const __m128 by2 = _mm_add_ps(by4, _mm_movehl_ps(by4, by4));
    y[t * ldy] = _mm_cvtss_f32(_mm_add_ss(by2, _mm_movehdup_ps(by2)));
  }
}

template <std::size_t T>
void tokens_of_row(std::size_t tokens, const std::uint8_t* w, std::size_t cols, const Step* x,
                   std::size_t ldx, float* y, std::size_t ldy) {
  for (; tokens >= T; tokens -= T, x += T * ldx, y += T * ldy) row<T>(w, cols, x, ldx, y, ldy);
  if constexpr (T > 1)
    if (tokens > 0) tokens_of_row<T - 1>(tokens, w, cols, x, ldx, y, ldy);
}

void multiply(const Q4View& w, const std::int8_t* x, std::size_t ldx, std::size_t tokens, float* y,
              std::size_t ldy) {
  thread_local Scratch transposed;
  const std::size_t stride = (w.cols + kStepCols - 1) / kStepCols;
  Step* steps = transposed.room<Step>(tokens * stride);
  for (std::size_t t = 0; t < tokens; ++t) transpose(x + t * ldx, w.cols, steps + t * stride);
  for (std::size_t r = 0; r < w.rows; ++r)
    tokens_of_row<kMostTokens>(tokens, w.data + r * w.row_bytes(), w.cols, steps, stride, y + r,
                               ldy);
}
