// SPDX-License-Identifier: Apache-2.0
//
// t2p and t5p on AMX int8 tiles, over either of the tile operations of amx_tiles.h. A row of a B
// tile is a quad of 16 rows (panels.h), so 16 unpacked quads of a panel are a B tile as they lie;
// an A tile is 64 columns of 16 tokens as they lie. Two panels meet 32 tokens at a time: 4 loads of
// 1 KB to 4 products of 16 cycles, whose sums stay in their tiles. Codes are unpacked anew for
// every 32 tokens, a few tiles ahead of the products, in L1.
//
// What binds (Emerald Rapids, 2560x2560, percent of the peak of tdpbsud). Of a core alone: 57 to
// 60; 76 without unpacking, 65 with activations from L1, 79 with both. Of a core whose other
// hyperthread works: 33 to 36, whether unpacking and L2 are there (33, 35) or not (33, 36), for
// there the core has few tiles beyond the 8 of each thread to rename to. The peak itself is then
// 1912 GMAC/s with 8 tiles in use, 3695 with 6, 4159 with 5, 4275 with 4, and 1957 with 5 and 3
// more that were loaded and lie idle (4070 when those are zero). Hence both A tiles go to one
// register: 7 tiles in use give 34 there for 24 by 8, and alone, too, 3 more. 6 with 5 loads give
// 35, and 51 alone; 4 with 3 loads to 2 products 39, and 45. And unpacking stands between the
// products, in halves of tiles: 52 becomes 57 to 60 alone.
//
// No gain: activations laid out tile by tile, gf2p8affineqb for shifts and masks, codes of 64
// tokens unpacked to L2, chunks of codes in L1 for all tokens with sums carried through memory
// (less), one panel by 64 tokens (50), prefetch of activations (49). Stores of sums wait for their
// lines, which are therefore asked for when a pass begins a pair of panels. No include guard:
// panels_amx*.cc include this inside their unnamed namespaces, after they have defined TERN_TARGET,
// Tiles (amx_tiles.h) and sum_of(x, cols), cols a multiple of 64.

constexpr std::size_t kTilePanels = 2;
constexpr std::size_t kTileQuads = kTileRows;              // of a B tile
constexpr std::size_t kTileCols = kTileQuads * kQuadCols;  // 64
constexpr std::size_t kTileBytes = kTileRows * kTileRowBytes;
constexpr std::size_t kPairRows = kTilePanels * kPanelRows;
constexpr std::size_t kPairTokens = 2 * kTileRows;

// Tiles unpacked at a time: a multiple of 5, which are 16 blocks of t5p.
constexpr std::size_t kChunkTiles = 5;
constexpr std::size_t kChunkBytes = kChunkTiles * kTileBytes;

// What is read again and again: with the lines of results a quarter of a 2 MB L2 cache, as a core
// may have two threads.
constexpr std::size_t kTokensBytes = std::size_t{192} << 10, kWeightsBytes = std::size_t{192} << 10;

// So many tokens ask for their weights: the next pair of panels while one is unpacked. From memory,
// 2560x2560, 2 threads: 8 tokens 55 -> 80 % of read bandwidth, 16 tokens 54 -> 71. It costs 10 %
// where weights lie in L2. More tokens take longer than their weights do.
constexpr std::size_t kAskedTokens = kPairTokens;

// Unpack: kGeometry and block(): the quads of a block as bytes.
template <typename Unpack>
struct AmxProduct {
  static constexpr const Geometry& kGeometry = Unpack::kGeometry;
  static constexpr std::size_t kChunkBlocks = kChunkTiles * kTileCols / kGeometry.block_cols;
  static_assert(kChunkBlocks * kGeometry.block_cols == kChunkTiles * kTileCols);
  static constexpr std::size_t kBlockBytes = kGeometry.block_cols * kPanelRows;  // unpacked
  // One or two tiles of tokens, of the same rows: the second tile of an odd number of tokens begins
  // with the last one of the first.
  struct Tokens {
    std::size_t rows;    // of a tile
    std::size_t second;  // token that the second tile begins with, or 0

    explicit Tokens(std::size_t tokens)
        : rows(tokens > kTileRows ? (tokens + 1) / 2 : tokens), second(tokens - rows) {}
  };

  // Tiles 0 to 3: C of token tile i and panel j at 2 i + j; 4: A; 6, 7: B.
  TERN_TARGET static void configure(const Tokens& tokens) {
    TileConfig config;
    for (const std::size_t tile : {0, 1, 2, 3, 4}) config.set(tile, tokens.rows, kTileRowBytes);
    for (const std::size_t tile : {6, 7}) config.set(tile, kTileRows, kTileRowBytes);
    Tiles::configure(config);
  }

