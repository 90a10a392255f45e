// SPDX-License-Identifier: Apache-2.0
//
// The t2p and t5p products, written once against the vector of one ISA. No include guard: each
// panels_<isa>.cc includes this inside its unnamed namespace, after it has defined TERN_TARGET and
//
//   struct Ops     functions with TERN_TARGET on `Vec`, a register of kBytes bytes (panels_*.h)
//     kExact32     mac() adds four products to each int32 lane (VNNI); else it adds two to each
//                  int16 lane, and sums are widened in time
//     decode5      the five codes of each t5p byte
//     kTokens      tokens side by side: what the registers hold
//     kUnpackT2p, kUnpackT5p   whether many tokens meet codes that were unpacked to bytes first
//
// Codes w + 1 are the unsigned operand, so the result is the sum over codes less the sum of x.
// A panel (10 KB for 2560 columns of t2p) stays in the L1 cache while a block of tokens passes,
// and the block of tokens (164 KB) in the L2 cache while all panels pass. Few tokens meet codes
// unpacked in registers; many meet chunks that panels_chunks.h unpacks.

using Vec = Ops::Vec;

constexpr std::size_t kVecs = kQuadBytes / Ops::kBytes;  // vectors of a quad
constexpr std::size_t kTokenBlock = 64;

// int16 lanes: a code is at most 2, so a mac() adds at most 2 * 2 * 128 = 512 in magnitude, and 64
// of them reach -32768 and no further.
constexpr std::size_t kMacsPerWidening = 64;
constexpr std::size_t kNever = ~std::size_t{0};

TERN_TARGET std::int32_t sum_of(const std::int8_t* x, std::size_t cols) {
  Vec sum = Ops::zero();
  for (std::size_t k = 0; k < cols; k += Ops::kBytes)
    sum = Ops::add32(sum, Ops::widen(Ops::mac(Ops::zero(), Ops::set1_8(1), Ops::load(x + k))));
  return Ops::sum32(sum);
}

template <std::size_t T, std::size_t A>
TERN_TARGET [[gnu::always_inline]] inline void clear(Vec (&acc)[T][kVecs][A]) {
#pragma GCC unroll 12
  for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kVecs; ++v)
#pragma GCC unroll 6
      for (std::size_t a = 0; a < A; ++a) acc[t][v][a] = Ops::zero();
}

// y[t * ldy + lane] = total - sums[t], for the live rows of a panel.
template <std::size_t T>
TERN_TARGET [[gnu::always_inline]] inline void store_rows(const Vec (&total)[T][kVecs][1],
                                                          const std::int32_t* sums,
                                                          std::size_t live, std::int32_t* y,
                                                          std::size_t ldy) {
  constexpr std::size_t kLanes = Ops::kBytes / sizeof(std::int32_t);
#pragma GCC unroll 12
  for (std::size_t t = 0; t < T; ++t) {
    const Vec sum = Ops::set1_32(sums[t]);
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kVecs; ++v) {
      if (live <= kLanes * v) break;
      Ops::store(y + t * ldy + kLanes * v, Ops::sub32(total[t][v][0], sum), live - kLanes * v);
    }
  }
}

// acc[t] += codes * the quad at x + t * ldx.
template <std::size_t T, std::size_t A>
TERN_TARGET [[gnu::always_inline]] inline void mac_quad(const Vec (&codes)[kVecs],
                                                        const std::int8_t* x, std::size_t ldx,
                                                        std::size_t a, Vec (&acc)[T][kVecs][A]) {
#pragma GCC unroll 12
  for (std::size_t t = 0; t < T; ++t) {
    if constexpr (kVecs == 1) {
      acc[t][0][a] = Ops::mac_quad(acc[t][0][a], codes[0], x + t * ldx);
    } else {
      const Vec xs = Ops::set1_quad(x + t * ldx);
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVecs; ++v) acc[t][v][a] = Ops::mac(acc[t][v][a], codes[v], xs);
    }
  }
}

// Four 2-bit codes of a byte, field P in bits [2P+1:2P], meet their activations in A accumulators:
//   4  a field stays where it is and is 4^P times its code; one accumulator per field
//   2  fields 2 and 3 come from `high`, four bits down; odd ones are 4 times their code
//   1  fields are shifted down
// More accumulators save shifts and hide the latency of few tokens; fewer leave room for tokens.
// 32 registers of 64 bytes take 4 tokens of 4 or 8 of 2; 16 of 32 bytes 1 of 4 or 2 of 2.
template <std::size_t T>
constexpr std::size_t kFieldAccumulators = !Ops::kExact32           ? (T == 1 ? 2 : 1)
                                           : T <= 4 / kVecs / kVecs ? 4
                                           : T <= 8 / kVecs / kVecs ? 2
                                                                    : 1;

