// SPDX-License-Identifier: Apache-2.0
//
// State space: matrices of every format that files have into every format that files hold; rows of
// heads in both orders; trits and scales that a format holds or rounds; masters; what is refused.
// Parameters: the tables of formats.

#include "models/convert_matrix.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "kernels/bf16.h"
#include "kernels/quantize.h"
#include "models/packing.h"
#include "tests/models/tiny_model.h"

namespace tern::models {
namespace {

using Catch::Contains;
using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kRows = 128, kCols = 256, kHeadDim = 32;
const char* const kTernary[] = {"i2_s", "i2_s_arm", "tq1_0", "tq2_0", "tl1", "tl2", "hf_u8"};

kernels::Trits random_trits(float scale) {
  std::mt19937 rng(5);
  kernels::Trits t{std::vector<std::int8_t>(kRows * kCols), scale};
  for (std::int8_t& trit : t.trits)
    trit = static_cast<std::int8_t>(static_cast<int>(rng() % 3) - 1);
  return t;
}

struct Source {
  Bytes bytes;
  Linear matrix;
};

Source ternary(const char* format_name, float scale) {
  const kernels::TernaryFormat& format = kernels::ternary_format(format_name);
  Source s{kernels::pack_tensor(format, random_trits(scale), kRows, kCols, "w"), {}};
  TernaryMatrix w{"w", kRows, kCols, scale, s.bytes, &format};
  if (format.half_scale) w.gamma = kernels::check_tensor(format, s.bytes, kRows, kCols, "w");
  s.matrix = w;
  return s;
}

Source dense(const char* format_name) {
  const kernels::DenseFormat& format = kernels::dense_format(format_name);
  std::mt19937 rng(6);
  const auto values = noise(rng, kRows * kCols, 0.05f);
  Source s{Bytes(format.bytes(values.size())), {}};
  format.pack(values.data(), values.size(), s.bytes.data());
  s.matrix = DenseMatrix{"w", kRows, kCols, &format, s.bytes.data()};
  return s;
}

Bytes produced(const MatrixStream& stream) {
  Bytes bytes;
  stream.produce([&](std::span<const std::byte> part) {
    const auto* data = reinterpret_cast<const std::uint8_t*>(part.data());
    bytes.insert(bytes.end(), data, data + part.size());
  });
  return bytes;
}

TEST_CASE("row orders are those of llama.cpp's converter and its inverse", "[models]") {
  // Written as the converter has it: [heads, 2, half] to [heads, half, 2].
  const std::size_t head = 8, heads = 3, half = head / 2;
  const RowOrder there{RopePairing::kHalfSplit, RopePairing::kAdjacent, head};
  const RowOrder back{RopePairing::kAdjacent, RopePairing::kHalfSplit, head};
  for (std::size_t h = 0; h < heads; ++h)
    for (std::size_t part = 0; part < 2; ++part)
      for (std::size_t j = 0; j < half; ++j) {
        const std::size_t split = h * head + part * half + j, adjacent = h * head + 2 * j + part;
        CHECK(there.source_row(adjacent) == split);
        CHECK(back.source_row(split) == adjacent);
      }
  const RowOrder none{RopePairing::kAdjacent, RopePairing::kAdjacent, head};
  CHECK(none.same());
  CHECK(none.source_row(5) == 5);
}

TEST_CASE("trits pass unchanged between all ternary formats in both row orders", "[models]") {
  kernels::ThreadPool pool(GENERATE(1u, 3u));
  const Source source =
      ternary(GENERATE(from_range(std::begin(kTernary), std::end(kTernary))), 0.0123f);
  const char* to = GENERATE(from_range(std::begin(kTernary), std::end(kTernary)));
  const kernels::TernaryFormat& format = kernels::ternary_format(to);
  const float gamma = std::get<TernaryMatrix>(source.matrix).gamma;
  const auto plain = random_trits(0).trits;
  for (const RopePairing pairing : {RopePairing::kHalfSplit, RopePairing::kAdjacent}) {
    const RowOrder order{RopePairing::kHalfSplit, pairing, kHeadDim};
    MatrixReport report;
    const MatrixStream stream = convert_matrix(source.matrix, order, to, false, pool, report);
    const Bytes bytes = produced(stream);
    const kernels::Trits found = kernels::unpack_tensor(format, bytes, kRows, kCols, "found");
    bool equal = true;
    for (std::size_t r = 0; r < kRows; ++r)
      equal = equal && std::equal(found.trits.begin() + static_cast<long>(r * kCols),
                                  found.trits.begin() + static_cast<long>((r + 1) * kCols),
                                  plain.begin() + static_cast<long>(order.source_row(r) * kCols));
    CHECK(equal);
    CHECK(stream.gamma == gamma);
    CHECK(report.trits_changed == 0);
    CHECK(report.bytes == bytes.size());
    if (format.has_scale && !format.half_scale) CHECK(found.scale == gamma);
    if (format.half_scale) CHECK(std::fabs(found.scale - gamma) <= gamma / 2048);
    CHECK(report.max_error ==
          std::fabs(static_cast<double>(format.has_scale ? found.scale : gamma) - gamma));
  }
}

TEST_CASE("ternary weights in a dense format are gamma times T", "[models]") {
  kernels::ThreadPool pool(2);
  const Source source = ternary("i2_s", 0.0625f);
  const auto plain = random_trits(0).trits;
  for (const kernels::DenseFormat& format : kernels::dense_formats()) {
    INFO(format.name);
    MatrixReport report;
    const RowOrder order{RopePairing::kHalfSplit, RopePairing::kAdjacent, kHeadDim};
    const Bytes bytes = produced(
        convert_matrix(source.matrix, order, std::string(format.name), false, pool, report));
    REQUIRE(bytes.size() == format.bytes(kRows * kCols));
    std::vector<float> found(kRows * kCols);
    format.unpack(bytes.data(), found.size(), found.data());
    double most = 0;
    for (std::size_t r = 0; r < kRows; ++r)
      for (std::size_t c = 0; c < kCols; ++c)
        most = std::max(most, std::fabs(static_cast<double>(found[r * kCols + c]) -
                                        0.0625 * plain[order.source_row(r) * kCols + c]));
    CHECK(report.max_error == most);
    CHECK(most <= 0.0625 / 7);  // four bits at worst
    if (format.block == 1) CHECK(most == 0);
    CHECK_FALSE(report.ternary);
  }
}

TEST_CASE("dense formats are copied or rounded once", "[models]") {
  kernels::ThreadPool pool(2);
  for (const kernels::DenseFormat& from : kernels::dense_formats())
    for (const kernels::DenseFormat& to : kernels::dense_formats()) {
      INFO(from.name << " to " << to.name);
      const Source source = dense(std::string(from.name).c_str());
      MatrixReport report;
      const Bytes bytes =
          produced(convert_matrix(source.matrix, {}, std::string(to.name), false, pool, report));
      CHECK(report.bytes == bytes.size());
      if (from.name == to.name) {
        CHECK(bytes == source.bytes);
        CHECK(report.max_error == 0);
        continue;
      }
      std::vector<float> values(kRows * kCols), found(kRows * kCols);
      from.unpack(source.bytes.data(), values.size(), values.data());
      to.unpack(bytes.data(), found.size(), found.data());
      double most = 0;
      for (std::size_t i = 0; i < found.size(); ++i)
        most = std::max(most, std::fabs(static_cast<double>(found[i]) - values[i]));
      CHECK(report.max_error == most);
      CHECK(most < 0.1);
      if (to.name == "f32") CHECK(most == 0);
    }
}

TEST_CASE("masters become the same trits and scale again", "[models]") {
  kernels::ThreadPool pool(2);
  for (const float scale : {1.0f, 0.0123f, 3.3e-4f, 1.7f}) {
    const Source source = ternary("i2_s", scale);
    MatrixReport report;
    const Bytes bytes = produced(
        convert_matrix(source.matrix, {}, std::string(kMasterFormat), false, pool, report));
    std::vector<float> values(kRows * kCols);
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] =
          kernels::bf16_to_f32(static_cast<kernels::bf16>(bytes[2 * i] | bytes[2 * i + 1] << 8));
    const kernels::Trits found = ternarize(values, kRows, kCols, "found");
    CHECK(found.trits == random_trits(0).trits);
    CHECK(std::fabs(found.scale - scale) <= 1e-6f * scale);
    CHECK(report.scale_written == found.scale);
    CHECK(report.trits_changed == 0);
  }
}

TEST_CASE("dense weights become ternary by absmean and only when asked", "[models]") {
  kernels::ThreadPool pool(2);
  const Source source = dense("f32");
  MatrixReport report;
  CHECK_THROWS_WITH(convert_matrix(source.matrix, {}, "i2_s", false, pool, report),
                    Contains("tensor w: is f32; to quantise it to i2_s, ask with --ternarize"));
  std::vector<float> values(kRows * kCols);
  std::get<DenseMatrix>(source.matrix)
      .format->unpack(source.bytes.data(), values.size(), values.data());
  const kernels::Trits expected = ternarize(values, kRows, kCols, "w");
  const MatrixStream stream = convert_matrix(source.matrix, {}, "i2_s", true, pool, report);
  const Bytes bytes = produced(stream);
  const kernels::Trits found =
      kernels::unpack_tensor(kernels::ternary_format("i2_s"), bytes, kRows, kCols, "w");
  CHECK(found.trits == expected.trits);
  CHECK(found.scale == expected.scale);
  CHECK(stream.gamma == expected.scale);
}

TEST_CASE("what a format cannot hold is named with its tensor", "[models]") {
  kernels::ThreadPool pool(1);
  MatrixReport report;
  const std::vector<float> large(256 * 2, 1e6f);
  const Linear matrix = DenseMatrix{"big", 2, 256, &kernels::dense_format("f32"),
                                    reinterpret_cast<const std::uint8_t*>(large.data())};
  const MatrixStream stream = convert_matrix(matrix, {}, "f16", false, pool, report);
  CHECK_THROWS_WITH(produced(stream), Contains("big: holds a weight that is too large for f16"));
  const Linear narrow = DenseMatrix{"narrow", 4, 100, &kernels::dense_format("f32"),
                                    reinterpret_cast<const std::uint8_t*>(large.data())};
  CHECK_THROWS_WITH(convert_matrix(narrow, {}, "i2_s", true, pool, report),
                    Contains("tensor narrow: i2_s needs columns in multiples of 128, found 100"));
  CHECK_THROWS_WITH(convert_matrix(narrow, {}, "no_such", true, pool, report),
                    Contains("no ternary format 'no_such'"));
}

}  // namespace
}  // namespace tern::models
