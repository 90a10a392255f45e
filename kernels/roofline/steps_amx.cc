// SPDX-License-Identifier: Apache-2.0
//
// AMX: how many tiles a core has to rename to. Every load of a tile and every product wants one
// until it retires, so what counts is how many of the 8 are live beside those in flight. Where the
// core's other hyperthread works, orders with fewer live tiles are faster although they load more.
// And what loads from L2 cost, of one operand (of panels_amx.h, whose weights are unpacked to L1)
// or of both (amx_product.h).

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "kernels/amx_tiles.h"
#include "kernels/roofline/peak_loops.h"

namespace tern::kernels {

namespace {

constexpr std::size_t kMacs = 16 * 64 * 16;  // of a product
constexpr std::size_t kSums = 6;             // tiles 0 to 5 at most

constexpr std::size_t kTileBytes = kTileRows * kTileRowBytes;
constexpr std::size_t kStreamTiles = 256;  // 256 KB, which L2 holds and L1 does not

struct alignas(64) Tile {
  std::uint8_t bytes[kTileBytes];
};

const Tile* stream() noexcept {
  static const std::vector<Tile> tiles = [] {
    std::vector<Tile> ones(kStreamTiles);
    std::memset(ones.data(), 1, ones.size() * sizeof(Tile));
    return ones;
  }();
  return tiles.data();
}

struct Ones {
  Tile tiles[4];  // in L1
  const Tile* far = stream();
  std::size_t at = 0;  // of far
  Ones() { std::memset(tiles, 1, sizeof tiles); }
};

// One instruction of a loop.
template <std::size_t T>
struct Load {
  static constexpr std::size_t kProducts = 0;
  static void begin(Ones& ones) noexcept { run(ones); }
  static void run(Ones& ones) noexcept {
    AmxTiles::load<T>(ones.tiles[T % 4].bytes, kTileRowBytes);
  }
};
// The next tile of a stream from L2.
template <std::size_t T>
struct Far {
  static constexpr std::size_t kProducts = 0;
  static void begin(Ones&) noexcept {}
  static void run(Ones& ones) noexcept {
    AmxTiles::load<T>(ones.far[ones.at].bytes, kTileRowBytes);
    ones.at = (ones.at + 1) % kStreamTiles;
  }
};
template <std::size_t C, std::size_t A, std::size_t B>
struct Mac {
  static constexpr std::size_t kProducts = 1;
  static void begin(Ones&) noexcept { AmxTiles::zero<C>(); }
  static void run(Ones&) noexcept { AmxTiles::mac_signed_unsigned<C, A, B>(); }
};
// Loaded once, for the loop to find it live.
template <std::size_t T>
struct Hold {
  static constexpr std::size_t kProducts = 0;
  static void begin(Ones& ones) noexcept { Load<T>::run(ones); }
  static void run(Ones&) noexcept {}
};
// Loaded once and then zeroed: a zero needs no tile.
template <std::size_t T>
struct Clear {
  static constexpr std::size_t kProducts = 0;
  static void begin(Ones& ones) noexcept {
    Load<T>::run(ones);
    AmxTiles::zero<T>();
  }
  static void run(Ones&) noexcept {}
};

template <typename... Step>
struct Loop {
  static constexpr std::size_t kProducts = (Step::kProducts + ...);

  static std::uint64_t run(std::size_t rounds) noexcept {
    Ones ones;
    AmxTiles::configure(whole_tiles());
    (Step::begin(ones), ...);
    for (; rounds != 0; --rounds) (Step::run(ones), ...);
    std::int32_t sums[kSums][kTileBytes / sizeof(std::int32_t)] = {};
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
using F4 = Far<4>;
using F6 = Far<6>;
using F7 = Far<7>;
using H6 = Hold<6>;
using H7 = Hold<7>;

// clang-format off
constexpr std::array kTable = {
    // Nothing but products: 4 and 8 in use are peak_int8_tdpbsud_amx and .._8tiles_amx.
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
    row<Loop<F4, L6, Mac<0, 4, 6>, L7, Mac<1, 4, 7>, F4, Mac<2, 4, 6>, Mac<3, 4, 7>>>(
        "step_int8_2x2_half_l2_amx", "2 x 2 products, 7 tiles, 2 loads from L1 and 2 from L2"),
    row<Loop<F4, F6, Mac<0, 4, 6>, F7, Mac<1, 4, 7>, F4, Mac<2, 4, 6>, Mac<3, 4, 7>>>(
        "step_int8_2x2_l2_amx", "2 x 2 products, 7 tiles, 4 loads from L2"),
    row<Loop<L6, L4, Mac<0, 4, 6>, L4, Mac<1, 4, 6>, L4, Mac<2, 4, 6>>>(
        "step_int8_3x1_5tiles_amx", "3 x 1 products, 4 loads, 5 tiles"),
    row<Loop<L6, L4, Mac<0, 4, 6>, L4, Mac<1, 4, 6>>>(
        "step_int8_2x1_4tiles_amx", "2 x 1 products, 3 loads, 4 tiles"),
};
// clang-format on

}  // namespace

PeakLoops step_loops_amx() noexcept { return kTable; }

}  // namespace tern::kernels
