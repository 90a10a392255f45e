// SPDX-License-Identifier: Apache-2.0
//
// A panel and many tokens: a chunk of its columns is unpacked to bytes, which stay in the L1 cache
// while the tokens pass. No include guard: part of panels_tile.h.
//
// What is saved is unpacking once per kTokens tokens. AVX2 takes vpmaddubsw and vpaddw per product
// and, in registers, 2 operations more per 4 products: at 3 per cycle (Emerald Rapids) 60 % of the
// vpmaddubsw peak at most, 75 % this way (measured: 56 and 64 %; AVX-VNNI 61 and 84 %, as 6 tokens
// fit side by side). AVX-512 VNNI on t2p is better off in registers (84 for 70 %): 2 operations
// serve 8 products, and unpacked codes add a load to each 8.

constexpr std::size_t kChunkQuads = 256;  // 16 KB of codes

// Codes of `blocks` blocks as quads of bytes.
template <typename Layout, bool kAsk>
TERN_TARGET void unpack_chunk(const std::uint8_t* w, const std::uint8_t* end_of_w,
                              std::size_t blocks, std::uint8_t* codes) {
  for (std::size_t b = 0; b < blocks; ++b, w += Layout::kGeometry.block_bytes) {
    if constexpr (kAsk) prefetch_stream(w, end_of_w);
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kVecs; ++v) {
      Vec quads[Layout::kQuads];
      Layout::decode(Ops::load(w + v * Ops::kBytes), quads);
#pragma GCC unroll 5
      for (std::size_t n = 0; n < Layout::kQuads; ++n)
        Ops::store_bytes(codes + n * kQuadBytes + v * Ops::kBytes, quads[n]);
    }
    codes += Layout::kQuads * kQuadBytes;
  }
}

// carried[t] += codes * x, for T tokens.
template <std::size_t T>
TERN_TARGET void chunk_product(const std::uint8_t* codes, std::size_t quads, const std::int8_t* x,
                               std::size_t ldx, std::int32_t (*carried)[kPanelRows]) {
  constexpr std::size_t kChunk = Ops::kExact32 ? kNever : kMacsPerWidening;
  constexpr std::size_t kLanes = Ops::kBytes / sizeof(std::int32_t);
  Vec total[T][kVecs][1];
#pragma GCC unroll 12
  for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kVecs; ++v) total[t][v][0] = Ops::load(carried[t] + v * kLanes);
  for (std::size_t q = 0; q < quads;) {
    const std::size_t end = quads - q > kChunk ? q + kChunk : quads;
    Vec acc[T][kVecs][1];
    clear(acc);
    for (; q < end; ++q) {
      Vec quad[kVecs];
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVecs; ++v)
        quad[v] = Ops::load(codes + q * kQuadBytes + v * Ops::kBytes);
      mac_quad<T, 1>(quad, x + q * kQuadCols, ldx, 0, acc);
    }
#pragma GCC unroll 12
    for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVecs; ++v)
        total[t][v][0] = Ops::add32(total[t][v][0], Ops::widen(acc[t][v][0]));
  }
#pragma GCC unroll 12
  for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kVecs; ++v)
      Ops::store(carried[t] + v * kLanes, total[t][v][0], kLanes);
}

// y = one panel * tokens <= kTokenBlock.
template <typename Layout>
void unpacked_product(const std::uint8_t* w, const std::uint8_t* end_of_w, std::size_t blocks,
                      bool ask, const std::int8_t* x, std::size_t ldx, std::size_t tokens,
                      const std::int32_t* sums, std::size_t live, std::int32_t* y,
                      std::size_t ldy) {
  constexpr std::size_t kChunkBlocks = kChunkQuads / Layout::kQuads;
  alignas(64) std::uint8_t codes[kChunkBlocks * Layout::kQuads * kQuadBytes];
  alignas(64) std::int32_t carried[kTokenBlock][kPanelRows];
  for (std::size_t t = 0; t < tokens; ++t) std::fill_n(carried[t], kPanelRows, -sums[t]);
  for (std::size_t b = 0; b < blocks; b += kChunkBlocks) {
    const std::size_t some = std::min(kChunkBlocks, blocks - b);
    const auto unpack = ask ? unpack_chunk<Layout, true> : unpack_chunk<Layout, false>;
    unpack(w + b * Layout::kGeometry.block_bytes, end_of_w, some, codes);
    in_steps<Ops::kTokensUnpacked>(tokens, [&]<std::size_t T>(std::size_t t) {
      chunk_product<T>(codes, some * Layout::kQuads, x + t * ldx + b * Layout::kGeometry.block_cols,
                       ldx, carried + t);
    });
  }
  for (std::size_t t = 0; t < tokens; ++t) std::copy_n(carried[t], live, y + t * ldy);
}