template <std::size_t P, std::size_t A>
TERN_TARGET [[gnu::always_inline]] inline Vec field(Vec low, Vec high) {
  if constexpr (A == 4)
    return Ops::and_(low, Ops::set1_8(0b11 << (2 * P)));
  else if constexpr (A == 2)
    return Ops::and_(P < 2 ? low : high, Ops::set1_8(P % 2 == 0 ? 0b0011 : 0b1100));
  else
    return Ops::and_(Ops::template srl16<2 * P>(low), Ops::set1_8(0b11));
}

template <std::size_t P, std::size_t T, std::size_t A>
TERN_TARGET [[gnu::always_inline]] inline void mac_field(const Vec (&low)[kVecs],
                                                         const Vec (&high)[kVecs],
                                                         const std::int8_t* x, std::size_t ldx,
                                                         Vec (&acc)[T][kVecs][A]) {
  Vec codes[kVecs];
#pragma GCC unroll 2
  for (std::size_t v = 0; v < kVecs; ++v) codes[v] = field<P, A>(low[v], high[v]);
  mac_quad<T, A>(codes, x + kQuadCols * P, ldx, P % A, acc);
}

struct T2p {
  static constexpr const Geometry& kGeometry = kT2p;
  static constexpr std::size_t kQuads = 4;
  static constexpr bool kUnpackFirst = Ops::kUnpackT2p;
  template <std::size_t T>
  static constexpr std::size_t kAccumulators = kFieldAccumulators<T>;
  // Blocks from one widening to the next: 4 products each of codes, or 2 of 4 times a code.
  template <std::size_t A>
  static constexpr std::size_t kWidening = kMacsPerWidening / (A == 2 ? 8 : 4);

  TERN_TARGET [[gnu::always_inline]] static void decode(Vec bytes, Vec (&codes)[kQuads]) {
    codes[0] = field<0, 1>(bytes, bytes);
    codes[1] = field<1, 1>(bytes, bytes);
    codes[2] = field<2, 1>(bytes, bytes);
    codes[3] = field<3, 1>(bytes, bytes);
  }

  // acc += the products of a block.
  template <std::size_t T, std::size_t A>
  TERN_TARGET [[gnu::always_inline]] static void mac_block(const Vec (&bytes)[kVecs],
                                                           const std::int8_t* x, std::size_t ldx,
                                                           Vec (&acc)[T][kVecs][A]) {
    Vec high[kVecs];
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kVecs; ++v)
      high[v] = A == 2 ? Ops::template srl16<4>(bytes[v]) : bytes[v];
    mac_field<0, T, A>(bytes, high, x, ldx, acc);
    mac_field<1, T, A>(bytes, high, x, ldx, acc);
    mac_field<2, T, A>(bytes, high, x, ldx, acc);
    mac_field<3, T, A>(bytes, high, x, ldx, acc);
  }

  // The sum over codes.
  template <std::size_t A>
  TERN_TARGET [[gnu::always_inline]] static Vec total(const Vec (&acc)[A]) {
    Vec sum = Ops::widen(acc[0]);
    if constexpr (A > 1) sum = Ops::add32(sum, Ops::template sra32<2>(Ops::widen(acc[1])));
    if constexpr (A > 2) {
      sum = Ops::add32(sum, Ops::template sra32<4>(acc[2]));
      sum = Ops::add32(sum, Ops::template sra32<6>(acc[3]));
    }
    return sum;
  }
};

struct T5p {
  static constexpr const Geometry& kGeometry = kT5p;
  static constexpr std::size_t kQuads = 5;
  static constexpr bool kUnpackFirst = Ops::kUnpackT5p;
  template <std::size_t A>
  static constexpr std::size_t kWidening = kMacsPerWidening / kQuads;
  // Products into one accumulator wait for each other: as many as the registers hold.
  template <std::size_t T>
  static constexpr std::size_t kAccumulators = !Ops::kExact32 ? 1
                                               : kVecs > 1    ? (T == 1 ? 2 : 1)
                                               : T <= 4       ? 5
                                               : T <= 6       ? 3
                                                              : 2;

  TERN_TARGET [[gnu::always_inline]] static void decode(Vec bytes, Vec (&codes)[kQuads]) {
    Ops::decode5(bytes, codes);
  }

