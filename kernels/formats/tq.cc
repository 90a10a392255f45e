// SPDX-License-Identifier: Apache-2.0
//
// TQ1_0 and TQ2_0: blocks of 256 weights of a row with a binary16 scale each (formats.md 6.5).
// One scale per tensor is all the other layouts can hold, so all blocks must agree; a block of
// zeros is written with scale 0, as its largest magnitude is.

#include <algorithm>

#include "kernels/check.h"
#include "kernels/f16.h"
#include "kernels/formats/layouts.h"
#include "kernels/formats/two_bit.h"

namespace tern::kernels {
namespace {

constexpr std::size_t kBlock = 256;  // QK_K

// Five weights in a byte: the digits of s, base 3, the first the highest, as the fraction s / 243
// rounded up to 1 / 256. Multiplying by 3 brings the next digit above the byte's top. Of the 256
// bytes 243 arise so; the others decode too, but nobody writes them, so they are illegal.
constexpr std::size_t kFive = 5;
constexpr std::uint8_t fraction(unsigned s) {
  return static_cast<std::uint8_t>((s * 256 + 242) / 243);
}
// q is the least with 256 s <= 243 q: 243 q = 256 s + r with r < 243.
constexpr bool is_fraction(std::uint8_t q) { return static_cast<std::uint8_t>(q * 243u) < 243; }
// (3 q) >> 8 by comparisons, which stay within bytes.
constexpr std::int8_t first_trit(std::uint8_t q) {
  return static_cast<std::int8_t>((q >= 86) + (q >= 171) - 1);
}

template <std::size_t kLanes, std::size_t kDigits>
void pack_fractions(const std::int8_t* __restrict in, std::uint8_t* __restrict out) noexcept {
  for (std::size_t m = 0; m < kLanes; ++m) {
    unsigned s = 0;
    for (std::size_t n = 0; n < kFive; ++n)
      s = 3 * s + (n < kDigits ? static_cast<unsigned>(in[n * kLanes + m] + 1) : 0);
    out[m] = fraction(s);
  }
}

struct Tq1 {
  static constexpr std::size_t kScaleAt = 52;

  // All 52 bytes at once, so that no part is too short for vector code.
  static constexpr std::size_t kLanes = 64;

  // The last four bytes hold four weights each, and above them a digit of 0.
  static constexpr bool is_four(std::uint8_t q) {
    return first_trit(static_cast<std::uint8_t>(81u * q)) == -1;
  }
  static bool all_legal(const std::uint8_t (&q)[kLanes]) noexcept {
    std::uint8_t bad = 0;
    for (std::size_t m = 0; m < kLanes; ++m)
      bad = static_cast<std::uint8_t>(bad | (is_fraction(q[m]) ? 0 : 1));
    for (std::size_t m = 48; m < kLanes; ++m)
      bad = static_cast<std::uint8_t>(bad | (is_four(q[m]) ? 0 : 1));
    return bad == 0;
  }
  static bool legal(const std::uint8_t* in) noexcept {
    std::uint8_t q[kLanes] = {};
    std::memcpy(q, in, kScaleAt);
    return all_legal(q);
  }
  static bool unpack(const std::uint8_t* in, std::int8_t* out) noexcept {
    std::uint8_t q[kLanes] = {};
    std::memcpy(q, in, kScaleAt);
    if (!all_legal(q)) return false;
    std::int8_t trits[kLanes];
    for (std::size_t n = 0; n < kFive; ++n) {
      for (std::size_t m = 0; m < kLanes; ++m) {
        trits[m] = first_trit(q[m]);
        q[m] = static_cast<std::uint8_t>(3 * q[m]);
      }
      std::memcpy(out + 32 * n, trits, 32);
      std::memcpy(out + 160 + 16 * n, trits + 32, 16);
      if (n < 4) std::memcpy(out + 240 + 4 * n, trits + 48, 4);
    }
    return true;
  }
  static void pack(const std::int8_t* in, std::uint8_t* out) noexcept {
    pack_fractions<32, 5>(in, out);
    pack_fractions<16, 5>(in + 160, out + 32);
    pack_fractions<4, 4>(in + 240, out + 48);
  }
  // The first weight of the first illegal byte.
  static std::size_t find_illegal(const std::uint8_t* in) noexcept {
    for (std::size_t i = 0; i < kScaleAt; ++i) {
      const bool four = i >= 48;
      if (!is_fraction(in[i]) || (four && !is_four(in[i])))
        return four ? 240 + i - 48 : i < 32 ? i : 160 + i - 32;
    }
    return kBlock;
  }
};

struct Tq2 {
  static constexpr std::size_t kScaleAt = 64;

