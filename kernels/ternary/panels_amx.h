// SPDX-License-Identifier: Apache-2.0
//
// t2p and t5p on AMX int8 tiles, over either of the tile operations of amx_tiles.h. A row of a B
// tile is a quad of 16 rows (panels.h), so 16 unpacked quads of a panel are a B tile as they lie;
// an A tile is 64 columns of 16 tokens as they lie. Two panels meet 32 tokens at a time: 4 loads of
// 1 KB to 4 products of 16 cycles, whose sums stay in their tiles. The first 32 tokens meet codes
// as soon as they are unpacked, the others find all of both panels in L2 (82 KB for 2560 columns).
//
// Emerald Rapids, ns for 4 products: 19 without loads, 26 with all operands in L1, 31 to 33 as
// here. With a chunk of the codes in L1 for all tokens and the sums carried through memory 41: the
// stores of sums wait for their lines. Those of y are therefore asked for when a block of tokens
// begins. No include guard: panels_amx*.cc include this inside their unnamed namespaces, after they
// have defined TERN_TARGET and Tiles (amx_tiles.h).

constexpr std::size_t kTilePanels = 2;
constexpr std::size_t kTileQuads = kTileRows;              // of a B tile
constexpr std::size_t kTileCols = kTileQuads * kQuadCols;  // 64
constexpr std::size_t kTileBytes = kTileRows * kTileRowBytes;
constexpr std::size_t kPairRows = kTilePanels * kPanelRows;
constexpr std::size_t kPairTokens = 2 * kTileRows;

// Tiles unpacked at a time: a multiple of 5, which are 16 blocks of t5p.
constexpr std::size_t kChunkTiles = 5;
constexpr std::size_t kBlockTokensBytes = std::size_t{768} << 10;  // of activations

// Unpack: kGeometry and block(): the quads of a block as bytes.
template <typename Unpack>
struct AmxProduct {
  static constexpr const Geometry& kGeometry = Unpack::kGeometry;
  static constexpr std::size_t kChunkBlocks = kChunkTiles * kTileCols / kGeometry.block_cols;
  static_assert(kChunkBlocks * kGeometry.block_cols == kChunkTiles * kTileCols);
  static constexpr std::size_t kBlockBytes = kGeometry.block_cols * kPanelRows;  // unpacked
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

  // A chunk of one or two panels that is to be unpacked, some blocks at a time. What x has beyond
  // its columns is 0, so a last tile may end in any codes; a panel that is not there, too, as its
  // sums go nowhere.
  struct Packed {
    const std::uint8_t* at;   // of the first panel
    std::size_t panel_bytes;  // to the second one
    std::size_t panels;
    std::size_t blocks;
    std::uint8_t* codes;  // of the first panel
    std::size_t step;     // bytes to those of the second one

    TERN_TARGET void unpack(std::size_t begin, std::size_t end) const {
      end = std::min(end, blocks);
      for (std::size_t p = 0; p < panels; ++p)
        for (std::size_t b = begin; b < end; ++b) {
          const std::uint8_t* block = at + p * panel_bytes + b * kGeometry.block_bytes;
          Unpack::block(block, codes + p * step + b * kBlockBytes);
        }
    }
  };

  //   codes  of the first panel; those of the second one are `step` bytes further
  //   next   unpacked meanwhile, where kMore: the tile unit works on its own
  template <bool kMore>
  TERN_TARGET static void products(const std::uint8_t* codes, std::size_t step, std::size_t tiles,
                                   const std::int8_t* x, std::size_t ldx, bool two,
                                   const Packed& next) {
    for (std::size_t k = 0; k < tiles; ++k, codes += kTileBytes, x += kTileCols) {
      Tiles::load<6>(codes, kTileRowBytes);
      Tiles::load<4>(x, ldx);
      Tiles::mac_signed_unsigned<0, 4, 6>();
      Tiles::load<7>(codes + step, kTileRowBytes);
      Tiles::mac_signed_unsigned<1, 4, 7>();
      if (two) {
        Tiles::load<5>(x + kTileRows * ldx, ldx);
        Tiles::mac_signed_unsigned<2, 5, 6>();
        Tiles::mac_signed_unsigned<3, 5, 7>();
      }
      if constexpr (kMore)
        next.unpack(k * kChunkBlocks / kChunkTiles, (k + 1) * kChunkBlocks / kChunkTiles);
    }
    if constexpr (kMore) next.unpack(tiles * kChunkBlocks / kChunkTiles, kChunkBlocks);
  }

