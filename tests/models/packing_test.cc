// SPDX-License-Identifier: Apache-2.0
//
// State space: the ternary layouts of other programs, block by block, with equal, unequal, zero and
// impossible scales; master weights that no format can hold.
// Parameters: the two layouts.

#include "models/packing.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "kernels/format.h"

namespace tern::models {
namespace {

using Catch::Contains;

// One 256-element block of each foreign layout, written after formats.md 6.5 and not after the
// reader.
void tq2_block(const std::int8_t* t, kernels::f16 d, std::vector<std::byte>& out) {
  for (std::size_t half = 0; half < 2; ++half)
    for (std::size_t m = 0; m < 32; ++m) {
      unsigned byte = 0;
      for (std::size_t n = 0; n < 4; ++n)
        byte |= static_cast<unsigned>(t[128 * half + 32 * n + m] + 1) << (2 * n);
      out.push_back(static_cast<std::byte>(byte));
    }
  out.push_back(static_cast<std::byte>(d & 255));
  out.push_back(static_cast<std::byte>(d >> 8));
}

void tq1_block(const std::int8_t* t, kernels::f16 d, std::vector<std::byte>& out) {
  const auto put = [&](std::size_t first, std::size_t stride, std::size_t digits) {
    unsigned sum = 0;
    for (std::size_t n = 0; n < 5; ++n)
      sum = sum * 3 + (n < digits ? static_cast<unsigned>(t[first + n * stride] + 1) : 0);
    out.push_back(static_cast<std::byte>((sum * 256 + 242) / 243));
  };
  for (std::size_t m = 0; m < 32; ++m) put(m, 32, 5);
  for (std::size_t m = 0; m < 16; ++m) put(160 + m, 16, 5);
  for (std::size_t m = 0; m < 4; ++m) put(240 + m, 4, 4);
  out.push_back(static_cast<std::byte>(d & 255));
  out.push_back(static_cast<std::byte>(d >> 8));
}

TEST_CASE("TQ1_0 and TQ2_0 are re-packed trit by trit", "[models]") {
  constexpr std::size_t kRows = 3, kCols = 512;
  std::mt19937 rng(5);
  std::vector<std::int8_t> trits(kRows * kCols);
  for (auto& t : trits) t = static_cast<std::int8_t>(static_cast<int>(rng() % 3) - 1);
  std::fill(trits.begin() + 512, trits.begin() + 768, std::int8_t{0});
  for (const TensorType type : {TensorType::kTq1, TensorType::kTq2}) {
    const auto pack = [&](std::vector<kernels::f16> scales) {
      std::vector<std::byte> data;
      for (std::size_t b = 0; b < kRows * kCols / 256; ++b)
        (type == TensorType::kTq1 ? tq1_block : tq2_block)(trits.data() + 256 * b, scales[b], data);
      return data;
    };
    const kernels::f16 s = kernels::f32_to_f16(0.75f), other = kernels::f32_to_f16(0.5f);
    // Block 2 is all zeros and may say so by its scale.
    for (const auto& scales : {std::vector{s, s, s, s, s, s}, {s, s, kernels::f16{0}, s, s, s}}) {
      const PackedTernary p = repack_tq(type, pack(scales), kRows, kCols);
      CHECK(p.gamma == 0.75f);
      std::vector<std::int8_t> row(kCols);
      for (std::size_t r = 0; r < kRows; ++r) {
        CHECK(kernels::unpack_t2(p.t2.data() + r * 128, kCols, row.data()) == kCols);
        CHECK(std::equal(row.begin(), row.end(), trits.begin() + static_cast<long>(r * kCols)));
      }
    }
    CHECK_THROWS_WITH(repack_tq(type, pack({s, s, s, other, s, s}), kRows, kCols),
                      Contains("the block scale at row 1, column 256 is 0.5"));
    for (const kernels::f16 bad : std::initializer_list<kernels::f16>{0x7C00, 0x7E00, 0xBC00})
      CHECK_THROWS_WITH(repack_tq(type, pack({bad, s, s, s, s, s}), kRows, kCols),
                        Contains("the block scale at row 0, column 0"));
  }
  std::vector<std::byte> illegal(66, std::byte{0});
  illegal[9] = std::byte{0x0C};
  illegal[65] = std::byte{0x3C};
  CHECK_THROWS_WITH(repack_tq(TensorType::kTq2, illegal, 1, 256), Contains("illegal code 3"));
}

TEST_CASE("master weights are packed by row and refused when not finite", "[models]") {
  const std::vector<float> w = {1.0f, -1.0f, 0.1f, -2.0f, 0.0f, 1.9f};
  const PackedTernary p = pack_ternary(w, 2, 3, "w");
  CHECK(p.gamma == 1.0f);
  CHECK(p.t2.size() == 64);
  std::int8_t row[3];
  kernels::unpack_t2(p.t2.data() + 32, 3, row);
  CHECK(row[0] == -1);
  CHECK(row[1] == 0);
  CHECK(row[2] == 1);
  CHECK(pack_ternary({0.0f, 0.0f}, 1, 2, "w").gamma == 1e-5f);
  CHECK_THROWS_WITH(pack_ternary({1.0f, NAN}, 1, 2, "w"), Contains("w: a weight is not finite"));
  CHECK(pack_f16({1.0f, 65504.0f}, "w") == std::vector<kernels::f16>{0x3C00, 0x7BFF});
  CHECK_THROWS_WITH(pack_f16({65536.0f}, "w"), Contains("w: weight 65536"));
}

}  // namespace
}  // namespace tern::models