  static bool legal(const std::uint8_t* in) noexcept { return legal_two_bit<64>(in); }
  static bool unpack(const std::uint8_t* in, std::int8_t* out) noexcept {
    if (!legal(in)) return false;
    unpack_two_bit<32, true>(in, out);
    unpack_two_bit<32, true>(in + 32, out + 128);
    return true;
  }
  static void pack(const std::int8_t* in, std::uint8_t* out) noexcept {
    pack_two_bit<32, true>(in, out);
    pack_two_bit<32, true>(in + 128, out + 32);
  }
  static std::size_t find_illegal(const std::uint8_t* in) noexcept {
    const std::size_t first = find_illegal_two_bit<32, true>(in);
    return first < 128 ? first : 128 + find_illegal_two_bit<32, true>(in + 32);
  }
};

template <typename Tq>
constexpr std::size_t kBlockBytes = Tq::kScaleAt + sizeof(f16);

template <typename Tq>
std::size_t bytes_of(std::size_t rows, std::size_t cols) noexcept {
  return rows * cols / kBlock * kBlockBytes<Tq>;
}

template <typename Tq>
void pack_blocks(const std::int8_t* trits, std::size_t n, float scale, std::uint8_t* out) noexcept {
  for (std::size_t i = 0; i < n; i += kBlock, out += kBlockBytes<Tq>) {
    const std::int8_t* block = trits + i;
    std::uint8_t beyond = 0, any = 0;
    for (std::size_t k = 0; k < kBlock; ++k) {
      beyond = static_cast<std::uint8_t>(beyond | (is_trit(block[k]) ? 0 : 1));
      any = static_cast<std::uint8_t>(any | static_cast<std::uint8_t>(block[k]));
    }
    TERN_CHECK(beyond == 0, "a trit is -1, 0 or +1");
    const f16 d = any == 0 ? f16{0} : f32_to_f16(scale);
    Tq::pack(block, out);
    std::memcpy(out + Tq::kScaleAt, &d, sizeof d);
  }
}

template <typename Tq>
FormatProblem unpack_blocks(const std::uint8_t* in, std::size_t begin, std::size_t end,
                            std::int8_t* trits, float* scale) noexcept {
  using Kind = FormatProblem::Kind;
  in += begin / kBlock * kBlockBytes<Tq>;
  unsigned known = 0x10000;  // the bits of the last block's scale: no binary16 yet
  for (std::size_t i = begin; i < end; i += kBlock, in += kBlockBytes<Tq>, trits += kBlock) {
    f16 d;
    std::memcpy(&d, in + Tq::kScaleAt, sizeof d);
    const float found = f16_to_f32(d);
    if (!std::isfinite(found) || std::signbit(found))
      return {Kind::kBadScale, i, static_cast<double>(found)};
    if (!Tq::unpack(in, trits)) return {Kind::kIllegalCode, i + Tq::find_illegal(in)};
    if (d == known) continue;
    if (found == 0) {
      if (std::any_of(trits, trits + kBlock, [](std::int8_t t) { return t != 0; }))
        return {Kind::kBadScale, i, 0.0};
      continue;
    }
    if (*scale != 0 && *scale != found) return {Kind::kMixedScales, i, static_cast<double>(found)};
    *scale = found;
    known = d;
  }
  return {};
}

// Blocks of a scale that was met before need not be unpacked.
template <typename Tq>
bool sound_blocks(const std::uint8_t* in, std::size_t n, float* scale) noexcept {
  unsigned known = 0x10000;
  for (std::size_t i = 0; i < n; i += kBlock, in += kBlockBytes<Tq>) {
    f16 d;
    std::memcpy(&d, in + Tq::kScaleAt, sizeof d);
    if (d == known) {
      if (!Tq::legal(in)) return false;
      continue;
    }
    std::int8_t trits[kBlock];
    if (unpack_blocks<Tq>(in, 0, kBlock, trits, scale)) return false;
    if (d != 0) known = d;
  }
  return true;
}

}  // namespace

namespace tq1_0 {

std::size_t bytes(std::size_t rows, std::size_t cols) noexcept { return bytes_of<Tq1>(rows, cols); }

void pack(const std::int8_t* trits, std::size_t rows, std::size_t cols, float scale,
          std::uint8_t* out) noexcept {
  pack_blocks<Tq1>(trits, rows * cols, scale, out);
}

FormatProblem unpack(const std::uint8_t* in, std::size_t, std::size_t cols, std::size_t begin,
                     std::size_t end, std::int8_t* trits, float* scale) noexcept {
  return unpack_blocks<Tq1>(in, begin * cols, end * cols, trits, scale);
}

bool sound(const std::uint8_t* in, std::size_t rows, std::size_t cols, float* scale) noexcept {
  return sound_blocks<Tq1>(in, rows * cols, scale);
}

}  // namespace tq1_0

namespace tq2_0 {

std::size_t bytes(std::size_t rows, std::size_t cols) noexcept { return bytes_of<Tq2>(rows, cols); }

void pack(const std::int8_t* trits, std::size_t rows, std::size_t cols, float scale,
          std::uint8_t* out) noexcept {
  pack_blocks<Tq2>(trits, rows * cols, scale, out);
}

FormatProblem unpack(const std::uint8_t* in, std::size_t, std::size_t cols, std::size_t begin,
                     std::size_t end, std::int8_t* trits, float* scale) noexcept {
  return unpack_blocks<Tq2>(in, begin * cols, end * cols, trits, scale);
}

bool sound(const std::uint8_t* in, std::size_t rows, std::size_t cols, float* scale) noexcept {
  return sound_blocks<Tq2>(in, rows * cols, scale);
}

}  // namespace tq2_0

}  // namespace tern::kernels
