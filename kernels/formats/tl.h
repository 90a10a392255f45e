// SPDX-License-Identifier: Apache-2.0
//
// What TL1 and TL2 share: matrices are cut into tiles, and which tiles is no part of the file.
//
// microsoft/BitNet, utils/convert-hf-to-gguf-bitnet.py reads BM, BK and bm ("bmm") of each shape
// from include/kernel_config.ini, which setup_env.py has written by utils/codegen_tl1.py or
// codegen_tl2.py with fixed arguments for three families of models. So a TL tensor of one of
// those shapes is cut as kPresets say. (For two Llama3-8B shapes the files in preset_kernels/ say
// otherwise; setup_env.py overwrites them.) Other shapes, those of BitNet b1.58 2B4T included,
// have no preset there, and the converter refuses them: here they are cut by the rule of
// tl_tiles(), which codegen would accept.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tern::kernels {

struct TlTiles {
  std::size_t bm_outer;  // BM: rows of an outer tile
  std::size_t bk;        // BK or BY: columns of an outer tile
  std::size_t bm;        // rows of an inner tile; its columns are 256 / bm in TL1, 192 / bm in TL2
};

struct TlPreset {
  std::size_t rows, cols;
  TlTiles tl1, tl2;
};

inline constexpr std::array<TlPreset, 10> kTlPresets = {{
    {1536, 4096, {256, 128, 32}, {256, 96, 32}},  // bitnet_b1_58-large
    {1536, 1536, {128, 64, 64}, {128, 192, 32}},
    {4096, 1536, {256, 128, 32}, {256, 96, 32}},
    {3200, 8640, {160, 64, 32}, {160, 96, 32}},  // bitnet_b1_58-3B
    {3200, 3200, {320, 128, 64}, {320, 96, 32}},
    {8640, 3200, {320, 64, 32}, {320, 96, 32}},
    {14336, 4096, {256, 128, 32}, {256, 96, 32}},  // Llama3-8B-1.58, Falcon3
    {4096, 14336, {128, 64, 64}, {128, 96, 32}},
    {1024, 4096, {256, 128, 32}, {256, 96, 32}},
    {4096, 4096, {128, 64, 64}, {128, 96, 32}},
}};

inline const TlPreset* find_tl_preset(std::size_t rows, std::size_t cols) noexcept {
  for (const TlPreset& p : kTlPresets)
    if (p.rows == rows && p.cols == cols) return &p;
  return nullptr;
}

// The rule for other shapes: of the outer heights that presets use, and then of the smaller ones,
// the first that divides the rows.
inline std::size_t tl_outer_rows(std::size_t rows) noexcept {
  for (const std::size_t height : std::array<std::size_t, 6>{256, 320, 160, 128, 96, 64})
    if (rows % height == 0) return height;
  return 32;
}

// Within a run of 32 bytes TL2 stores rows 16 to 23 before rows 8 to 15.
constexpr std::size_t tl2_place(std::size_t row) {
  return row % 32 / 8 == 1 ? row % 32 + 8 : row % 32 / 8 == 2 ? row % 32 - 8 : row % 32;
}

// A pair of weights as 3a + b + 4: 0 to 8.
inline unsigned tl_pair(const std::int8_t* t) noexcept {
  return static_cast<unsigned>(3 * t[0] + t[1] + 4);
}

// What a byte of two pairs, the first in the high nibble, means.
struct TlFour {
  std::int8_t trits[4];
  bool legal;
};
inline constexpr std::array<TlFour, 256> kTlFours = [] {
  std::array<TlFour, 256> table{};
  for (int byte = 0; byte < 256; ++byte) {
    const int hi = byte >> 4, lo = byte & 15;
    TlFour& f = table[static_cast<std::size_t>(byte)];
    f.legal = hi <= 8 && lo <= 8;
    if (f.legal)
      f = {{static_cast<std::int8_t>(hi / 3 - 1), static_cast<std::int8_t>(hi % 3 - 1),
            static_cast<std::int8_t>(lo / 3 - 1), static_cast<std::int8_t>(lo % 3 - 1)},
           true};
  }
  return table;
}();

}  // namespace tern::kernels
