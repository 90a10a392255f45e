// SPDX-License-Identifier: Apache-2.0
//
// t2p and t5p on AMX int8 tiles, over either of the tile operations of amx_tiles.h. A row of a B
// tile is a quad of 16 rows (panels.h), so 16 unpacked quads of a panel are a B tile as they lie;
// an A tile is 64 columns of 16 tokens as they lie. Two panels meet 32 tokens: 4 loads of 1 KB to 4
// products of 16 cycles, which L1 sustains and L2 does not (Emerald Rapids, 512 tokens: 28 % of the
// tdpbusd peak with both operands in L2). So a chunk of the panels' columns is unpacked into L1 and
// all tokens pass it, their sums carried through memory from chunk to chunk; of 32 tokens at most
// they stay in their tiles.
// No include guard: panels_amx*.cc include this inside their unnamed namespaces, after they have
// defined TERN_TARGET and Tiles (amx_tiles.h).

constexpr std::size_t kTilePanels = 2;
constexpr std::size_t kTileQuads = kTileRows;              // of a B tile
constexpr std::size_t kTileCols = kTileQuads * kQuadCols;  // 64
constexpr std::size_t kTileBytes = kTileRows * kTileRowBytes;
constexpr std::size_t kPairRows = kTilePanels * kPanelRows;
constexpr std::size_t kPairTokens = 2 * kTileRows;

// Tiles of a panel's chunk, a multiple of 5, which are 16 blocks of t5p. 10 of two panels are 20
// KB; fewer overlap better with the products of the chunk before.
constexpr std::size_t kManyTiles = 10, kFewTiles = 5;

struct AmxScratch {
  std::vector<std::int32_t> sums;     // [tokens, kPanelRows]: less the sum of a token's x
  std::vector<std::int32_t> carried;  // [tokens, kPairRows]
};

// Unpack: kGeometry and block(): the quads of a block as bytes.
template <typename Unpack>
struct AmxProduct {
  static constexpr const Geometry& kGeometry = Unpack::kGeometry;
  static constexpr std::size_t kBlockBytes = kGeometry.block_cols * kPanelRows;  // unpacked
  static constexpr std::size_t kChunkBytes = kManyTiles * kTileBytes;

  // One of the two halves of this, in turn: products may still read the other one.
  struct alignas(64) Codes {
    std::uint8_t bytes[2][kTilePanels][kChunkBytes];
  };

  // Tiles 0 to 3: C of token tile i and panel j at 2 i + j; 4, 5: A; 6, 7: B.
  TERN_TARGET static void configure(std::size_t tokens) {
    const std::size_t first = std::min(kTileRows, tokens);
    const std::size_t second = tokens > kTileRows ? tokens - kTileRows : kTileRows;
    TileConfig config;
    for (const std::size_t c : {0, 1}) {
      config.set(c, first, kTileRowBytes);
      config.set(2 + c, second, kTileRowBytes);
      config.set(6 + c, kTileRows, kTileRowBytes);
    }
    config.set(4, first, kTileRowBytes);
    config.set(5, second, kTileRowBytes);
    Tiles::configure(config);
  }

  struct Sums {
    std::int32_t* at;        // of the first token and row
    std::size_t ld;          // elements from token to token
    std::size_t panel_step;  // and from panel to panel

    std::int32_t* tile(std::size_t i, std::size_t j) const {
      return at + i * kTileRows * ld + j * panel_step;
    }
    std::size_t bytes() const { return ld * sizeof(std::int32_t); }
  };

  TERN_TARGET static void load(const Sums& sums, bool two) {
    Tiles::load<0>(sums.tile(0, 0), sums.bytes());
    Tiles::load<1>(sums.tile(0, 1), sums.bytes());
    if (!two) return;
    Tiles::load<2>(sums.tile(1, 0), sums.bytes());
    Tiles::load<3>(sums.tile(1, 1), sums.bytes());
  }

  TERN_TARGET static void store(const Sums& sums, bool two) {
    Tiles::store<0>(sums.tile(0, 0), sums.bytes());
    Tiles::store<1>(sums.tile(0, 1), sums.bytes());
    if (!two) return;
    Tiles::store<2>(sums.tile(1, 0), sums.bytes());
    Tiles::store<3>(sums.tile(1, 1), sums.bytes());
  }

