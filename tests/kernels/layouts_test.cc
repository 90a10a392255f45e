// SPDX-License-Identifier: Apache-2.0
//
// State space: every format repacked to every compute layout at 1, 2, 3 and 8 threads against the
// trits it was packed from; several runs of rows; bad codes and scales in any run, named as one
// thread names them. Parameters: both tables, shapes, threads.

#include "kernels/ternary/layouts.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include "kernels/quantize.h"

namespace tern::kernels {
namespace {

Trits random_tensor(std::size_t rows, std::size_t cols, unsigned seed) {
  std::mt19937 rng(seed);
  Trits t{std::vector<std::int8_t>(rows * cols), 0.25f};
  for (std::int8_t& v : t.trits) v = static_cast<std::int8_t>(static_cast<int>(rng() % 3) - 1);
  return t;
}

TEST_CASE("every compute layout has a row among the formats and kernels of its name", "[kernels]") {
  for (const ComputeLayout& layout : compute_layouts()) {
    INFO(layout.name);
    const TernaryFormat& format = ternary_format(layout.name);
    CHECK(format.kernels == "matmul_" + std::string(layout.name));
    CHECK(format.bytes(37, 53) == layout.geometry.bytes(37, 53));
    for (const auto& kernel : layout.kernels())
      CHECK(kernel.name.starts_with(std::string(format.kernels) + "_"));
    CHECK(&compute_layout(layout.name) == &layout);
  }
  for (const Isa isa : all_isas())
    CHECK(fastest_layout(isa).name == (contains(isa, Isa::kAvx512Vbmi) ? "t5p" : "t2p"));
  CHECK_THROWS_WITH(compute_layout("t3p"), Catch::Contains("t3p") && Catch::Contains("t2p, t5p"));
}

TEST_CASE("a repacked matrix holds the trits it was packed from at any number of threads",
          "[kernels]") {
  for (const TernaryFormat& from : ternary_formats())
    for (const ComputeLayout& to : compute_layouts())
      for (const auto& [rows, cols] : {std::pair<std::size_t, std::size_t>{32, 256},
                                       {96, 768},
                                       {37, 53},
                                       {1, 128},
                                       {2080, 512}}) {
        if (!shape_problem(from, rows, cols).empty()) continue;
        const Trits t = random_tensor(rows, cols, 3);
        const auto bytes = pack_tensor(from, t, rows, cols, "w");
        for (const unsigned threads : {1u, 2u, 3u, 8u}) {
          INFO(from.name << " to " << to.name << ", " << rows << " x " << cols << ", " << threads);
          ThreadPool pool(threads);
          std::vector<std::uint8_t> out(to.geometry.bytes(rows, cols) + 1, 0xee);
          const float scale = repack(pool, from, bytes, rows, cols, "w", to, out.data());
          CHECK(scale == (from.has_scale ? 0.25f : 0.0f));
          CHECK(out.back() == 0xee);
          out.pop_back();
          CHECK(unpack_tensor(ternary_format(to.name), out, rows, cols, "w").trits == t.trits);
        }
      }
}

TEST_CASE("weights that were checked are repacked like those of a file", "[kernels]") {
  for (const ComputeLayout& to : compute_layouts())
    for (const auto& [rows, cols] :
         {std::pair<std::size_t, std::size_t>{37, 53}, {1, 128}, {2080, 512}}) {
      const Trits t = random_tensor(rows, cols, 5);
      std::vector<std::uint8_t> t2(rows * t2_row_bytes(cols));
      for (std::size_t r = 0; r < rows; ++r)
        pack_t2(t.trits.data() + r * cols, cols, t2.data() + r * t2_row_bytes(cols));
      for (const unsigned threads : {1u, 3u}) {
        INFO(to.name << ", " << rows << " x " << cols << ", " << threads);
        ThreadPool pool(threads);
        std::vector<std::uint8_t> out(to.geometry.bytes(rows, cols));
        repack(pool, T2View{t2.data(), rows, t2_blocks(cols)}, cols, "w", to, out.data());
        CHECK(unpack_tensor(ternary_format(to.name), out, rows, cols, "w").trits == t.trits);
      }
    }
}

TEST_CASE("t2 that changed since it was checked is refused by its first illegal weight",
          "[kernels]") {
  constexpr std::size_t kRows = 2048, kCols = 1024;  // eight runs
  const ComputeLayout& to = compute_layout("t5p");
  const std::vector<std::uint8_t> good(kRows * t2_row_bytes(kCols), 0b01'01'01'01);
  std::vector<std::uint8_t> out(to.geometry.bytes(kRows, kCols));
  for (const std::size_t row : {0, 256, 2047})
    for (const unsigned threads : {1u, 2u, 8u}) {
      auto bad = good;
      for (std::size_t r = row; r < kRows; r += 300) bad[r * t2_row_bytes(kCols) + 40] = 0xff;
      ThreadPool pool(threads);
      CHECK_THROWS_WITH(repack(pool, T2View{bad.data(), kRows, t2_blocks(kCols)}, kCols,
                               "blk.7.ffn_up.weight", to, out.data()),
                        Catch::Contains("blk.7.ffn_up.weight") &&
                            Catch::Contains("weight " + std::to_string(row * kCols + 136) +
                                            " (row " + std::to_string(row) + ", column 136)"));
    }
}

TEST_CASE("repacking names the first bad weight whatever the number of threads", "[kernels]") {
  constexpr std::size_t kRows = 2048, kCols = 1024;  // eight runs
  const TernaryFormat& from = ternary_format("i2_s");
  const ComputeLayout& to = compute_layout("t2p");
  const Trits t = random_tensor(kRows, kCols, 9);
  const auto good = pack_tensor(from, t, kRows, kCols, "w");
  std::vector<std::uint8_t> out(to.geometry.bytes(kRows, kCols));
  for (const std::size_t row : {0, 255, 256, 1100, 2047})
    for (const unsigned threads : {1u, 2u, 8u}) {
      auto bad = good;
      for (std::size_t r = row; r < kRows; r += 300) bad[r * kCols / 4 + 40] = 0xff;
      ThreadPool pool(threads);
      // Byte 40 of a row is in its second block, and begins with element 8 of it.
      const std::size_t index = row * kCols + 136;
      CHECK_THROWS_WITH(
          repack(pool, from, bad, kRows, kCols, "blk.7.ffn_up.weight", to, out.data()),
          Catch::Contains("blk.7.ffn_up.weight") &&
              Catch::Contains("weight " + std::to_string(index) + " (row " + std::to_string(row) +
                              ", column 136)"));
    }
}

TEST_CASE("repacking any format refuses what unpacking it refuses, in the same words",
          "[kernels]") {
  constexpr std::size_t kRows = 256, kCols = 2560;  // several runs, whole and partial tests of I2_S
  const auto message = [](const auto& work) -> std::string {
    try {
      work();
    } catch (const std::runtime_error& e) {
      return e.what();
    }
    return "";
  };
  for (const TernaryFormat& from : ternary_formats()) {
    if (from.file_type == "compute only") continue;
    const auto good = pack_tensor(from, random_tensor(kRows, kCols, 4), kRows, kCols, "w");
    std::mt19937 rng(6);
    int refused = 0;
    for (int i = 0; i < 20; ++i) {
      auto bad = good;  // or not: some bytes mean other weights
      for (int n = 0; n < 2; ++n) bad[rng() % bad.size()] = static_cast<std::uint8_t>(rng());
      const std::string expected = message([&] { unpack_tensor(from, bad, kRows, kCols, "w"); });
      INFO(from.name << ": " << expected);
      refused += expected.starts_with("w: ") ? 1 : 0;
      for (const ComputeLayout& to : compute_layouts())
        for (const unsigned threads : {1u, 3u}) {
          ThreadPool pool(threads);
          std::vector<std::uint8_t> out(to.geometry.bytes(kRows, kCols));
          CHECK(message([&] { repack(pool, from, bad, kRows, kCols, "w", to, out.data()); }) ==
                expected);
        }
    }
    CHECK(refused > 0);
  }
}

TEST_CASE("repacking refuses more columns than kernels take", "[kernels]") {
  ThreadPool pool(2);
  const TernaryFormat& i2s = ternary_format("i2_s");
  constexpr std::size_t kCols = kMaxCols + 128;  // the next that I2_S can hold
  const std::vector<std::uint8_t> bytes(i2s.bytes(1, kCols));
  const TernaryFormat& hf = ternary_format("hf_u8");  // any number of columns
  const std::vector<std::uint8_t> one_more(hf.bytes(4, kMaxCols + 1), 0b01'01'01'01);
  const Trits most = random_tensor(4, kMaxCols, 3);
  for (const ComputeLayout& to : compute_layouts()) {
    std::vector<std::uint8_t> out(to.geometry.bytes(4, kCols));
    CHECK_THROWS_WITH(repack(pool, i2s, bytes, 1, kCols, "wide", to, out.data()),
                      "wide: has 65664 columns, of which kernels take at most 65536");
    CHECK_THROWS_WITH(repack(pool, hf, one_more, 4, kMaxCols + 1, "wide", to, out.data()),
                      "wide: has 65537 columns, of which kernels take at most 65536");
    const auto packed = pack_tensor(hf, most, 4, kMaxCols, "wide");
    CHECK_NOTHROW(repack(pool, hf, packed, 4, kMaxCols, "wide", to, out.data()));
  }
}

TEST_CASE("zeros without a scale are of any scale that other rows have", "[kernels]") {
  constexpr std::size_t kRows = 2048, kCols = 1024, kRunRows = 256;  // eight runs
  const TernaryFormat& from = ternary_format("tq2_0");
  const ComputeLayout& to = compute_layout("t2p");
  std::vector<std::uint8_t> out(to.geometry.bytes(kRows, kCols));
  const std::size_t run_bytes = from.bytes(kRunRows, kCols);
  for (const std::size_t zeros : {0, 3, 7})
    for (const unsigned threads : {1u, 2u, 8u}) {
      Trits t = random_tensor(kRows, kCols, 8);
      t.scale = 0.5f;
      std::fill_n(t.trits.begin() + static_cast<std::ptrdiff_t>(zeros * kRunRows * kCols),
                  kRunRows * kCols, std::int8_t{0});
      auto bytes = pack_tensor(from, t, kRows, kCols, "w");
      for (std::size_t end = (zeros + 1) * run_bytes; end > zeros * run_bytes; end -= 66)
        bytes[end - 1] = bytes[end - 2] = 0;
      ThreadPool pool(threads);
      INFO(zeros << ", " << threads << " threads");
      CHECK(repack(pool, from, bytes, kRows, kCols, "w", to, out.data()) == 0.5f);
      CHECK(unpack_tensor(ternary_format(to.name), out, kRows, kCols, "w").trits == t.trits);
      // Another scale is refused across them.
      const std::size_t last = zeros == 7 ? 6 : 7;
      for (std::size_t end = (last + 1) * run_bytes; end > last * run_bytes; end -= 66)
        bytes[end - 1] = 0x40;
      CHECK_THROWS_WITH(repack(pool, from, bytes, kRows, kCols, "w", to, out.data()),
                        Catch::Contains("one scale per tensor"));
    }
}

TEST_CASE("repacking a tensor of zeros without a scale gives it the least one", "[kernels]") {
  ThreadPool pool(2);
  for (const char* name : {"tq1_0", "tq2_0"}) {
    const TernaryFormat& from = ternary_format(name);
    auto bytes = pack_tensor(from, {std::vector<std::int8_t>(256 * 256), 1.0f}, 256, 256, "w");
    const std::size_t block = bytes.size() / 256;
    for (std::size_t b = 0; b < 256; ++b)
      bytes[(b + 1) * block - 1] = 0;  // the float16's upper half
    for (const ComputeLayout& to : compute_layouts()) {
      std::vector<std::uint8_t> out(to.geometry.bytes(256, 256));
      CHECK(repack(pool, from, bytes, 256, 256, "w", to, out.data()) == kScaleFloor);
    }
  }
}

TEST_CASE("repacking refuses scales that are not one finite positive number", "[kernels]") {
  ThreadPool pool(2);
  const ComputeLayout& to = compute_layout("t5p");
  std::vector<std::uint8_t> out(to.geometry.bytes(64, 256));
  const Trits t = random_tensor(64, 256, 1);
  for (const float scale : {0.0f, -1.0f, std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN()}) {
    const TernaryFormat& from = ternary_format("i2_s");
    auto bytes = pack_tensor(from, t, 64, 256, "w");
    std::memcpy(bytes.data() + 64 * 256 / 4, &scale, sizeof scale);
    CHECK_THROWS_WITH(repack(pool, from, bytes, 64, 256, "w", to, out.data()),
                      Catch::Contains("w: ") && Catch::Contains("scale"));
  }
  const TernaryFormat& tq = ternary_format("tq2_0");
  const Trits big = random_tensor(2048, 1024, 2);
  auto bytes = pack_tensor(tq, big, 2048, 1024, "w");
  bytes[bytes.size() - 1] = 0x40;  // the last block's float16: 2 and something
  std::vector<std::uint8_t> room(to.geometry.bytes(2048, 1024));
  CHECK_THROWS_WITH(repack(pool, tq, bytes, 2048, 1024, "w", to, room.data()),
                    Catch::Contains("one scale per tensor"));
  // The same where the runs agree with themselves: one that every block of the last 256 rows has.
  for (std::size_t end = bytes.size(); end > bytes.size() / 8 * 7; end -= 66) bytes[end - 1] = 0x40;
  CHECK_THROWS_WITH(repack(pool, tq, bytes, 2048, 1024, "w", to, room.data()),
                    Catch::Contains("one scale per tensor"));
  // A smaller one in later runs, too.
  for (std::size_t end = bytes.size(); end > bytes.size() / 8 * 7; end -= 66) bytes[end - 1] = 0x24;
  CHECK_THROWS_WITH(repack(pool, tq, bytes, 2048, 1024, "w", to, room.data()),
                    Catch::Contains("one scale per tensor"));
  CHECK_THROWS_WITH(repack(pool, tq, bytes, 2048, 1000, "w", to, room.data()),
                    Catch::Contains("multiples of 256"));
  bytes.pop_back();
  CHECK_THROWS_WITH(repack(pool, tq, bytes, 2048, 1024, "w", to, room.data()),
                    Catch::Contains("bytes, expected"));
}

}  // namespace
}  // namespace tern::kernels
