// SPDX-License-Identifier: Apache-2.0
//
// attention.h written once over registers of 16 floats. No include guard: attention_<isa>.cc
// include this inside their unnamed namespaces, after they have defined TERN_TARGET and
//
//   struct Ops   functions with TERN_TARGET
//     Reg              16 floats
//     kRows, kWide     the largest tile: rows, and registers of positions or columns beside them
//     zero, fill(x), load(const float*), load_f16(const f16*), load_i8(const std::int8_t*), store
//     fma(a, b, c), mul, add; abs_max(a, b): per lane max(|a|, |b|), largest(a): of its lanes
//     put_f16(f16*, a), put_i8(std::int8_t*, a): rounded to nearest even
//
// A tile of R rows keeps R * wide<R>() chains in flight: FMAs take 4 cycles, two can begin in each.

constexpr std::size_t kPad = kKvBlock;
constexpr std::size_t kLine = 64;

template <std::size_t R>
constexpr std::size_t wide() {
  return std::max(Ops::kWide, Ops::kRows * Ops::kWide / (2 * R));
}

// Whether a tile asks for the next blocks: few rows are done with a block sooner than it comes.
// Keys and values, which the average meets next and in an order that no hardware prefetcher follows
// (Zen 5, one token after 128 to 192, FP16: 0.79 ms for 0.89). Into L2: it takes more lines at a
// time than L1 (after 4,064: 9.9 to 11.2 ms for 12.2 to 12.4 with half of the lines into L1).
template <std::size_t R>
constexpr bool ahead() {
  return R < Ops::kRows;
}

struct F32 {
  static constexpr bool kScaled = false;
  using E = float;
  TERN_TARGET static inline Ops::Reg load(const E* p) { return Ops::load(p); }
  TERN_TARGET static inline void put(E* p, Ops::Reg a) { Ops::store(p, a); }
};
struct F16 {
  static constexpr bool kScaled = false;
  using E = f16;
  TERN_TARGET static inline Ops::Reg load(const E* p) { return Ops::load_f16(p); }
  TERN_TARGET static inline void put(E* p, Ops::Reg a) { Ops::put_f16(p, a); }
};
struct I8 {
  static constexpr bool kScaled = true;
  using E = std::int8_t;
  TERN_TARGET static inline Ops::Reg load(const E* p) { return Ops::load_i8(p); }
  TERN_TARGET static inline void put(E* p, Ops::Reg a) { Ops::put_i8(p, a); }
};

template <typename F>
const typename F::E* elements(const std::uint8_t* at) {
  return reinterpret_cast<const typename F::E*>(at);
}

inline const float* scales(const std::uint8_t* part, std::size_t cols) {
  return reinterpret_cast<const float*>(part + kKvBlock * cols);
}

// call.operator()<Format>().
template <typename Call>
auto with_format(KvFormat format, const Call& call) {
  if (format == KvFormat::kF32) return call.template operator()<F32>();
  if (format == KvFormat::kF16) return call.template operator()<F16>();
  return call.template operator()<I8>();
}

// call.operator()<R>(row) for all rows, R = kRows, then its halves.
template <std::size_t R, typename Call>
void by_rows(std::size_t row, std::size_t rows, const Call& call) {
  for (; rows - row >= R; row += R) call.template operator()<R>(row);
  if constexpr (R > 1)
    if (row < rows) by_rows<R / 2>(row, rows, call);
}

