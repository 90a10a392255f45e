// SPDX-License-Identifier: Apache-2.0
//
// The t2p and t5p products, written once against the vector of one ISA. No include guard: each
// panels_<isa>.cc includes this inside its unnamed namespace, after it has defined TERN_TARGET and
//
//   struct Ops     functions with TERN_TARGET on `Vec`, a register of kBytes bytes (panels_*.cc)
//     kExact32     mac() adds four products to each int32 lane (VNNI); else it adds two to each
//                  int16 lane, and sums are widened in time
//     kSmallTokens, kTilePanels, kTileTokens   what the registers hold
//
// Codes w + 1 are the unsigned operand, so the result is the sum over codes less the sum of x.
// Up to kSmallBatch tokens meet codes unpacked in registers, each panel read once from memory.
// More tokens pay for unpacking a group of panels to bytes, which stay in the L2 cache while every
// token passes.

using Vec = Ops::Vec;

constexpr std::size_t kVecs = kQuadBytes / Ops::kBytes;  // vectors of a quad
constexpr std::size_t kSmallBatch = 16;

// int16 lanes: a code is at most 2, so a mac() adds at most 2 * 2 * 128 = 512 in magnitude, and 64
// of them reach -32768 and no further.
constexpr std::size_t kMacsPerWidening = 64;
constexpr std::size_t kNever = ~std::size_t{0};
constexpr std::size_t kT2pChunk = Ops::kExact32 ? kNever : kMacsPerWidening / 4;  // blocks
// int32 lanes hold 256 times the sum over codes before the end: 1600 blocks of 20 columns reach
// 256 * 2 * 128 * 32000 < 2^31.
constexpr std::size_t kT5pChunk = Ops::kExact32 ? 1600 : kMacsPerWidening / 5;  // blocks

// How far ahead of the load the stream of weights is asked for: 4 KB is past the page that the
// hardware prefetcher stops at. It never faults, so it may point past the end.
constexpr std::size_t kPrefetchBytes = 4096;

[[gnu::always_inline]] inline void prefetch_ahead(const std::uint8_t* at) {
  __builtin_prefetch(
      reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(at) + kPrefetchBytes));
}

TERN_TARGET std::int32_t sum_of(const std::int8_t* x, std::size_t cols) {
  Vec sum = Ops::zero();
  for (std::size_t k = 0; k < cols; k += Ops::kBytes)
    sum = Ops::add32(sum, Ops::widen(Ops::mac(Ops::zero(), Ops::set1_8(1), Ops::load(x + k))));
  return Ops::sum32(sum);
}

// y[t * ldy + 16 bytes of lanes] = total - sums, for the live rows of a panel.
template <std::size_t T>
TERN_TARGET [[gnu::always_inline]] inline void store_rows(const Vec (&total)[T][kVecs],
                                                          const std::int32_t* sums,
                                                          std::size_t live, std::int32_t* y,
                                                          std::size_t ldy) {
  constexpr std::size_t kLanes = Ops::kBytes / sizeof(std::int32_t);
#pragma GCC unroll 8
  for (std::size_t t = 0; t < T; ++t) {
    const Vec sum = Ops::set1_32(sums[t]);
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kVecs; ++v) {
      if (live <= kLanes * v) break;
      Ops::store(y + t * ldy + kLanes * v, Ops::sub32(total[t][v], sum), live - kLanes * v);
    }
  }
}

// The codes of plane P of t2p blocks. In place, they are in bits [1:0] of `low` or `high` for even
// P, in bits [3:2] for odd P: a quarter of their value.
template <std::size_t P, bool kInPlace>
TERN_TARGET [[gnu::always_inline]] inline Vec plane(Vec low, Vec high) {
  if constexpr (kInPlace)
    return Ops::and_(P < 2 ? low : high, Ops::set1_8(P % 2 == 0 ? 0b0011 : 0b1100));
  else
    return Ops::and_(Ops::template srl16<2 * P>(low), Ops::set1_8(0b0011));
}

template <std::size_t P, std::size_t T, std::size_t A>
TERN_TARGET [[gnu::always_inline]] inline void mac_plane(const Vec (&low)[kVecs],
                                                         const Vec (&high)[kVecs],
                                                         const std::int8_t* x, std::size_t ldx,
                                                         Vec (&acc)[T][kVecs][A]) {
  Vec codes[kVecs];
#pragma GCC unroll 2
  for (std::size_t v = 0; v < kVecs; ++v) codes[v] = plane<P, (A > 1)>(low[v], high[v]);
#pragma GCC unroll 8
  for (std::size_t t = 0; t < T; ++t) {
    const Vec xs = Ops::set1_quad(x + t * ldx + kQuadCols * P);
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kVecs; ++v)
      acc[t][v][P % A] = Ops::mac(acc[t][v][P % A], codes[v], xs);
  }
}

