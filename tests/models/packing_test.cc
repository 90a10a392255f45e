// SPDX-License-Identifier: Apache-2.0
//
// State space: tensors in every layout that files have, on their way to t2; master weights that no
// format can hold.
// Parameters: the table of layouts (tests/kernels/formats_test.cc takes their bytes apart).

#include "models/packing.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "kernels/format.h"
#include "models/gguf.h"

namespace tern::models {
namespace {

using Catch::Contains;

TEST_CASE("any file format is re-packed by rows and its errors name the tensor", "[models]") {
  constexpr std::size_t kRows = 96, kCols = 512;
  std::mt19937 rng(5);
  kernels::Trits t{std::vector<std::int8_t>(kRows * kCols), 0.75f};
  for (auto& v : t.trits) v = static_cast<std::int8_t>(static_cast<int>(rng() % 3) - 1);
  for (const kernels::TernaryFormat& format : kernels::ternary_formats()) {
    INFO(format.name);
    std::vector<std::uint8_t> bytes = kernels::pack_tensor(format, t, kRows, kCols, "w");
    const auto repack = [&] {
      return repack_t2(format, std::as_bytes(std::span(bytes)), kRows, kCols, "w");
    };
    const PackedTernary p = repack();
    CHECK(p.gamma == (format.has_scale ? 0.75f : 0.0f));
    std::vector<std::int8_t> row(kCols);
    for (std::size_t r = 0; r < kRows; ++r) {
      REQUIRE(kernels::unpack_t2(p.t2.data() + r * 128, kCols, row.data()) == kCols);
      REQUIRE(std::equal(row.begin(), row.end(), t.trits.begin() + static_cast<long>(r * kCols)));
    }
    bytes.pop_back();
    CHECK_THROWS_WITH(repack(), Contains("w: has " + std::to_string(bytes.size()) + " bytes"));
    CHECK_THROWS_WITH(repack_t2(format, {}, 0, kCols, "w"), Contains("w: "));
  }
}

TEST_CASE("GGUF and the table of layouts agree on sizes", "[models]") {
  for (const auto& [type, name] : {std::pair{TensorType::kI2S, "i2_s"},
                                   {TensorType::kTq1, "tq1_0"},
                                   {TensorType::kTq2, "tq2_0"}})
    CHECK(tensor_bytes(type, 6912 * 2560, 2560) == kernels::ternary_format(name).bytes(6912, 2560));
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