  TERN_TARGET static void products(const std::uint8_t (&codes)[kTilePanels][kChunkBytes],
                                   std::size_t tiles, const std::int8_t* x, std::size_t ldx,
                                   bool two) {
    for (std::size_t k = 0; k < tiles; ++k) {
      const std::int8_t* a = x + k * kTileCols;
      Tiles::load<6>(codes[0] + k * kTileBytes, kTileRowBytes);
      Tiles::load<4>(a, ldx);
      Tiles::mac_signed_unsigned<0, 4, 6>();
      Tiles::load<7>(codes[1] + k * kTileBytes, kTileRowBytes);
      Tiles::mac_signed_unsigned<1, 4, 7>();
      if (!two) continue;
      Tiles::load<5>(a + kTileRows * ldx, ldx);
      Tiles::mac_signed_unsigned<2, 5, 6>();
      Tiles::mac_signed_unsigned<3, 5, 7>();
    }
  }

  // Codes of a chunk of two panels. What x has beyond its columns is 0, so a last tile may end in
  // any codes; a panel that is not there, too, as its sums go nowhere.
  template <bool kAsk>
  TERN_TARGET static void unpack(const std::uint8_t* panel, std::size_t panel_bytes,
                                 std::size_t panels, std::size_t blocks,
                                 std::uint8_t (&codes)[kTilePanels][kChunkBytes]) {
    for (std::size_t p = 0; p < panels; ++p)
      for (std::size_t b = 0; b < blocks; ++b) {
        const std::uint8_t* at = panel + p * panel_bytes + b * kGeometry.block_bytes;
        if constexpr (kAsk) prefetch_stream(at);
        Unpack::block(at, codes[p] + b * kBlockBytes);
      }
  }

  TERN_TARGET static void multiply(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                                   std::size_t tokens, std::int32_t* y, std::size_t ldy) {
    const std::size_t tiles = (w.cols + kTileCols - 1) / kTileCols;
    const std::size_t panel_bytes = kGeometry.panel_bytes(w.cols);
    const bool few = tokens <= kPairTokens, asks = asks_ahead();
    const std::size_t chunk_tiles = few ? kFewTiles : kManyTiles;
    static thread_local AmxScratch scratch;
    scratch.sums.resize(tokens * kPanelRows);
    scratch.carried.resize(tokens * kPairRows);
    for (std::size_t t = 0; t < tokens; ++t) {
      std::int32_t sum = 0;
      for (std::size_t k = 0; k < tiles * kTileCols; ++k) sum += x[t * ldx + k];
      std::fill_n(scratch.sums.data() + t * kPanelRows, kPanelRows, -sum);
    }
    static thread_local Codes codes;
    std::size_t configured = 0, turn = 0;
    for (std::size_t r = 0; r < w.rows; r += kPairRows) {
      const std::size_t live = std::min(kPairRows, w.rows - r);
      const std::size_t panels = (live + kPanelRows - 1) / kPanelRows;
      const std::uint8_t* panel = w.data + r / kPanelRows * panel_bytes;
      for (std::size_t k = 0; k < tiles; k += chunk_tiles, turn ^= 1) {
        const std::size_t some = std::min(chunk_tiles, tiles - k);
        const std::size_t first_block = k * kTileCols / kGeometry.block_cols;
        const std::size_t blocks = std::min(chunk_tiles * kTileCols / kGeometry.block_cols,
                                            kGeometry.blocks(w.cols) - first_block);
        const std::uint8_t* at = panel + first_block * kGeometry.block_bytes;
        if (asks)
          unpack<true>(at, panel_bytes, panels, blocks, codes.bytes[turn]);
        else
          unpack<false>(at, panel_bytes, panels, blocks, codes.bytes[turn]);
        const bool begins = k == 0, ends = k + some == tiles;
        for (std::size_t t = 0; t < tokens; t += kPairTokens) {
          const std::size_t count = std::min(kPairTokens, tokens - t);
          const bool two = count > kTileRows;
          if (count != configured) {
            configure(count);
            configured = count;
          }
          const Sums carried = {scratch.carried.data() + t * kPairRows, kPairRows, kPanelRows};
          if (begins)
            load({scratch.sums.data() + t * kPanelRows, kPanelRows, 0}, two);
          else if (!few)
            load(carried, two);
          products(codes.bytes[turn], some, x + t * ldx + k * kTileCols, ldx, two);
          if (ends && live == kPairRows)
            store({y + t * ldy + r, ldy, kPanelRows}, two);
          else if (ends || !few)
            store(carried, two);
        }
      }
      if (live < kPairRows)
        for (std::size_t t = 0; t < tokens; ++t)
          std::copy_n(scratch.carried.data() + t * kPairRows, live, y + t * ldy + r);
    }
    if (configured != 0) Tiles::release();
  }
};