// One panel and T tokens.
//   A  accumulators per token and vector: 4 planes apart, which hides the latency of few tokens; 2,
//      odd and even planes; or 1, for which codes are shifted down
struct T2p {
  static constexpr const Geometry& kGeometry = kT2p;

  template <std::size_t T>
  TERN_TARGET static void small(const std::uint8_t* w, std::size_t blocks, const std::int8_t* x,
                                std::size_t ldx, const std::int32_t* sums, std::size_t live,
                                std::int32_t* y, std::size_t ldy) {
    constexpr std::size_t A = !Ops::kExact32           ? 1
                              : T <= 2 / kVecs         ? 4
                              : T <= 8 / kVecs / kVecs ? 2
                                                       : 1;
    Vec total[T][kVecs];
#pragma GCC unroll 8
    for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVecs; ++v) total[t][v] = Ops::zero();
    for (std::size_t b = 0; b < blocks;) {
      const std::size_t end = blocks - b > kT2pChunk ? b + kT2pChunk : blocks;
      Vec acc[T][kVecs][A];
#pragma GCC unroll 8
      for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
        for (std::size_t v = 0; v < kVecs; ++v)
#pragma GCC unroll 4
          for (std::size_t a = 0; a < A; ++a) acc[t][v][a] = Ops::zero();
      for (; b < end; ++b) {
        const std::uint8_t* block = w + b * kT2p.block_bytes;
        const std::int8_t* xb = x + b * kT2p.block_cols;
        prefetch_ahead(block);
        Vec low[kVecs], high[kVecs];
#pragma GCC unroll 2
        for (std::size_t v = 0; v < kVecs; ++v) {
          low[v] = Ops::load(block + v * Ops::kBytes);
          high[v] = A > 1 ? Ops::template srl16<4>(low[v]) : low[v];
        }
        mac_plane<0, T, A>(low, high, xb, ldx, acc);
        mac_plane<1, T, A>(low, high, xb, ldx, acc);
        mac_plane<2, T, A>(low, high, xb, ldx, acc);
        mac_plane<3, T, A>(low, high, xb, ldx, acc);
      }
#pragma GCC unroll 8
      for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
        for (std::size_t v = 0; v < kVecs; ++v) {
          Vec sum = Ops::widen(acc[t][v][0]);
          if constexpr (A == 2) sum = Ops::add32(sum, Ops::template sra32<2>(acc[t][v][1]));
          if constexpr (A == 4)
            sum = Ops::add32(Ops::add32(sum, acc[t][v][2]),
                             Ops::template sra32<2>(Ops::add32(acc[t][v][1], acc[t][v][3])));
          total[t][v] = Ops::add32(total[t][v], sum);
        }
    }
    store_rows<T>(total, sums, live, y, ldy);
  }

  // The codes of a panel as bytes, [quads, 16 rows, 4].
  TERN_TARGET static void unpack(const std::uint8_t* w, std::size_t blocks, std::uint8_t* codes) {
    for (std::size_t b = 0; b < blocks; ++b, codes += 4 * kQuadBytes)
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVecs; ++v) {
        const std::size_t at = v * Ops::kBytes;
        const Vec low = Ops::load(w + b * kT2p.block_bytes + at);
        prefetch_ahead(w + b * kT2p.block_bytes + at);
        Ops::store_bytes(codes + at, plane<0, false>(low, low));
        Ops::store_bytes(codes + kQuadBytes + at, plane<1, false>(low, low));
        Ops::store_bytes(codes + 2 * kQuadBytes + at, plane<2, false>(low, low));
        Ops::store_bytes(codes + 3 * kQuadBytes + at, plane<3, false>(low, low));
      }
  }
};

TERN_TARGET [[gnu::always_inline]] inline Vec times3(Vec r) {
  return Ops::add8(Ops::add8(r, r), r);
}

// With int32 lanes and few tokens no code is ever extracted: with r[n] of panels.h,
// 256 sum c[n] x[n] = 3 sum r[n] x[n] - sum r[n+1] x[n], two mac()s and two additions per quad.
struct T5p {
  static constexpr const Geometry& kGeometry = kT5p;

