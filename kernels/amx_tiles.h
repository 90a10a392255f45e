// SPDX-License-Identifier: Apache-2.0
//
// The AMX tile operations that kernels use (Intel SDM volume 1 chapter 18, volume 2 LDTILECFG to
// TDPBSUD and TDPBF16PS), and plain C++ of the same semantics for hosts that lack them. A kernel is
// a template over one of the two, so that its stand-in differs in these operations alone.

#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "kernels/bf16.h"

namespace tern::kernels {

inline constexpr std::size_t kTileRows = 16;
inline constexpr std::size_t kTileRowBytes = 64;
inline constexpr std::size_t kTiles = 8;

// The 64 bytes of LDTILECFG, palette 1.
struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};

  void set(std::size_t tile, std::size_t tile_rows, std::size_t tile_row_bytes) {
    rows[tile] = static_cast<std::uint8_t>(tile_rows);
    row_bytes[tile] = static_cast<std::uint16_t>(tile_row_bytes);
  }
};
static_assert(sizeof(TileConfig) == 64);

// All tiles whole: 16 rows of 64 bytes.
inline TileConfig whole_tiles() {
  TileConfig config;
  for (std::size_t t = 0; t < kTiles; ++t) config.set(t, kTileRows, kTileRowBytes);
  return config;
}

// All operations clear what they load or zero beyond a tile's configured rows and bytes.
struct PlainTiles {
  struct State {
    TileConfig config;
    alignas(64) std::uint8_t bytes[kTiles][kTileRows][kTileRowBytes];
  };
  static State& state() noexcept {
    thread_local State s{};
    return s;
  }

  static void configure(const TileConfig& config) noexcept {
    state().config = config;
    std::memset(state().bytes, 0, sizeof state().bytes);
  }
  static void release() noexcept { configure(TileConfig{.palette = 0}); }

  template <std::size_t T>
  static void zero() noexcept {
    std::memset(state().bytes[T], 0, sizeof state().bytes[T]);
  }
  template <std::size_t T>
  static void load(const void* from, std::size_t stride) noexcept {
    State& s = state();
    zero<T>();
    for (std::size_t i = 0; i < s.config.rows[T]; ++i)
      std::memcpy(s.bytes[T][i], static_cast<const std::uint8_t*>(from) + i * stride,
                  s.config.row_bytes[T]);
  }
  template <std::size_t T>
  static void store(void* to, std::size_t stride) noexcept {
    const State& s = state();
    for (std::size_t i = 0; i < s.config.rows[T]; ++i)
      std::memcpy(static_cast<std::uint8_t*>(to) + i * stride, s.bytes[T][i],
                  s.config.row_bytes[T]);
  }
  // TDPBSUD: int32 C[m, n] += sum over i < 4 of signed A[m, 4k + i] * unsigned B[k, 4n + i], for
  // every k.
  template <std::size_t C, std::size_t A, std::size_t B>
  static void mac_signed_unsigned() noexcept {
    State& s = state();
    for (std::size_t m = 0; m < s.config.rows[C]; ++m)
      for (std::size_t k = 0; k < s.config.row_bytes[A] / 4u; ++k)
        for (std::size_t n = 0; n < s.config.row_bytes[C] / 4u; ++n) {
          std::int32_t c;
          std::memcpy(&c, s.bytes[C][m] + 4 * n, sizeof c);
          for (std::size_t i = 0; i < 4; ++i)
            c += static_cast<std::int8_t>(s.bytes[A][m][4 * k + i]) * s.bytes[B][k][4 * n + i];
          std::memcpy(s.bytes[C][m] + 4 * n, &c, sizeof c);
        }
  }
  // TDPBSSD: the same with signed B, on whole tiles.
  template <std::size_t C, std::size_t A, std::size_t B>
  static void mac_signed_signed() noexcept {
    State& s = state();
    for (std::size_t m = 0; m < kTileRows; ++m)
      for (std::size_t k = 0; k < kTileRows; ++k)
        for (std::size_t n = 0; n < 16; ++n) {
          std::int32_t c;
          std::memcpy(&c, s.bytes[C][m] + 4 * n, sizeof c);
          for (std::size_t i = 0; i < 4; ++i)
            c += static_cast<std::int8_t>(s.bytes[A][m][4 * k + i]) *
                 static_cast<std::int8_t>(s.bytes[B][k][4 * n + i]);
          std::memcpy(s.bytes[C][m] + 4 * n, &c, sizeof c);
        }
  }
  // TDPBF16PS: float32 C[m, n] += sum over k of A[m, 2k] B[k, 2n] + A[m, 2k + 1] B[k, 2n + 1], on
  // whole tiles. Even and odd elements are summed apart, one fused multiply-add each, then added to
  // each other and to C.
  template <std::size_t C, std::size_t A, std::size_t B>
  static void mac_bf16() noexcept {
    State& s = state();
    for (std::size_t m = 0; m < kTileRows; ++m) {
      float c[16], even[16] = {}, odd[16] = {};
      std::memcpy(c, s.bytes[C][m], sizeof c);
      for (std::size_t k = 0; k < kTileRows; ++k) {
        bf16 a[2], b[32];
        std::memcpy(a, s.bytes[A][m] + 4 * k, sizeof a);
        std::memcpy(b, s.bytes[B][k], sizeof b);
        for (std::size_t n = 0; n < 16; ++n) {
          even[n] = flushed_fma(bf16_to_f32(a[0]), bf16_to_f32(b[2 * n]), even[n]);
          odd[n] = flushed_fma(bf16_to_f32(a[1]), bf16_to_f32(b[2 * n + 1]), odd[n]);
        }
      }
      for (std::size_t n = 0; n < 16; ++n) c[n] = flush(flush(c[n]) + flush(even[n] + odd[n]));
      std::memcpy(s.bytes[C][m], c, sizeof c);
    }
  }

 private:
  // Subnormal operands count as 0, subnormal results become 0, with their sign.
  static float flush(float x) noexcept {
    return std::fabs(x) < std::numeric_limits<float>::min() ? std::copysign(0.0f, x) : x;
  }
  static float flushed_fma(float a, float b, float c) noexcept {
    return flush(std::fma(flush(a), flush(b), flush(c)));
  }
};

#if defined(__x86_64__)
// As assembler text, so that tile numbers can be template arguments and any compiler will do.
struct AmxTiles {
  static void configure(const TileConfig& config) noexcept {
    asm volatile("ldtilecfg %0" ::"m"(config));
  }
  static void release() noexcept { asm volatile("tilerelease" ::: "memory"); }

  template <std::size_t T>
  static void zero() noexcept {
    asm volatile("tilezero %%tmm%c0" ::"i"(T));
  }
  template <std::size_t T>
  static void load(const void* from, std::size_t stride) noexcept {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(T) : "memory");
  }
  template <std::size_t T>
  static void store(void* to, std::size_t stride) noexcept {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "i"(T) : "memory");
  }
  template <std::size_t C, std::size_t A, std::size_t B>
  static void mac_signed_unsigned() noexcept {
    asm volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A), "i"(B));
  }
  template <std::size_t C, std::size_t A, std::size_t B>
  static void mac_signed_signed() noexcept {
    asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A), "i"(B));
  }
  template <std::size_t C, std::size_t A, std::size_t B>
  static void mac_bf16() noexcept {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A), "i"(B));
  }
};
#endif

}  // namespace tern::kernels