  template <std::size_t T, std::size_t A>
  TERN_TARGET [[gnu::always_inline]] static void mac_block(const Vec (&bytes)[kVecs],
                                                           const std::int8_t* x, std::size_t ldx,
                                                           Vec (&acc)[T][kVecs][A]) {
    Vec codes[kVecs][kQuads];
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kVecs; ++v) decode(bytes[v], codes[v]);
#pragma GCC unroll 5
    for (std::size_t n = 0; n < kQuads; ++n) {
      Vec quad[kVecs];
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVecs; ++v) quad[v] = codes[v][n];
      mac_quad<T, A>(quad, x + kQuadCols * n, ldx, n % A, acc);
    }
  }

  template <std::size_t A>
  TERN_TARGET [[gnu::always_inline]] static Vec total(const Vec (&acc)[A]) {
    Vec sum = Ops::widen(acc[0]);
#pragma GCC unroll 5
    for (std::size_t a = 1; a < A; ++a) sum = Ops::add32(sum, acc[a]);
    return sum;
  }
};

// One panel and T tokens. kAsk: the panel streams from memory (prefetch.h).
template <typename Layout, std::size_t T, bool kAsk>
TERN_TARGET void panel_product(const std::uint8_t* w, const std::uint8_t* end_of_w,
                               std::size_t blocks, const std::int8_t* x, std::size_t ldx,
                               const std::int32_t* sums, std::size_t live, std::int32_t* y,
                               std::size_t ldy) {
  constexpr const Geometry& g = Layout::kGeometry;
  constexpr std::size_t A = Layout::template kAccumulators<T>;
  constexpr std::size_t kChunk = Ops::kExact32 ? kNever : Layout::template kWidening<A>;
  Vec total[T][kVecs][1];
  clear(total);
  for (std::size_t b = 0; b < blocks;) {
    const std::size_t end = blocks - b > kChunk ? b + kChunk : blocks;
    Vec acc[T][kVecs][A];
    clear(acc);
    for (; b < end; ++b) {
      if constexpr (kAsk) prefetch_stream(w + b * g.block_bytes, end_of_w);
      Vec bytes[kVecs];
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVecs; ++v)
        bytes[v] = Ops::load(w + b * g.block_bytes + v * Ops::kBytes);
      Layout::template mac_block<T, A>(bytes, x + b * g.block_cols, ldx, acc);
    }
#pragma GCC unroll 12
    for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVecs; ++v)
        total[t][v][0] = Ops::add32(total[t][v][0], Layout::template total<A>(acc[t][v]));
  }
  store_rows<T>(total, sums, live, y, ldy);
}

// Calls step.operator()<N>(first) over [0, n): N = Most while that many are left, then the rest at
// once.
template <std::size_t Most, typename Step>
void in_steps(std::size_t n, const Step& step, std::size_t first = 0) {
  for (; n - first >= Most; first += Most) step.template operator()<Most>(first);
  if constexpr (Most > 1)
    if (first < n) in_steps<Most - 1>(n, step, first);
}

#include "kernels/ternary/panels_chunks.h"

template <typename Layout>
void multiply(const TernaryView& w, const std::int8_t* x, std::size_t ldx, std::size_t tokens,
              std::int32_t* y, std::size_t ldy) {
  constexpr const Geometry& g = Layout::kGeometry;
  const std::size_t blocks = g.blocks(w.cols), panel_bytes = g.panel_bytes(w.cols);
  const std::uint8_t* end_of_w = w.data + g.bytes(w.rows, w.cols);
  const bool asks = asks_ahead();
  if (asks) prefetch_begin(w.data, end_of_w);
  thread_local std::vector<std::int32_t> sums;
  sums.resize(tokens);
  for (std::size_t t = 0; t < tokens; ++t) sums[t] = sum_of(x + t * ldx, w.cols);

  for (std::size_t t0 = 0; t0 < tokens; t0 += kTokenBlock) {
    const std::size_t block_tokens = std::min(kTokenBlock, tokens - t0);
    for (std::size_t r = 0; r < w.rows; r += kPanelRows) {
      const std::uint8_t* panel = w.data + r / kPanelRows * panel_bytes;
      const std::size_t live = std::min(kPanelRows, w.rows - r);
      const std::int8_t* xs = x + t0 * ldx;
      std::int32_t* ys = y + t0 * ldy + r;
      if (Layout::kUnpackFirst && block_tokens > Ops::kTokens) {
        unpacked_product<Layout>(panel, end_of_w, blocks, asks && t0 == 0, xs, ldx, block_tokens,
                                 sums.data() + t0, live, ys, ldy);
        continue;
      }
      in_steps<Ops::kTokens>(block_tokens, [&]<std::size_t T>(std::size_t t) {
        const auto product =
            asks && t0 + t == 0 ? panel_product<Layout, T, true> : panel_product<Layout, T, false>;
        product(panel, end_of_w, blocks, xs + t * ldx, ldx, sums.data() + t0 + t, live,
                ys + t * ldy, ldy);
      });
    }
  }
}