  template <std::size_t T>
  TERN_TARGET static void small(const std::uint8_t* w, std::size_t blocks, const std::int8_t* x,
                                std::size_t ldx, const std::int32_t* sums, std::size_t live,
                                std::int32_t* y, std::size_t ldy) {
    constexpr bool kTelescope = Ops::kExact32 && T * kVecs <= 2;
    constexpr std::size_t A = kTelescope ? 4 : 1;  // r[n] and r[n+1], even and odd n
    Vec total[T][kVecs];
#pragma GCC unroll 8
    for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVecs; ++v) total[t][v] = Ops::zero();
    for (std::size_t b = 0; b < blocks;) {
      const std::size_t end = blocks - b > kT5pChunk ? b + kT5pChunk : blocks;
      Vec acc[T][kVecs][A];
#pragma GCC unroll 8
      for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
        for (std::size_t v = 0; v < kVecs; ++v)
#pragma GCC unroll 4
          for (std::size_t a = 0; a < A; ++a) acc[t][v][a] = Ops::zero();
      for (; b < end; ++b) {
        const std::uint8_t* block = w + b * kT5p.block_bytes;
        prefetch_ahead(block);
        Vec r[kVecs];
#pragma GCC unroll 2
        for (std::size_t v = 0; v < kVecs; ++v) r[v] = Ops::load(block + v * Ops::kBytes);
#pragma GCC unroll 5
        for (std::size_t n = 0; n < 5; ++n) {
          const std::int8_t* quad = x + b * kT5p.block_cols + kQuadCols * n;
          Vec code[kVecs], next[kVecs];
#pragma GCC unroll 2
          for (std::size_t v = 0; v < kVecs; ++v) {
            next[v] = times3(r[v]);
            if constexpr (!kTelescope) code[v] = Ops::carry3(r[v]);
          }
#pragma GCC unroll 8
          for (std::size_t t = 0; t < T; ++t) {
            const Vec xs = Ops::set1_quad(quad + t * ldx);
#pragma GCC unroll 2
            for (std::size_t v = 0; v < kVecs; ++v) {
              if constexpr (kTelescope) {
                acc[t][v][n % 2] = Ops::mac(acc[t][v][n % 2], r[v], xs);
                acc[t][v][2 + n % 2] = Ops::mac(acc[t][v][2 + n % 2], next[v], xs);
              } else {
                acc[t][v][0] = Ops::mac(acc[t][v][0], code[v], xs);
              }
            }
          }
#pragma GCC unroll 2
          for (std::size_t v = 0; v < kVecs; ++v) r[v] = next[v];
        }
      }
#pragma GCC unroll 8
      for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
        for (std::size_t v = 0; v < kVecs; ++v) {
          Vec sum = Ops::widen(acc[t][v][0]);
          if constexpr (kTelescope) {
            // Modulo 2^32, where 3 sum r x may lie outside int32: the difference does not.
            const Vec once = Ops::add32(sum, acc[t][v][1]);
            const Vec carried = Ops::add32(acc[t][v][2], acc[t][v][3]);
            const Vec thrice = Ops::add32(Ops::add32(once, once), once);
            sum = Ops::template sra32<8>(Ops::sub32(thrice, carried));
          }
          total[t][v] = Ops::add32(total[t][v], sum);
        }
    }
    store_rows<T>(total, sums, live, y, ldy);
  }

  TERN_TARGET static void unpack(const std::uint8_t* w, std::size_t blocks, std::uint8_t* codes) {
    for (std::size_t b = 0; b < blocks; ++b, codes += 5 * kQuadBytes)
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVecs; ++v) {
        const std::size_t at = v * Ops::kBytes;
        Vec r = Ops::load(w + b * kT5p.block_bytes + at);
        prefetch_ahead(w + b * kT5p.block_bytes + at);
#pragma GCC unroll 5
        for (std::size_t n = 0; n < 5; ++n) {
          Ops::store_bytes(codes + n * kQuadBytes + at, Ops::carry3(r));
          r = times3(r);
        }
      }
  }
};

