// SPDX-License-Identifier: Apache-2.0
//
// What vpmaddubsw leaves of its peak where vpaddw adds up the 16-bit lanes, which competes for the
// same ports (Emerald Rapids: 256 bits have 2 a cycle for the one and 3 for both, 512 bits 2 for
// both). panels_chunks.h does so. No include guard: steps_<isa>.cc include this inside their
// unnamed namespaces, after they have defined TERN_TARGET and
//
//   struct Ops   the vector of panels_<isa>.h; mac(); opaque(), where what the compiler knows of a
//                value ends; kTokens, side by side in panels_chunks.h

using Vec = Ops::Vec;

constexpr std::size_t kLineBytes = 64;
constexpr std::size_t kVecs = kLineBytes / Ops::kBytes;
constexpr std::size_t kChains = Ops::kTokens * kVecs;
constexpr std::size_t kMacs = kChains * Ops::kBytes;  // of a round

struct Ones {
  alignas(kLineBytes) std::uint8_t bytes[kLineBytes];
  constexpr Ones() : bytes() {
    for (std::uint8_t& byte : bytes) byte = 1;
  }
};

TERN_TARGET std::uint64_t registers(std::size_t rounds) noexcept {
  Vec codes = Ops::set1_8(1), x = codes, sums[kChains];
  Ops::opaque(codes);
#pragma GCC unroll 16
  for (Vec& sum : sums) sum = Ops::zero();
  for (; rounds != 0; --rounds)
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kChains; ++i) {
      Ops::opaque(x);
      sums[i] = Ops::mac(sums[i], codes, x);
    }
  return sum_of_lanes<std::uint16_t>(sums);
}

TERN_TARGET std::uint64_t first_level(std::size_t rounds) noexcept {
  static constexpr Ones kOnes;
  const std::uint8_t* codes = kOnes.bytes;
  const std::uint8_t* x = kOnes.bytes;
  Vec sums[kChains];
#pragma GCC unroll 16
  for (Vec& sum : sums) sum = Ops::zero();
  for (; rounds != 0; --rounds) {
    asm volatile("" : "+r"(codes), "+r"(x));
    Vec quad[kVecs];
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kVecs; ++v) quad[v] = Ops::load(codes + v * Ops::kBytes);
#pragma GCC unroll 8
    for (std::size_t t = 0; t < Ops::kTokens; ++t) {
      const Vec xs = Ops::set1_quad(reinterpret_cast<const std::int8_t*>(x) + 4 * t);
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVecs; ++v)
        sums[t * kVecs + v] = Ops::mac(sums[t * kVecs + v], quad[v], xs);
    }
  }
  return sum_of_lanes<std::uint16_t>(sums);
}
