// SPDX-License-Identifier: Apache-2.0
//
// BF16 products on AMX tiles: 32 rows and 32 tokens per pass, 32 columns per step. Weights are
// the left operand, as they lie in memory; activations are interleaved once per call. No include
// guard: bf16_amx*.cc include this inside their unnamed namespaces, after they have defined
// TERN_TARGET and Tiles (amx_tiles.h).

constexpr std::size_t kTileCols = kTileRowBytes / sizeof(bf16);
constexpr std::size_t kTileElements = kTileRows * kTileCols;

// 16 rows of weights, or what is left of them.
struct RowBlock {
  const bf16* at;            // tile 0
  std::size_t tile_step;     // elements from one tile to the next
  std::size_t stride_bytes;  // from one row to the next
  const bf16* last;  // a copy of the last tile, filled up with 0, where the columns end in it
};

// `copy` has room for all tiles of a block.
RowBlock row_block(const DenseView<bf16>& w, std::size_t first, bf16* copy) {
  const std::size_t live = std::min(kTileRows, w.rows - first);
  const std::size_t tiles = (w.cols + kTileCols - 1) / kTileCols;
  const bf16* rows = w.data + first * w.cols;
  const bool whole = live == kTileRows;
  for (std::size_t tile = whole ? w.cols / kTileCols : 0; tile < tiles; ++tile)
    for (std::size_t r = 0; r < kTileRows; ++r) {
      bf16* to = copy + tile * kTileElements + r * kTileCols;
      const std::size_t k = tile * kTileCols;
      const std::size_t n = r < live ? std::min(kTileCols, w.cols - k) : 0;
      std::copy_n(rows + (n > 0 ? r * w.cols + k : 0), n, to);
      std::fill(to + n, to + kTileCols, bf16{0});
    }
  if (!whole) return {copy, kTileElements, kTileRowBytes, nullptr};
  const bf16* last = w.cols % kTileCols == 0 ? nullptr : copy + (tiles - 1) * kTileElements;
  return {rows, kTileCols, w.cols * sizeof(bf16), last};
}

template <int kTile>
TERN_TARGET inline void load_weights(const RowBlock& block, std::size_t tile, std::size_t count) {
  if (tile + 1 == count && block.last != nullptr)
    Tiles::load<kTile>(block.last, kTileRowBytes);
  else
    Tiles::load<kTile>(block.at + tile * block.tile_step, block.stride_bytes);
}

// y[t * ldy + r] from a tile of [16 rows, 16 tokens].
inline void scatter(const float (&c)[kTileRows][kTileRows], std::size_t rows, std::size_t tokens,
                    float* y, std::size_t ldy) {
  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t r = 0; r < rows; ++r) y[t * ldy + r] = c[r][t];
}

template <int kTile>
TERN_TARGET inline void store_results(std::size_t rows, std::size_t tokens, float* y,
                                      std::size_t ldy) {
  float c[kTileRows][kTileRows];
  Tiles::store<kTile>(c, kTileRowBytes);
  scatter(c, std::min(rows, kTileRows), std::min(tokens, kTileRows), y, ldy);
}