// P panels of codes as bytes, [P, quads, 64], and T tokens.
template <std::size_t P, std::size_t T>
TERN_TARGET void tile(const std::uint8_t* codes, std::size_t quads, const std::int8_t* x,
                      std::size_t ldx, const std::int32_t* sums, std::size_t live, std::int32_t* y,
                      std::size_t ldy) {
  constexpr std::size_t kChunk = Ops::kExact32 ? kNever : kMacsPerWidening;
  const std::size_t panel_bytes = quads * kQuadBytes;
  Vec total[P][T][kVecs];
#pragma GCC unroll 4
  for (std::size_t p = 0; p < P; ++p)
#pragma GCC unroll 8
    for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVecs; ++v) total[p][t][v] = Ops::zero();
  for (std::size_t q = 0; q < quads;) {
    const std::size_t end = quads - q > kChunk ? q + kChunk : quads;
    Vec acc[P][T][kVecs];
#pragma GCC unroll 4
    for (std::size_t p = 0; p < P; ++p)
#pragma GCC unroll 8
      for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
        for (std::size_t v = 0; v < kVecs; ++v) acc[p][t][v] = Ops::zero();
    for (; q < end; ++q) {
      Vec w[P][kVecs];
#pragma GCC unroll 4
      for (std::size_t p = 0; p < P; ++p)
#pragma GCC unroll 2
        for (std::size_t v = 0; v < kVecs; ++v)
          w[p][v] = Ops::load(codes + p * panel_bytes + q * kQuadBytes + v * Ops::kBytes);
#pragma GCC unroll 8
      for (std::size_t t = 0; t < T; ++t) {
        const Vec xs = Ops::set1_quad(x + t * ldx + q * kQuadCols);
#pragma GCC unroll 4
        for (std::size_t p = 0; p < P; ++p)
#pragma GCC unroll 2
          for (std::size_t v = 0; v < kVecs; ++v)
            acc[p][t][v] = Ops::mac(acc[p][t][v], w[p][v], xs);
      }
    }
#pragma GCC unroll 4
    for (std::size_t p = 0; p < P; ++p)
#pragma GCC unroll 8
      for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
        for (std::size_t v = 0; v < kVecs; ++v)
          total[p][t][v] = Ops::add32(total[p][t][v], Ops::widen(acc[p][t][v]));
  }
#pragma GCC unroll 4
  for (std::size_t p = 0; p < P; ++p)
    store_rows<T>(total[p], sums, p + 1 < P ? kPanelRows : live, y + p * kPanelRows, ldy);
}

// Calls step.operator()<T>(first token) over [0, tokens): T = Most while that many are left, then
// the rest at once.
template <std::size_t Most, typename Step>
void for_tokens(std::size_t tokens, const Step& step, std::size_t first = 0) {
  for (; tokens - first >= Most; first += Most) step.template operator()<Most>(first);
  if constexpr (Most > 1)
    if (first < tokens) for_tokens<Most - 1>(tokens, step, first);
}

template <typename Layout>
void multiply(const TernaryView& w, const std::int8_t* x, std::size_t ldx, std::size_t tokens,
              std::int32_t* y, std::size_t ldy) {
  constexpr const Geometry& g = Layout::kGeometry;
  const std::size_t blocks = g.blocks(w.cols), panel_bytes = g.panel_bytes(w.cols);
  thread_local std::vector<std::int32_t> sums;
  sums.resize(tokens);
  for (std::size_t t = 0; t < tokens; ++t) sums[t] = sum_of(x + t * ldx, w.cols);

  if (tokens <= kSmallBatch) {
    for (std::size_t r = 0; r < w.rows; r += kPanelRows) {
      const std::uint8_t* panel = w.data + r / kPanelRows * panel_bytes;
      const std::size_t live = std::min(kPanelRows, w.rows - r);
      for_tokens<Ops::kSmallTokens>(tokens, [&]<std::size_t T>(std::size_t t) {
        Layout::template small<T>(panel, blocks, x + t * ldx, ldx, sums.data() + t, live,
                                  y + t * ldy + r, ldy);
      });
    }
    return;
  }

  const std::size_t quads = blocks * g.block_cols / kQuadCols;
  thread_local CodeBuffer codes;
  std::uint8_t* bytes = codes.room(Ops::kTilePanels * quads * kQuadBytes);
  const auto group = [&]<std::size_t P>(std::size_t r) {
    for (std::size_t p = 0; p < P; ++p)
      Layout::unpack(w.data + (r / kPanelRows + p) * panel_bytes, blocks,
                     bytes + p * quads * kQuadBytes);
    const std::size_t live = std::min(kPanelRows, w.rows - r - (P - 1) * kPanelRows);
    for_tokens<Ops::kTileTokens>(tokens, [&]<std::size_t T>(std::size_t t) {
      tile<P, T>(bytes, quads, x + t * ldx, ldx, sums.data() + t, live, y + t * ldy + r, ldy);
    });
  };
  for_tokens<Ops::kTilePanels>(g.panels(w.rows), [&]<std::size_t P>(std::size_t panel) {
    group.template operator()<P>(panel * kPanelRows);
  });
}