  // C from what is the same for both panels.
  TERN_TARGET static void load(const std::int32_t* sums, std::size_t second) {
    Tiles::load<0>(sums, kTileRowBytes);
    Tiles::load<1>(sums, kTileRowBytes);
    if (second == 0) return;
    Tiles::load<2>(sums + second * kPanelRows, kTileRowBytes);
    Tiles::load<3>(sums + second * kPanelRows, kTileRowBytes);
  }

  TERN_TARGET static void store(std::int32_t* to, std::size_t ld, std::size_t second) {
    const std::size_t stride = ld * sizeof(std::int32_t);
    Tiles::store<0>(to, stride);
    Tiles::store<1>(to + kPanelRows, stride);
    if (second == 0) return;
    Tiles::store<2>(to + second * ld, stride);
    Tiles::store<3>(to + second * ld + kPanelRows, stride);
  }

  // A chunk of one or two panels that is to be unpacked, some blocks at a time. What x has beyond
  // its columns is 0, so a last tile may end in any codes; a panel that is not there, too, as its
  // sums go nowhere.
  template <bool kAsk>
  struct Packed {
    const std::uint8_t* at;   // of the first panel
    std::size_t panel_bytes;  // to the second one
    std::size_t panels;
    std::size_t blocks;
    std::uint8_t* codes;           // [kTilePanels, kChunkBytes]
    const std::uint8_t* end_of_w;  // kAsk: the next pair is asked for up to there

    TERN_TARGET void unpack(std::size_t p, std::size_t begin, std::size_t end) const {
      if (p >= panels) return;
      end = std::min(end, blocks);
      for (std::size_t b = begin; b < end; ++b) {
        const std::uint8_t* block = at + p * panel_bytes + b * kGeometry.block_bytes;
        if constexpr (kAsk) ask(block);
        Unpack::block(block, codes + p * kChunkBytes + b * kBlockBytes);
      }
    }

    TERN_TARGET [[gnu::always_inline]] void ask(const std::uint8_t* block) const {
      const auto left = static_cast<std::size_t>(end_of_w - block);
      prefetch<2>(block, left > kTilePanels * panel_bytes ? kTilePanels * panel_bytes : 0);
    }

    // A half of tile k of panel p.
    template <std::size_t kHalf>
    TERN_TARGET [[gnu::always_inline]] void unpack_half(std::size_t p, std::size_t k) const {
      const std::size_t half = 2 * k + kHalf;
      unpack(p, half * kChunkBlocks / (2 * kChunkTiles),
             (half + 1) * kChunkBlocks / (2 * kChunkTiles));
    }

    TERN_TARGET void unpack_from(std::size_t k) const {
      for (std::size_t p = 0; p < panels; ++p)
        unpack(p, k * kChunkBlocks / kChunkTiles, kChunkBlocks);
    }
  };

  // Products of a chunk, whose codes make room for those of the next one as soon as they are in
  // their tiles: the tile unit works while codes are unpacked. (With two chunks in turn it does
  // not: loads of tiles wait for stores 4 KB apart. 45 for 62 % of the peak.)
  template <bool kAsk>
  TERN_TARGET static void products(std::size_t tiles, const std::int8_t* x, std::size_t ldx,
                                   std::size_t second, const Packed<kAsk>& next) {
    const std::uint8_t* codes = next.codes;
    for (std::size_t k = 0; k < tiles; ++k, codes += kTileBytes, x += kTileCols) {
      Tiles::load<4>(x, ldx);
      Tiles::load<6>(codes, kTileRowBytes);
      next.template unpack_half<0>(0, k);
      Tiles::mac_signed_unsigned<0, 4, 6>();
      Tiles::load<7>(codes + kChunkBytes, kTileRowBytes);
      Tiles::mac_signed_unsigned<1, 4, 7>();
      next.template unpack_half<1>(0, k);
      next.template unpack_half<0>(1, k);
      if (second != 0) {
        Tiles::load<4>(x + second * ldx, ldx);
        Tiles::mac_signed_unsigned<2, 4, 6>();
      }
      next.template unpack_half<1>(1, k);
      if (second != 0) Tiles::mac_signed_unsigned<3, 4, 7>();
    }
    next.unpack_from(tiles);
  }

