// SPDX-License-Identifier: Apache-2.0
//
// AMX tiles: 2 accumulators, and one tile for each operand. Emerald Rapids adds to a tile every 16
// cycles, so that one accumulator reaches the peak as well; beyond 3, tiles to rename to run out
// where the core's other hyperthread works (int8, 2 threads, GMAC/s: 4260 with 1 accumulator, 4275
// with 2, 4159 with 3, 3695 with 4, 1912 with 6; 4310 to 4550 with any of them elsewhere).

#include "kernels/roofline/peak_loops.h"
#include "kernels/x86.h"

namespace tern::kernels {

namespace {

constexpr std::size_t kRows = 16, kRowBytes = 64, kChains = 2;

// Intel SDM volume 1, section 18.3: palette 1, every tile 16 rows of 64 bytes.
struct alignas(64) TileConfig {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {kRowBytes, kRowBytes, kRowBytes, kRowBytes,
                                 kRowBytes, kRowBytes, kRowBytes, kRowBytes};
  std::uint8_t rows[16] = {kRows, kRows, kRows, kRows, kRows, kRows, kRows, kRows};
};
static_assert(sizeof(TileConfig) == 64);

// Tiles 0 and 1 zero; 6 and 7 filled with the 16-bit pattern `ones`.
TERN_TARGET_AMX void begin(std::uint16_t ones) noexcept {
  const TileConfig config;
  std::uint16_t operand[kRows * kRowBytes / sizeof(std::uint16_t)];
  for (std::uint16_t& value : operand) value = ones;
  _tile_loadconfig(&config);
  _tile_zero(0);
  _tile_zero(1);
  asm volatile("" ::"r"(operand) : "memory");  // tile loads do not say what they read
  _tile_loadd(6, operand, kRowBytes);
  _tile_loadd(7, operand, kRowBytes);
}

template <typename T>
TERN_TARGET_AMX std::uint64_t end() noexcept {
  T sums[kChains][kRows * kRowBytes / sizeof(T)];
  _tile_stored(0, sums[0], kRowBytes);
  _tile_stored(1, sums[1], kRowBytes);
  _tile_release();
  asm volatile("" ::"r"(sums) : "memory");
  return sum_of_lanes<T>(sums);
}

TERN_TARGET_AMX std::uint64_t int8_tdpbusd(std::size_t rounds) noexcept {
  begin(0x0101);
  for (; rounds != 0; --rounds) {
    _tile_dpbusd(0, 6, 7);
    _tile_dpbusd(1, 6, 7);
  }
  return end<std::int32_t>();
}

TERN_TARGET_AMX std::uint64_t bf16_tdpbf16ps(std::size_t rounds) noexcept {
  begin(0x3f80);
  for (; rounds != 0; --rounds) {
    _tile_dpbf16ps(0, 6, 7);
    _tile_dpbf16ps(1, 6, 7);
  }
  return end<float>();
}

constexpr std::array kTable = {
    PeakLoop{"peak_int8_tdpbusd_amx", Isa::kAmx, Datatype::kInt8, "tdpbusd 16x64x16",
             kChains * 16 * 64 * 16, int8_tdpbusd},
    PeakLoop{"peak_bf16_tdpbf16ps_amx", Isa::kAmx, Datatype::kBf16, "tdpbf16ps 16x32x16",
             kChains * 16 * 32 * 16, bf16_tdpbf16ps},
};

}  // namespace

PeakLoops peak_loops_amx() noexcept { return kTable; }

}  // namespace tern::kernels