// A pass of kA x kB tiles. `next` is where the following rows begin: they come to L2 meanwhile.
template <bool kTwoA, bool kTwoB>
TERN_TARGET void pass(const RowBlock& a0, const RowBlock& a1, std::size_t count, const bf16* b0,
                      const bf16* b1, const bf16* next, std::size_t rows, std::size_t tokens,
                      float* y, std::size_t ldy) {
  Tiles::zero<0>();
  if constexpr (kTwoB) Tiles::zero<1>();
  if constexpr (kTwoA) Tiles::zero<2>();
  if constexpr (kTwoA && kTwoB) Tiles::zero<3>();
  auto ahead = reinterpret_cast<std::uintptr_t>(next);
  for (std::size_t tile = 0; tile < count; ++tile) {
    constexpr std::size_t kLines = (kTwoA ? 2 : 1) * kTileRows;
    if (next != nullptr)
      for (std::size_t i = 0; i < kLines; ++i, ahead += kTileRowBytes)
        __builtin_prefetch(reinterpret_cast<const void*>(ahead), 0, 2);
    load_weights<4>(a0, tile, count);
    Tiles::load<6>(b0 + tile * kTileElements, kTileRowBytes);
    Tiles::mac_bf16<0, 4, 6>();
    if constexpr (kTwoB) {
      Tiles::load<7>(b1 + tile * kTileElements, kTileRowBytes);
      Tiles::mac_bf16<1, 4, 7>();
    }
    if constexpr (kTwoA) {
      load_weights<5>(a1, tile, count);
      Tiles::mac_bf16<2, 5, 6>();
      if constexpr (kTwoB) Tiles::mac_bf16<3, 5, 7>();
    }
  }
  store_results<0>(rows, tokens, y, ldy);
  if constexpr (kTwoB) store_results<1>(rows, tokens - kTileRows, y + kTileRows * ldy, ldy);
  if constexpr (kTwoA) store_results<2>(rows - kTileRows, tokens, y + kTileRows, ldy);
  if constexpr (kTwoA && kTwoB)
    store_results<3>(rows - kTileRows, tokens - kTileRows, y + kTileRows * ldy + kTileRows, ldy);
}

// [16-token blocks, tiles, 16 pairs of columns, 16 tokens, 2], 0 past the columns and tokens.
void interleave(const float* x, std::size_t ldx, std::size_t tokens, std::size_t cols, bf16* to) {
  const std::size_t tiles = (cols + kTileCols - 1) / kTileCols;
  for (std::size_t block = 0; block * kTileRows < tokens; ++block)
    for (std::size_t tile = 0; tile < tiles; ++tile, to += kTileElements)
      for (std::size_t n = 0; n < kTileRows; ++n) {
        const std::size_t t = block * kTileRows + n;
        for (std::size_t i = 0; i < kTileCols; ++i) {
          const std::size_t k = tile * kTileCols + i;
          to[i / 2 * kTileCols + 2 * n + i % 2] =
              t < tokens && k < cols ? f32_to_bf16(x[t * ldx + k]) : bf16{0};
        }
      }
}

TERN_TARGET void multiply(const DenseView<bf16>& w, const float* x, std::size_t ldx,
                          std::size_t tokens, float* y, std::size_t ldy) {
  if (w.rows == 0 || tokens == 0) return;
  const std::size_t count = (w.cols + kTileCols - 1) / kTileCols;
  const std::size_t block_elements = count * kTileElements;
  const std::size_t token_blocks = (tokens + kTileRows - 1) / kTileRows;
  thread_local Scratch interleaved, copies;
  bf16* b = interleaved.room<bf16>(token_blocks * block_elements);
  bf16* copy = copies.room<bf16>(2 * block_elements);
  interleave(x, ldx, tokens, w.cols, b);

  Tiles::configure(whole_tiles());
  for (std::size_t r = 0; r < w.rows; r += 2 * kTileRows) {
    const std::size_t rows = w.rows - r;
    const bool two_a = rows > kTileRows;
    const RowBlock a0 = row_block(w, r, copy);
    const RowBlock a1 = two_a ? row_block(w, r + kTileRows, copy + block_elements) : a0;
    for (std::size_t t = 0; t < tokens; t += 2 * kTileRows) {
      const bf16* b0 = b + t / kTileRows * block_elements;
      const bf16* b1 = b0 + block_elements;
      const bf16* next = t == 0 ? w.data + (r + 2 * kTileRows) * w.cols : nullptr;
      float* to = y + t * ldy + r;
      const std::size_t left = tokens - t;
      if (two_a && left > kTileRows)
        pass<true, true>(a0, a1, count, b0, b1, next, rows, left, to, ldy);
      else if (two_a)
        pass<true, false>(a0, a1, count, b0, b1, next, rows, left, to, ldy);
      else if (left > kTileRows)
        pass<false, true>(a0, a1, count, b0, b1, next, rows, left, to, ldy);
      else
        pass<false, false>(a0, a1, count, b0, b1, next, rows, left, to, ldy);
    }
  }
  Tiles::release();
}
