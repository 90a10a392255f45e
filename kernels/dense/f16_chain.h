// SPDX-License-Identifier: Apache-2.0
//
// FP16 products in binary16 arithmetic: chains of kChain fused multiply-adds on 32 columns each,
// begun at 0; kChains of them are added in pairs, those in pairs, still in binary16; what is left
// is widened and added to 16 float32 accumulators. A product so passes 5 + 3 = 8 binary16
// roundings. What overflows binary16 is done again in the defined order. No include guard:
// f16_avx512fp16*.cc include this inside their unnamed namespaces, after they have defined
// TERN_TARGET and
//
//   struct Ops   Half: 32 binary16, Sums: 16 float32; zero_half, zero_sums, load, fma,
//                add_half, add(sums, half): both halves widened, the lower first;
//                fold<R>(sums of R rows, y), narrow(x, n, to), all_finite(y, n)
//   exact        the matmul_f16 function of the defined order
//
// Why a tree: to widen and add takes 7 instructions. After each chain of 8 multiply-adds, which
// rounds as often, these leave 17 products per instruction, where float32 does 16 without any
// conversion; 8 chains of 5 under a tree have 40 multiply-adds, 7 additions and 7 instructions:
// 24 products each.
// Emerald Rapids, 2560 x 2560, 512 tokens: 33 GMAC/s when two rows met four tokens and every row
// came from L3 for each of them.

#include "kernels/dense/tile.h"

constexpr std::size_t kGroup = 32;  // columns
constexpr std::size_t kChain = 5, kLevels = 3, kChains = std::size_t{1} << kLevels;
constexpr std::size_t kBlockGroups = kChain * kChains;
constexpr std::size_t kRows = 4, kTokens = 6;

// The groups of chain c of a block.
inline std::size_t chain_groups(std::size_t groups, std::size_t c) {
  return groups > c * kChain ? std::min(groups - c * kChain, kChain) : 0;
}

template <std::size_t R, std::size_t T, std::size_t kLines>
TERN_TARGET [[gnu::always_inline]] inline void chain(typename Ops::Half (&a)[T][R], const f16* w,
                                                     std::size_t ldw, const f16* x, std::size_t ldx,
                                                     std::size_t groups, Ahead& ahead) {
#pragma GCC unroll 8
  for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 4
    for (std::size_t r = 0; r < R; ++r) a[t][r] = Ops::zero_half();
  for (std::size_t g = 0; g < groups; ++g, w += kGroup, x += kGroup) {
    fetch<kLines>(ahead);
    typename Ops::Half ws[R];
#pragma GCC unroll 4
    for (std::size_t r = 0; r < R; ++r) ws[r] = Ops::load(w + r * ldw);
#pragma GCC unroll 8
    for (std::size_t t = 0; t < T; ++t) {
      const typename Ops::Half xs = Ops::load(x + t * ldx);
#pragma GCC unroll 4
      for (std::size_t r = 0; r < R; ++r) a[t][r] = Ops::fma(ws[r], xs, a[t][r]);
    }
  }
}

// sums[T][R] += the products of up to kBlockGroups groups.
template <std::size_t R, std::size_t T, std::size_t kLines>
TERN_TARGET void block(const f16* w, std::size_t ldw, const f16* x, std::size_t ldx,
                       std::size_t groups, typename Ops::Sums* sums, Ahead& ahead) {
  typename Ops::Half a[T][R], held[kLevels][T][R];
  for (std::size_t c = 0; c < kChains; ++c) {
    const std::size_t at = c * kChain * kGroup;
    chain<R, T, kLines>(a, w + at, ldw, x + at, ldx, chain_groups(groups, c), ahead);
    std::size_t level = 0;
    for (; (c >> level) % 2 == 1; ++level)
#pragma GCC unroll 8
      for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 4
        for (std::size_t r = 0; r < R; ++r) a[t][r] = Ops::add_half(held[level][t][r], a[t][r]);
    if (level == kLevels) break;
#pragma GCC unroll 8
    for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 4
      for (std::size_t r = 0; r < R; ++r) held[level][t][r] = a[t][r];
  }
#pragma GCC unroll 8
  for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 4
    for (std::size_t r = 0; r < R; ++r) sums[t * R + r] = Ops::add(sums[t * R + r], a[t][r]);
}

