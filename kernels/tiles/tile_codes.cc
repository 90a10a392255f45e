// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <stdexcept>
#include <string>

#include "kernels/tiles/bit_planes.h"
#include "kernels/tiles/tiles.h"
#include "kernels/tiles/trit5.h"

namespace tern::kernels {
namespace {

// What a code cannot hold: a mask that is 0 where all values of eight bytes are fine. A byte's
// sign, repeated in all of its bits, stands in `signs`.
constexpr std::uint64_t signs(std::uint64_t x) { return (x >> 7 & kEachByte) * 0xff; }
constexpr std::uint64_t no_trits(std::uint64_t x) {
  const std::uint64_t rest = x ^ signs(x);  // 0 of -1 and 0, 1 of +1
  return (rest & 0xfe * kEachByte) | (rest & signs(x));
}
constexpr std::uint64_t no_i4(std::uint64_t x) { return (x ^ signs(x)) & 0xf8 * kEachByte; }
constexpr std::uint64_t none(std::uint64_t) { return 0; }
// Exponents (of e4m3: with the mantissa) that are all ones carry into the sign's place.
constexpr std::uint64_t no_e4m3(std::uint64_t x) {
  return ((x & 0x7f * kEachByte) + kEachByte) & 0x80 * kEachByte;
}
constexpr std::uint64_t no_bf16(std::uint64_t x) {
  return ((x & 0x7f80 * kEachWord) + 0x0080 * kEachWord) & 0x8000 * kEachWord;
}
constexpr std::uint64_t no_f16(std::uint64_t x) {
  return ((x & 0x7c00 * kEachWord) + 0x0400 * kEachWord) & 0x8000 * kEachWord;
}

using Bad = std::uint64_t(std::uint64_t);

const std::uint8_t* bytes_of(const void* values) {
  return static_cast<const std::uint8_t*>(values);
}

// Where the first bad value is, of steps known to hold one.
template <Bad* kBad, std::size_t kValueBytes>
std::size_t find_bad(TileShape s, const void* values, std::size_t stride) noexcept {
  for (std::size_t r = 0; r < s.rows; ++r)
    for (std::size_t l = 0; l < s.lanes; ++l) {
      std::uint64_t x = 0;  // zeros are fine
      std::memcpy(&x, bytes_of(values) + (r * stride + l) * kValueBytes, kValueBytes);
      if (kBad(x) != 0) return r * s.lanes + l;
    }
  return s.rows * s.lanes;
}

template <unsigned kPlanes, Bad* kBad>
std::size_t pack_planes(TileShape s, const void* values, std::size_t stride,
                        std::uint8_t* step) noexcept {
  const std::size_t plane = s.lanes / 8;
  std::uint64_t bad = 0;
  for (std::size_t r = 0; r < s.rows; ++r)
    for (std::size_t l = 0; l < s.lanes; l += 8) {
      const std::uint64_t x = load_lanes(bytes_of(values) + r * stride + l);
      bad |= kBad(x);
      store_planes(transpose_bits(x), kPlanes, plane, step + r * kPlanes * plane + l / 8);
    }
  return bad == 0 ? s.rows * s.lanes : find_bad<kBad, 1>(s, values, stride);
}

template <unsigned kPlanes, bool kTrits>
std::size_t unpack_planes(TileShape s, const std::uint8_t* step, void* values,
                          std::size_t stride) noexcept {
  const std::size_t plane = s.lanes / 8;
  auto* const out = static_cast<std::uint8_t*>(values);
  for (std::size_t r = 0; r < s.rows; ++r)
    for (std::size_t l = 0; l < s.lanes; l += 8) {
      std::uint64_t x =
          transpose_bits(load_planes(step + r * kPlanes * plane + l / 8, kPlanes, plane));
      for (std::size_t i = 0; i < 8; ++i, x >>= 8) {
        if (kTrits && (x & 3) == 2) return r * s.lanes + l + i;
        const auto high =
            static_cast<std::uint8_t>((x >> (kPlanes - 1) & 1) * (0xff00 >> (8 - kPlanes)));
        out[r * stride + l + i] = static_cast<std::uint8_t>((x & 0xff) | high);
      }
    }
  return s.rows * s.lanes;
}

std::size_t pack_t5(TileShape s, const void* values, std::size_t stride,
                    std::uint8_t* step) noexcept {
  const std::size_t plane = s.lanes / 8;
  std::uint64_t bad = 0;
  for (std::size_t r = 0; r < s.rows; r += 5)
    for (std::size_t l = 0; l < s.lanes; l += 8) {
      std::uint64_t index = 0;  // trit5_index() of eight lanes
      for (std::size_t i = 5; i-- > 0;) {
        const std::uint64_t x = load_lanes(bytes_of(values) + (r + i) * stride + l);
        bad |= no_trits(x);
        index = 3 * index + (((x & 3 * kEachByte) + kEachByte) & 3 * kEachByte);  // trit + 1
      }
      if (bad != 0) return find_bad<no_trits, 1>(s, values, stride);
      std::uint64_t codes = 0;
      for (unsigned i = 0; i < 64; i += 8)
        codes |= static_cast<std::uint64_t>(kTrit5Encode[index >> i & 0xff]) << i;
      store_planes(transpose_bits(codes), 8, plane, step + r / 5 * 8 * plane + l / 8);
    }
  return s.rows * s.lanes;
}

std::size_t unpack_t5(TileShape s, const std::uint8_t* step, void* values,
                      std::size_t stride) noexcept {
  const std::size_t plane = s.lanes / 8;
  auto* const out = static_cast<std::int8_t*>(values);
  for (std::size_t r = 0; r < s.rows; r += 5)
    for (std::size_t l = 0; l < s.lanes; l += 8) {
      std::uint64_t codes = transpose_bits(load_planes(step + r / 5 * 8 * plane + l / 8, 8, plane));
      for (std::size_t lane = l; lane < l + 8; ++lane, codes >>= 8) {
        const Trit5& found = kTrit5Decode[codes & 0xff];
        if (!found.legal) return r * s.lanes + lane;
        for (std::size_t i = 0; i < 5; ++i) out[(r + i) * stride + lane] = found.trits[i];
      }
    }
  return s.rows * s.lanes;
}

std::size_t pack_t5c(TileShape s, const void* values, std::size_t stride,
                     std::uint8_t* step) noexcept {
  const auto* const in = static_cast<const std::int8_t*>(values);
  for (std::size_t lane = 0; lane < s.lanes; ++lane)
    for (std::size_t r = 0; r < s.rows; r += 5) {
      std::array<std::int8_t, 5> trits;
      unsigned wrong = 0;
      for (std::size_t i = 0; i < 5; ++i) {
        trits[i] = in[(r + i) * stride + lane];
        wrong |= static_cast<std::uint8_t>(trits[i] + 1) > 2;
      }
      if (wrong != 0) return find_bad<no_trits, 1>(s, values, stride);
      *step++ = kTrit5Encode[trit5_index(trits)];
    }
  return s.rows * s.lanes;
}

std::size_t unpack_t5c(TileShape s, const std::uint8_t* step, void* values,
                       std::size_t stride) noexcept {
  auto* const out = static_cast<std::int8_t*>(values);
  for (std::size_t r = 0; r < s.rows; r += 5)
    for (std::size_t lane = 0; lane < s.lanes; ++lane) {
      const Trit5& found = kTrit5Decode[step[lane * (s.rows / 5) + r / 5]];
      if (!found.legal) return r * s.lanes + lane;
      for (std::size_t i = 0; i < 5; ++i) out[(r + i) * stride + lane] = found.trits[i];
    }
  return s.rows * s.lanes;
}

template <typename Value, Bad* kBad>
std::size_t pack_lanes(TileShape s, const void* values, std::size_t stride,
                       std::uint8_t* step) noexcept {
  const std::size_t row_bytes = s.lanes * sizeof(Value);
  std::uint64_t bad = 0;
  for (std::size_t r = 0; r < s.rows; ++r) {
    const std::uint8_t* const row = bytes_of(values) + r * stride * sizeof(Value);
    for (std::size_t i = 0; i < row_bytes; i += 8) bad |= kBad(load_lanes(row + i));
    std::memcpy(step + r * row_bytes, row, row_bytes);
  }
  return bad == 0 ? s.rows * s.lanes : find_bad<kBad, sizeof(Value)>(s, values, stride);
}

template <typename Value>
std::size_t unpack_lanes(TileShape s, const std::uint8_t* step, void* values,
                         std::size_t stride) noexcept {
  const std::size_t row_bytes = s.lanes * sizeof(Value);
  for (std::size_t r = 0; r < s.rows; ++r)
    std::memcpy(static_cast<Value*>(values) + r * stride, step + r * row_bytes, row_bytes);
  return s.rows * s.lanes;
}

constexpr std::array<TileCode, 8> kCodes{{
    {"t2", 10, 1, 1, 1, 8, "no trit", pack_planes<2, no_trits>, unpack_planes<2, true>},
    {"t5", 8, 1, 1, 5, 8, "no trit", pack_t5, unpack_t5},
    {"t5c", 8, 1, 1, 5, 1, "no trit", pack_t5c, unpack_t5c},
    {"i4", 20, 1, 1, 1, 8, "not in [-8, 7]", pack_planes<4, no_i4>, unpack_planes<4, false>},
    {"i8", 40, 1, 1, 1, 8, "", pack_planes<8, none>, unpack_planes<8, false>},
    {"e4m3", 40, 1, 1, 1, 8, "not finite", pack_lanes<f8, no_e4m3>, unpack_lanes<f8>},
    {"bf16", 80, 2, 2, 1, 8, "not finite", pack_lanes<bf16, no_bf16>, unpack_lanes<bf16>},
    {"f16", 80, 2, 2, 1, 8, "not finite", pack_lanes<f16, no_f16>, unpack_lanes<f16>},
}};

}  // namespace

std::span<const TileCode> tile_codes() noexcept { return kCodes; }

const TileCode& tile_code(std::string_view name) {
  std::string names;
  for (const TileCode& code : kCodes) {
    if (code.name == name) return code;
    names += (names.empty() ? "" : ", ") + std::string(code.name);
  }
  throw std::runtime_error("no code of weights is named \"" + std::string(name) + "\": " + names);
}

}  // namespace tern::kernels
