// SPDX-License-Identifier: Apache-2.0
//
// AMX tiles: accumulators, and one tile for each operand. Emerald Rapids adds to a tile every 16
// cycles, so that one accumulator reaches the peak, too. With more than 3, tiles to rename to run
// out where the core's other hyperthread works (int8, 2 threads, GMAC/s: 4260 with 1 accumulator,
// 4275 with 2, 4159 with 3, 3695 with 4, 1912 with 6; 4310 to 4550 with any of them elsewhere). So
// two are the peak, and six, which fill all 8 tiles, tell how free the core is.

#include <utility>

#include "kernels/amx_tiles.h"
#include "kernels/roofline/peak_loops.h"

namespace tern::kernels {

namespace {

struct Int8 {
  using Sum = std::int32_t;
  static constexpr std::uint16_t kOnes = 0x0101;
  static constexpr std::size_t kMacs = 16 * 64 * 16;
  template <std::size_t kChain>
  static void mac() noexcept {
    AmxTiles::mac_signed_unsigned<kChain, 6, 7>();
  }
};

struct Bf16 {
  using Sum = float;
  static constexpr std::uint16_t kOnes = 0x3f80;
  static constexpr std::size_t kMacs = 16 * 32 * 16;
  template <std::size_t kChain>
  static void mac() noexcept {
    AmxTiles::mac_bf16<kChain, 6, 7>();
  }
};

template <typename Op, std::size_t... kChain>
std::uint64_t run(std::size_t rounds, std::index_sequence<kChain...>) noexcept {
  std::uint16_t operand[kTileRows * kTileRowBytes / sizeof(std::uint16_t)];
  for (std::uint16_t& value : operand) value = Op::kOnes;
  AmxTiles::configure(whole_tiles());
  (AmxTiles::zero<kChain>(), ...);
  AmxTiles::load<6>(operand, kTileRowBytes);
  AmxTiles::load<7>(operand, kTileRowBytes);
  for (; rounds != 0; --rounds) (Op::template mac<kChain>(), ...);
  typename Op::Sum sums[sizeof...(kChain)][kTileRows * kTileRowBytes / sizeof(typename Op::Sum)];
  (AmxTiles::store<kChain>(sums[kChain], kTileRowBytes), ...);
  AmxTiles::release();
  return sum_of_lanes<typename Op::Sum>(sums);
}

template <typename Op, std::size_t kChains>
std::uint64_t loop(std::size_t rounds) noexcept {
  return run<Op>(rounds, std::make_index_sequence<kChains>());
}

constexpr std::array kTable = {
    PeakLoop{"peak_int8_tdpbsud_amx", Isa::kAmx, Datatype::kInt8, "tdpbsud 16x64x16",
             2 * Int8::kMacs, loop<Int8, 2>},
    PeakLoop{"peak_int8_tdpbsud_8tiles_amx", Isa::kAmx, Datatype::kInt8,
             "tdpbsud 16x64x16, 8 tiles in use", 6 * Int8::kMacs, loop<Int8, 6>, true},
    PeakLoop{"peak_bf16_tdpbf16ps_amx", Isa::kAmx, Datatype::kBf16, "tdpbf16ps 16x32x16",
             2 * Bf16::kMacs, loop<Bf16, 2>},
    PeakLoop{"peak_bf16_tdpbf16ps_8tiles_amx", Isa::kAmx, Datatype::kBf16,
             "tdpbf16ps 16x32x16, 8 tiles in use", 6 * Bf16::kMacs, loop<Bf16, 6>, true},
};

}  // namespace

PeakLoops peak_loops_amx() noexcept { return kTable; }

}  // namespace tern::kernels
