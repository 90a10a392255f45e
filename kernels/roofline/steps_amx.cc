// SPDX-License-Identifier: Apache-2.0
//
// AMX: how many tiles a core has to rename to. Every load of a tile and every product wants one
// until it retires, so what counts is how many of the 8 are live beside those in flight. Where the
// core's other hyperthread works, orders with fewer live tiles are faster although they load more.

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/amx_tiles.h"
#include "kernels/roofline/peak_loops.h"

namespace tern::kernels {

namespace {

constexpr std::size_t kMacs = 16 * 64 * 16;  // of a product
constexpr std::size_t kSums = 6;             // tiles 0 to 5 at most

struct Ones {
  alignas(64) std::uint8_t tiles[4][kTileRows * kTileRowBytes];  // 4 KB, of which L1 is sure
  Ones() { std::memset(tiles, 1, sizeof tiles); }
};

// One instruction of a loop.
template <std::size_t T>
struct Load {
  static constexpr std::size_t kProducts = 0;
  static void begin(const Ones& ones) noexcept { run(ones); }
  static void run(const Ones& ones) noexcept {
    AmxTiles::load<T>(ones.tiles[T % 4], kTileRowBytes);
  }
};
template <std::size_t C, std::size_t A, std::size_t B>
struct Mac {
  static constexpr std::size_t kProducts = 1;
  static void begin(const Ones&) noexcept { AmxTiles::zero<C>(); }
  static void run(const Ones&) noexcept { AmxTiles::mac_signed_unsigned<C, A, B>(); }
};
// Loaded once, for the loop to find it live.
template <std::size_t T>
struct Hold {
  static constexpr std::size_t kProducts = 0;
  static void begin(const Ones& ones) noexcept { Load<T>::run(ones); }
  static void run(const Ones&) noexcept {}
};
// Loaded once and then zeroed: a zero needs no tile.
template <std::size_t T>
struct Clear {
  static constexpr std::size_t kProducts = 0;
  static void begin(const Ones& ones) noexcept {
    Load<T>::run(ones);
    AmxTiles::zero<T>();
  }
  static void run(const Ones&) noexcept {}
};

template <typename... Step>
struct Loop {
  static constexpr std::size_t kProducts = (Step::kProducts + ...);

  static std::uint64_t run(std::size_t rounds) noexcept {
    const Ones ones;
    AmxTiles::configure(whole_tiles());
    (Step::begin(ones), ...);
    for (; rounds != 0; --rounds) (Step::run(ones), ...);
    std::int32_t sums[kSums][kTileRows * kTileRowBytes / sizeof(std::int32_t)] = {};
    (store<Step>(sums), ...);
    AmxTiles::release();
    return sum_of_lanes<std::int32_t>(sums);
  }

 private:
  template <typename>
  struct Sum;
  template <std::size_t C, std::size_t A, std::size_t B>
  struct Sum<Mac<C, A, B>> {
    static constexpr std::size_t kTile = C;
  };
  template <typename S, typename Sums>
  static void store(Sums& sums) noexcept {
    if constexpr (S::kProducts != 0)
      AmxTiles::store<Sum<S>::kTile>(sums[Sum<S>::kTile], kTileRowBytes);
  }
};

template <typename Loop>
constexpr PeakLoop row(std::string_view name, std::string_view what) {
  return {name, Isa::kAmx, Datatype::kInt8, what, Loop::kProducts * kMacs, Loop::run};
}

using L4 = Load<4>;
using L5 = Load<5>;
using L6 = Load<6>;
using L7 = Load<7>;
using H6 = Hold<6>;
using H7 = Hold<7>;

// clang-format off
constexpr std::array kTable = {
    // Nothing but products: 8 in use are peak_int8_tdpbsud_8tiles_amx.
    row<Loop<H6, H7, Mac<0, 6, 7>, Mac<1, 6, 7>>>(
        "step_int8_4tiles_amx", "products, 4 tiles in use"),
    row<Loop<H6, H7, Mac<0, 6, 7>, Mac<1, 6, 7>, Mac<2, 6, 7>>>(
        "step_int8_5tiles_amx", "products, 5 tiles in use"),
    row<Loop<H6, H7, Mac<0, 6, 7>, Mac<1, 6, 7>, Mac<2, 6, 7>, Mac<3, 6, 7>>>(
        "step_int8_6tiles_amx", "products, 6 tiles in use"),
    row<Loop<H6, H7, Mac<0, 6, 7>, Mac<1, 6, 7>, Mac<2, 6, 7>, Mac<3, 6, 7>, Mac<4, 6, 7>>>(
        "step_int8_7tiles_amx", "products, 7 tiles in use"),
    row<Loop<H6, H7, Hold<3>, Hold<4>, Hold<5>, Mac<0, 6, 7>, Mac<1, 6, 7>, Mac<2, 6, 7>>>(
        "step_int8_5tiles_3idle_amx", "products, 5 tiles in use, 3 loaded and idle"),
    row<Loop<H6, H7, Clear<3>, Clear<4>, Clear<5>, Mac<0, 6, 7>, Mac<1, 6, 7>, Mac<2, 6, 7>>>(
        "step_int8_5tiles_3zero_amx", "products, 5 tiles in use, 3 loaded and zeroed"),
    // Two token tiles by two panels.
    row<Loop<L4, L6, Mac<0, 4, 6>, L7, Mac<1, 4, 7>, L5, Mac<2, 5, 6>, Mac<3, 5, 7>>>(
        "step_int8_2x2_8tiles_amx", "2 x 2 products, 4 loads, 8 tiles"),
    row<Loop<L4, L6, Mac<0, 4, 6>, L7, Mac<1, 4, 7>, L4, Mac<2, 4, 6>, Mac<3, 4, 7>>>(
        "step_int8_2x2_7tiles_amx", "2 x 2 products, 4 loads, 7 tiles (panels_amx.h)"),
    row<Loop<L4, L6, Mac<0, 4, 6>, L4, Mac<2, 4, 6>, L6, Mac<3, 4, 6>, L4, Mac<1, 4, 6>>>(
        "step_int8_2x2_6tiles_amx", "2 x 2 products, 5 loads, 6 tiles"),
    row<Loop<L6, L4, Mac<0, 4, 6>, L4, Mac<1, 4, 6>, L4, Mac<2, 4, 6>>>(
        "step_int8_3x1_5tiles_amx", "3 x 1 products, 4 loads, 5 tiles"),
    row<Loop<L6, L4, Mac<0, 4, 6>, L4, Mac<1, 4, 6>>>(
        "step_int8_2x1_4tiles_amx", "2 x 1 products, 3 loads, 4 tiles"),
};
// clang-format on

}  // namespace

PeakLoops step_loops_amx() noexcept { return kTable; }

}  // namespace tern::kernels