  TERN_TARGET static void block_product(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                                        std::size_t tokens, std::int32_t* y, std::size_t ldy) {
    const std::size_t tiles = (w.cols + kTileCols - 1) / kTileCols,
                      blocks = kGeometry.blocks(w.cols);
    const std::size_t chunks = (tiles + kChunkTiles - 1) / kChunkTiles;
    const bool once = tokens <= kPairTokens;
    // Who needs them once has two chunks in turn, which L1 holds.
    const std::size_t step = (once ? 2 : chunks) * kChunkTiles * kTileBytes;
    thread_local Scratch codes_block, sums_block, edge_block;
    auto* all_codes = codes_block.room<std::uint8_t>(kTilePanels * step);
    auto* sums = sums_block.room<std::int32_t>(tokens * kPanelRows);  // less the sum of x, repeated
    auto* edge = edge_block.room<std::int32_t>(kPairTokens * kPairRows);
    for (std::size_t t = 0; t < tokens; ++t) {
      std::fill_n(sums + t * kPanelRows, kPanelRows, -sum_of(x + t * ldx, tiles * kTileCols));
    }
    // Chunk c of the panels from row r on; beyond the last row there are none.
    const auto packed = [&](std::size_t r, std::size_t c, std::size_t turn) -> Packed {
      const std::size_t live = r < w.rows ? std::min(kPairRows, w.rows - r) : 0;
      const std::size_t panel_bytes = kGeometry.panel_bytes(w.cols), b = c * kChunkBlocks;
      return {w.data + r / kPanelRows * panel_bytes + b * kGeometry.block_bytes,
              panel_bytes,
              (live + kPanelRows - 1) / kPanelRows,
              std::min(kChunkBlocks, blocks - b),
              all_codes + (once ? turn % 2 : c) * kChunkTiles * kTileBytes,
              step};
    };
    std::size_t configured = 0, turn = 0;
    if (once) packed(0, 0, 0).unpack(0, kChunkBlocks);
    for (std::size_t r = 0; r < w.rows; r += kPairRows) {
      const std::size_t live = std::min(kPairRows, w.rows - r);
      if (!once) packed(r, 0, 0).unpack(0, kChunkBlocks);
      for (std::size_t t = 0; t < tokens; t += kPairTokens) {
        const std::size_t count = std::min(kPairTokens, tokens - t);
        const bool two = count > kTileRows;
        if (count != configured) {
          configure(count);
          configured = count;
        }
        std::int32_t* to = y + t * ldy + r;
        for (std::size_t i = 0; i < count; ++i) {
          __builtin_prefetch(to + i * ldy, 1);
          __builtin_prefetch(to + i * ldy + live - 1, 1);
        }
        load({sums + t * kPanelRows, kPanelRows, 0}, two);
        const std::int8_t* xs = x + t * ldx;
        if (t > 0) {
          products<false>(all_codes, step, tiles, xs, ldx, two, {});
        } else {
          for (std::size_t c = 0; c < chunks; ++c, ++turn) {
            const bool last = c + 1 == chunks;
            const Packed next = !last  ? packed(r, c + 1, turn + 1)
                                : once ? packed(r + kPairRows, 0, turn + 1)
                                       : Packed{};
            products<true>(packed(r, c, turn).codes, step,
                           std::min(kChunkTiles, tiles - c * kChunkTiles),
                           xs + c * kChunkTiles * kTileCols, ldx, two, next);
          }
        }
        if (live == kPairRows) {
          store({to, ldy, kPanelRows}, two);
        } else {
          store({edge, kPairRows, kPanelRows}, two);
          for (std::size_t i = 0; i < count; ++i)
            std::copy_n(edge + i * kPairRows, live, to + i * ldy);
        }
      }
    }
    if (configured != 0) Tiles::release();
  }

  // Tokens by as many as L2 holds beside the codes.
  static void multiply(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                       std::size_t tokens, std::int32_t* y, std::size_t ldy) {
    const std::size_t parts = (tokens * ldx + kBlockTokensBytes - 1) / kBlockTokensBytes;
    const std::size_t pairs = (tokens + kPairTokens - 1) / kPairTokens;
    const std::size_t some = parts == 0 ? 0 : (pairs + parts - 1) / parts * kPairTokens;
    for (std::size_t t = 0; t < tokens; t += some)
      block_product(w, x + t * ldx, ldx, std::min(some, tokens - t), y + t * ldy, ldy);
  }
};