// R rows and T tokens over `groups` groups; sums[T][R] come and go through memory.
template <std::size_t R, std::size_t T, std::size_t kLines>
TERN_TARGET void strip(const f16* w, std::size_t ldw, const f16* x, std::size_t ldx,
                       std::size_t groups, typename Ops::Sums* sums, Ahead& ahead) {
  for (std::size_t g = 0; g < groups; g += kBlockGroups)
    block<R, T, kLines>(w + g * kGroup, ldw, x + g * kGroup, ldx,
                        std::min(kBlockGroups, groups - g), sums, ahead);
}

template <std::size_t R, std::size_t T>
TERN_TARGET void clear(typename Ops::Sums* sums) {
  for (std::size_t i = 0; i < R * T; ++i) sums[i] = Ops::zero_sums();
}

template <std::size_t R, std::size_t T>
TERN_TARGET void finish(const typename Ops::Sums* sums, float* y, std::size_t ldy) {
  for (std::size_t t = 0; t < T; ++t) Ops::template fold<R>(sums + t * R, y + t * ldy);
}

// One row and one token: all chains of a block at once, for one alone waits for itself.
TERN_TARGET void row_alone(const f16* w, const f16* x, std::size_t groups, float* y) {
  typename Ops::Sums sums = Ops::zero_sums();
  const bool ask = asks_ahead();
  std::size_t g = 0;
  for (; g + kBlockGroups <= groups; g += kBlockGroups) {
    typename Ops::Half a[kChains];
#pragma GCC unroll 8
    for (std::size_t c = 0; c < kChains; ++c) a[c] = Ops::zero_half();
#pragma GCC unroll 5
    for (std::size_t i = 0; i < kChain; ++i)
#pragma GCC unroll 8
      for (std::size_t c = 0; c < kChains; ++c) {
        const std::size_t at = (g + c * kChain + i) * kGroup;
        if (ask) prefetch_stream(w + at);
        a[c] = Ops::fma(Ops::load(w + at), Ops::load(x + at), a[c]);
      }
#pragma GCC unroll 3
    for (std::size_t n = kChains / 2; n > 0; n /= 2)
#pragma GCC unroll 4
      for (std::size_t c = 0; c < n; ++c) a[c] = Ops::add_half(a[2 * c], a[2 * c + 1]);
    sums = Ops::add(sums, a[0]);
  }
  Ahead ahead = ahead_of(w + g * kGroup, kLineBytes);
  if (g < groups)
    block<1, 1, kTwice + 1>(w + g * kGroup, 0, x + g * kGroup, 0, groups - g, &sums, ahead);
  Ops::template fold<1>(&sums, y);
}

// Up to kTokens tokens meet weights as they lie; columns are whole groups.
void few(const DenseView<f16>& w, const f16* x, std::size_t ldx, std::size_t tokens, float* y,
         std::size_t ldy) {
  const std::size_t groups = w.cols / kGroup;
  if (tokens == 1) {
    for (std::size_t r = 0; r < w.rows; ++r) row_alone(w.data + r * w.cols, x, groups, y + r);
    return;
  }
  with_constant<kTokens>(tokens, [&]<std::size_t T>() {
    typename Ops::Sums sums[T * kRows];
    const auto pass = [&]<std::size_t R>(std::size_t r) {
      const f16* at = w.data + r * w.cols;
      Ahead ahead = ahead_of(at + R * w.cols, R * kLineBytes);
      clear<R, T>(sums);
      strip<R, T, R>(at, w.cols, x, ldx, groups, sums, ahead);
      finish<R, T>(sums, y + r, ldy);
    };
    std::size_t r = 0;
    for (; w.rows - r >= kRows; r += kRows) pass.template operator()<kRows>(r);
    for (; r < w.rows; ++r) pass.template operator()<1>(r);
  });
}