template <typename F, std::size_t R, std::size_t B>
TERN_TARGET void score_tile(const std::uint8_t* keys, std::size_t stride, std::size_t d,
                            const float* q, std::size_t ldq, float factor, float* out,
                            std::size_t ldo) {
  Ops::Reg a[R][B];
#pragma GCC unroll 8
  for (std::size_t r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (std::size_t b = 0; b < B; ++b) a[r][b] = Ops::zero();
  // Lines per column: keys and values of as many blocks as the tile has.
  constexpr std::size_t kAsks =
      std::max<std::size_t>(2 * B * kKvBlock * sizeof(typename F::E) / kLine, 1);
  const std::uint8_t* ask = keys + B * stride;
  for (std::size_t i = 0; i < d; ++i) {
    if constexpr (ahead<R>())
      for (std::size_t n = 0; n < kAsks; ++n, ask += kLine) __builtin_prefetch(ask, 0, 2);
    Ops::Reg k[B];
#pragma GCC unroll 8
    for (std::size_t b = 0; b < B; ++b)
      k[b] = F::load(elements<F>(keys + b * stride) + i * kKvBlock);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < R; ++r) {
      const Ops::Reg x = Ops::fill(q[r * ldq + i]);
#pragma GCC unroll 8
      for (std::size_t b = 0; b < B; ++b) a[r][b] = Ops::fma(x, k[b], a[r][b]);
    }
  }
  const Ops::Reg f = Ops::fill(factor);
#pragma GCC unroll 8
  for (std::size_t r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (std::size_t b = 0; b < B; ++b) {
      if constexpr (F::kScaled)
        a[r][b] = Ops::mul(a[r][b], Ops::load(scales(keys + b * stride, d)));
      Ops::store(out + r * ldo + b * kKvBlock, Ops::mul(a[r][b], f));
    }
}

void scores(const KvLayout& layout, const KvHead& head, std::size_t blocks, const float* q,
            std::size_t ldq, std::size_t rows, float factor, float* out, std::size_t ldo) noexcept {
  with_format(layout.format, [&]<typename F>() {
    by_rows<Ops::kRows>(0, rows, [&]<std::size_t R>(std::size_t r) {
      const auto tile = [&]<std::size_t B>(std::size_t b) {
        score_tile<F, R, B>(head.data + b * head.stride, head.stride, layout.head_dim, q + r * ldq,
                            ldq, factor, out + r * ldo + b * kKvBlock, ldo);
      };
      if constexpr (ahead<R>())
        for (std::size_t at = 0; at < head.stride; at += kLine)
          __builtin_prefetch(head.data + at, 0, 2);
      by_rows<wide<R>()>(0, blocks, tile);
    });
  });
}

// `weight` is scaled already.
template <typename F, std::size_t R, std::size_t C>
TERN_TARGET void average_tile(const std::uint8_t* values, std::size_t stride, std::size_t padded,
                              std::size_t positions, const float* weight, std::size_t ldw,
                              float* out, std::size_t ldo) {
  Ops::Reg a[R][C];
#pragma GCC unroll 8
  for (std::size_t r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (std::size_t c = 0; c < C; ++c) a[r][c] = Ops::zero();
  for (std::size_t p0 = 0; p0 < positions; p0 += kKvBlock, values += stride) {
    const typename F::E* v = elements<F>(values);
    const std::size_t end = std::min(positions, p0 + kKvBlock);
    for (std::size_t p = p0; p < end; ++p, v += padded) {
      Ops::Reg x[C];
#pragma GCC unroll 8
      for (std::size_t c = 0; c < C; ++c) x[c] = F::load(v + c * kPad);
#pragma GCC unroll 8
      for (std::size_t r = 0; r < R; ++r) {
        const Ops::Reg w = Ops::fill(weight[r * ldw + p]);
#pragma GCC unroll 8
        for (std::size_t c = 0; c < C; ++c) a[r][c] = Ops::fma(w, x[c], a[r][c]);
      }
    }
  }
#pragma GCC unroll 8
  for (std::size_t r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (std::size_t c = 0; c < C; ++c)
      Ops::store(out + r * ldo + c * kPad, Ops::add(a[r][c], Ops::zero()));
}

void average(const KvLayout& layout, const KvHead& head, std::size_t positions, const float* weight,
             std::size_t ldw, std::size_t rows, float* out, std::size_t ldo) noexcept {
  const std::size_t padded = layout.padded();
  const std::uint8_t* values = head.data + layout.key_bytes();
  if (layout.format == KvFormat::kI8) {
    thread_local Scratch scratch;
    float* scaled = scratch.room<float>(rows * positions);
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t p = 0; p < positions; ++p)
        scaled[r * positions + p] =
            weight[r * ldw + p] * scales(values + p / kKvBlock * head.stride, padded)[p % kKvBlock];
    weight = scaled;
    ldw = positions;
  }
  with_format(layout.format, [&]<typename F>() {
    by_rows<Ops::kRows>(0, rows, [&]<std::size_t R>(std::size_t r) {
      const auto tile = [&]<std::size_t C>(std::size_t c) {
        average_tile<F, R, C>(values + c * kPad * sizeof(typename F::E), head.stride, padded,
                              positions, weight + r * ldw, ldw, out + r * ldo + c * kPad, ldo);
      };
      by_rows<wide<R>()>(0, padded / kPad, tile);
    });
  });
}

// x [n] as elements step apart; `factor` is what codes are rounded from.
template <typename F>
TERN_TARGET void put_row(const float* x, std::size_t n, float factor, typename F::E* to,
                         std::size_t step) {
  for (std::size_t i = 0; i < n; i += kPad) {
    const std::size_t some = std::min(kPad, n - i);
    float in[kPad] = {};
    typename F::E out[kPad];
    std::copy_n(x + i, some, in);
    const Ops::Reg a = Ops::load(in);
    F::put(out, F::kScaled ? Ops::mul(a, Ops::fill(factor)) : a);
    for (std::size_t j = 0; j < some; ++j) to[(i + j) * step] = out[j];
  }
}

// The largest magnitude; what is not finite comes out infinite or NaN.
TERN_TARGET float most_of(const float* x, std::size_t n) {
  Ops::Reg most = Ops::zero();
  float tail[kPad] = {};
  std::size_t i = 0;
  for (; i + kPad <= n; i += kPad) most = Ops::abs_max(most, Ops::load(x + i));
  std::copy(x + i, x + n, tail);
  return Ops::largest(Ops::abs_max(most, Ops::load(tail)));
}

bool append(const KvLayout& layout, std::uint8_t* block, std::size_t slot, const float* k,
            const float* v) noexcept {
  const std::size_t d = layout.head_dim, padded = layout.padded();
  std::uint8_t* values = block + layout.key_bytes();
  if (slot == 0) std::memset(block, 0, layout.block_bytes());
  const float most_k = most_of(k, d), most_v = most_of(v, d);
  with_format(layout.format, [&]<typename F>() {
    const auto some = [&](const float* x, float most, std::uint8_t* part, std::size_t cols,
                          std::size_t first, std::size_t step) {
      auto* to = reinterpret_cast<typename F::E*>(part);
      put_row<F>(x, d, most > 1e-30f ? 127.0f / most : 0.0f, to + first, step);
      if constexpr (F::kScaled)
        reinterpret_cast<float*>(part + kKvBlock * cols)[slot] = most / 127.0f;
    };
    some(k, most_k, block, d, slot, kKvBlock);
    some(v, most_v, values, padded, slot * padded, 1);
  });
  constexpr float kF16Most = 65520.0f;  // rounds to infinity
  const float bound = layout.format == KvFormat::kF16 ? kF16Most : INFINITY;
  return most_k < bound && most_v < bound;
}