  // All rows and 32 tokens at most.
  //   sums  [tokens, kPanelRows]: less the sum of x, repeated
  //   kAsk  weights come from memory, where they end at end_of_w
  template <bool kAsk>
  TERN_TARGET static void pass(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                               std::size_t tokens, const std::int32_t* sums, std::int32_t* y,
                               std::size_t ldy, const std::uint8_t* end_of_w) {
    const std::size_t tiles = (w.cols + kTileCols - 1) / kTileCols;
    const std::size_t blocks = kGeometry.blocks(w.cols);
    const Tokens tiled(tokens);
    alignas(64) std::uint8_t codes[kTilePanels * kChunkBytes];
    alignas(64) std::int32_t edge[kPairTokens * kPairRows];
    // Tiles [k, k + kChunkTiles) of the panels from row r on; beyond the last row there are none.
    const auto packed = [&](std::size_t r, std::size_t k) -> Packed<kAsk> {
      const std::size_t live = r < w.rows ? std::min(kPairRows, w.rows - r) : 0;
      const std::size_t panel_bytes = kGeometry.panel_bytes(w.cols);
      const std::size_t b = k / kChunkTiles * kChunkBlocks;
      return {w.data + r / kPanelRows * panel_bytes + b * kGeometry.block_bytes,
              panel_bytes,
              (live + kPanelRows - 1) / kPanelRows,
              std::min(kChunkBlocks, blocks - b),
              codes,
              end_of_w};
    };
    configure(tiled);
    packed(0, 0).unpack_from(0);
    for (std::size_t r = 0; r < w.rows; r += kPairRows) {
      const std::size_t live = std::min(kPairRows, w.rows - r);
      for (std::size_t t = 0; t < tokens; ++t) {
        __builtin_prefetch(y + t * ldy + r, 1);
        __builtin_prefetch(y + t * ldy + r + live - 1, 1);
      }
      load(sums, tiled.second);
      for (std::size_t k = 0; k < tiles; k += kChunkTiles) {
        const bool last = k + kChunkTiles >= tiles;
        products(std::min(kChunkTiles, tiles - k), x + k * kTileCols, ldx, tiled.second,
                 last ? packed(r + kPairRows, 0) : packed(r, k + kChunkTiles));
      }
      if (live == kPairRows) {
        store(y + r, ldy, tiled.second);
      } else {
        store(edge, kPairRows, tiled.second);
        for (std::size_t t = 0; t < tokens; ++t)
          std::copy_n(edge + t * kPairRows, live, y + t * ldy + r);
      }
    }
    Tiles::release();
  }

  // Rows and tokens by as many as L2 holds of each: what passes of 32 tokens read again.
  static void multiply(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                       std::size_t tokens, std::int32_t* y, std::size_t ldy) {
    if (w.rows == 0 || tokens == 0) return;
    const std::uint8_t* end_of_w = w.data + kGeometry.bytes(w.rows, w.cols);
    const bool asks = asks_ahead() && tokens <= kAskedTokens;
    if (asks) prefetch_begin(w.data, end_of_w);
    thread_local Scratch sums_block;
    auto* sums = sums_block.room<std::int32_t>(tokens * kPanelRows);
    const std::size_t padded = (w.cols + kTileCols - 1) / kTileCols * kTileCols;
    for (std::size_t t = 0; t < tokens; ++t)
      std::fill_n(sums + t * kPanelRows, kPanelRows, -sum_of(x + t * ldx, padded));

    const std::size_t some_tokens = at_most(kTokensBytes, ldx, kPairTokens);
    const std::size_t some_rows =
        at_most(kWeightsBytes, kGeometry.panel_bytes(w.cols) / kPanelRows, kPairRows);
    for (std::size_t t0 = 0; t0 < tokens; t0 += some_tokens)
      for (std::size_t r = 0; r < w.rows; r += some_rows) {
        const TernaryView rows = w.slice(kGeometry, r, std::min(w.rows, r + some_rows));
        const std::size_t end = std::min(tokens, t0 + some_tokens);
        for (std::size_t t = t0; t < end; t += kPairTokens)
          (asks && t == t0 ? pass<true>
                           : pass<false>)(rows, x + t * ldx, ldx, std::min(kPairTokens, end - t),
                                          sums + t * kPanelRows, y + t * ldy + r, ldy, end_of_w);
      }
  }

 private:
  // How many items of `each` bytes, a multiple of `step`.
  static std::size_t at_most(std::size_t bytes, std::size_t each, std::size_t step) {
    return std::max(step, bytes / each / step * step);
  }
};