// Any number of tokens and columns: as multiply_many() of tile.h, on a copy of a block of rows.
void many(const DenseView<f16>& w, const f16* x, std::size_t ldx, std::size_t tokens, float* y,
          std::size_t ldy) {
  constexpr std::size_t kCut = kBlockGroups;  // groups: 15 KB of activations
  const std::size_t ldw = packed_stride<f16>(w.cols);
  const std::size_t groups = (w.cols + kGroup - 1) / kGroup;
  const std::size_t fit = kBlockBytes / (ldw * sizeof(f16)) / kRows * kRows;
  const std::size_t most = std::min(std::max(fit, kRows), w.rows);
  thread_local Scratch copied, carried;
  f16* rows = copied.room<f16>(most * ldw);
  auto* sums = carried.room<typename Ops::Sums>(most * kTokens);

  const std::size_t tiles = (tokens + kTokens - 1) / kTokens;
  for (std::size_t r0 = 0; r0 < w.rows; r0 += most) {
    const std::size_t n = std::min(most, w.rows - r0);
    for (std::size_t r = 0; r < n; ++r) {
      std::copy_n(w.data + (r0 + r) * w.cols, w.cols, rows + r * ldw);
      std::fill(rows + r * ldw + w.cols, rows + (r + 1) * ldw, f16{0});
    }
    const std::size_t steps = tiles * ((n + kRows - 1) / kRows) * groups;
    const std::size_t next_bytes = n * w.cols * sizeof(f16);
    Ahead ahead = ahead_of(w.data + (r0 + n) * w.cols, (next_bytes + steps - 1) / steps);
    for (std::size_t i = 0; i < tiles; ++i) {
      const std::size_t t0 = i * tokens / tiles, t1 = (i + 1) * tokens / tiles;
      with_constant<kTokens>(t1 - t0, [&]<std::size_t T>() {
        for (std::size_t g = 0; g < groups; g += kCut) {
          const std::size_t some = std::min(kCut, groups - g);
          const auto pass = [&]<std::size_t R>(std::size_t r) {
            typename Ops::Sums* own = sums + r * T;
            if (g == 0) clear<R, T>(own);
            strip<R, T, 1>(rows + r * ldw + g * kGroup, ldw, x + t0 * ldx + g * kGroup, ldx, some,
                           own, ahead);
            if (g + some == groups) finish<R, T>(own, y + t0 * ldy + r0 + r, ldy);
          };
          std::size_t r = 0;
          for (; n - r >= kRows; r += kRows) pass.template operator()<kRows>(r);
          for (; r < n; ++r) pass.template operator()<1>(r);
        }
      });
    }
  }
}

void multiply(const DenseView<f16>& w, const float* x, std::size_t ldx, std::size_t tokens,
              float* y, std::size_t ldy) {
  if (w.rows == 0 || tokens == 0) return;
  thread_local Scratch narrowed;
  const std::size_t stride = packed_stride<f16>(w.cols);
  f16* xs = narrowed.room<f16>(tokens * stride);
  for (std::size_t t = 0; t < tokens; ++t) {
    Ops::narrow(x + t * ldx, w.cols, xs + t * stride);
    std::fill(xs + t * stride + w.cols, xs + (t + 1) * stride, f16{0});
  }
  if (tokens <= kTokens && w.cols % kGroup == 0)
    few(w, xs, stride, tokens, y, ldy);
  else
    many(w, xs, stride, tokens, y, ldy);

  for (std::size_t t = 0; t < tokens; ++t) {
    float* own = y + t * ldy;
    if (Ops::all_finite(own, w.rows)) continue;
    for (std::size_t r = 0; r < w.rows; ++r)
      if (!std::isfinite(own[r])) exact(w.slice(r, r + 1), x + t * ldx, ldx, 1, own + r, ldy);
  }
}
