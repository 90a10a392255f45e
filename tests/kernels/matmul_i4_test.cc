// SPDX-License-Identifier: Apache-2.0
//
// State space: every kernel the host can run against the sums and the order that dense.h defines,
// bit by bit, and against float64; both sides of every step of groups and number of tokens; every
// nibble with every activation; the extremes up to 65536 columns; subnormal, negative and largest
// scales; strides, odd addresses, arrays that end at an unreadable page.
// Parameters: the kernel table, shapes, fillings. A new row is tested with no edit here.

#include <bit>
#include <cmath>
#include <cstring>

#include "kernels/dense/dense.h"
#include "tests/kernels/matmul.h"

namespace tern::kernels {
namespace {

struct Problem {
  Shape s;
  std::vector<std::uint8_t> w;
  std::vector<std::int8_t> x;

  Problem(const Shape& shape, unsigned seed, unsigned scales = 0x7c00)
      : s(shape), w(s.rows * s.cols / 32 * 18), x(s.tokens * s.cols) {
    std::mt19937 rng(seed);
    for (auto& one : w) one = static_cast<std::uint8_t>(rng());
    for (std::size_t at = 0; at < w.size(); at += 18) {
      const unsigned d = (static_cast<unsigned>(rng()) & 0x8000u) |
                         static_cast<unsigned>(rng()) % scales;  // any finite scale
      w[at] = static_cast<std::uint8_t>(d & 0xff);
      w[at + 1] = static_cast<std::uint8_t>(d >> 8);
    }
    for (auto& one : x) one = static_cast<std::int8_t>(static_cast<int>(rng() % 256) - 128);
  }
  const std::uint8_t* group(std::size_t r, std::size_t g) const {
    return w.data() + (r * (s.cols / 32) + g) * 18;
  }
  float scale(std::size_t r, std::size_t g) const {
    return f16_to_f32(static_cast<f16>(group(r, g)[0] | group(r, g)[1] << 8));
  }
  int nibble(std::size_t r, std::size_t k) const {
    const int byte = group(r, k / 32)[2 + k % 16];
    return (k % 32 < 16 ? byte & 15 : byte >> 4) - 8;
  }
  int sum(std::size_t r, std::size_t g, std::size_t t) const {
    int total = 0;
    for (std::size_t k = g * 32; k < (g + 1) * 32; ++k) total += nibble(r, k) * x[t * s.cols + k];
    return total;
  }
  float defined(std::size_t r, std::size_t t) const {
    volatile float a[8] = {};
    for (std::size_t g = 0; g < s.cols / 32; ++g)
      a[g % 8] =
          std::fma(scale(r, g), static_cast<float>(sum(r, g, t)), static_cast<float>(a[g % 8]));
    for (const std::size_t half : {4, 2, 1})
      for (std::size_t i = 0; i < half; ++i) a[i] = a[i] + a[i + half];
    return a[0];
  }
};

void check_all_kernels(const Problem& p, std::size_t gap = 3) {
  for (const auto& kernel : matmul_i4_kernels()) {
    if (!host_has(kernel.isa)) continue;  // isa_test complains where TERN_REQUIRE_ISA is set
    const std::vector<float> y = run_guarded(kernel, p.w, p.x, p.s, gap, std::int8_t{99});
    for (std::size_t i = 0; i < y.size(); ++i) {
      const float defined = p.defined(i % p.s.rows, i / p.s.rows);
      const bool right = std::bit_cast<unsigned>(y[i]) == std::bit_cast<unsigned>(defined);
      if (right) continue;
      INFO(kernel.name << " " << p.s.text() << " row " << i % p.s.rows << ": " << y[i] << " for "
                       << defined);
      REQUIRE(right);
    }
  }
}

TEST_CASE("matmul_i4 gives the bits that dense.h defines at every edge of its shapes",
          "[kernels]") {
  unsigned seed = 0;
  for (const std::size_t groups : {1, 2, 7, 8, 9, 15, 16, 17, 31})
    for (const std::size_t rows : {1, 2, 3, 5})
      for (const std::size_t tokens : {1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 33}) {
        ++seed;
        check_all_kernels(Problem({rows, groups * 32, tokens}, seed), seed % 4);
      }
  // Rows over a panel and a pair of panels.
  for (const std::size_t rows : {7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 67})
    for (const std::size_t tokens : {1, 7, 33})
      check_all_kernels(Problem({rows, 352, tokens}, static_cast<unsigned>(rows)));
}

TEST_CASE("matmul_i4 gives the defined bits where the weights exceed the caches", "[kernels]") {
  for (const Shape& s : {Shape{423, 2560, 7}, Shape{67, 20000, 8}})
    check_all_kernels(Problem(s, 9));
}

TEST_CASE("matmul_i4 gives the defined bits for long rows and every scale", "[kernels]") {
  for (const unsigned scales : {0x0400u, 0x7c00u})  // subnormal ones, all
    for (const std::size_t cols : {6912, 65536})
      check_all_kernels(Problem({3, cols, 2}, 4, scales));
}

TEST_CASE("matmul_i4 neither saturates nor wraps at the extremes", "[kernels]") {
  const int byte = GENERATE(0x00, 0xff, 0xf0, 0x88);
  const int activation = GENERATE(-128, 127);
  for (const Shape& s : {Shape{2, 32, 3}, Shape{2, 256, 7}, Shape{2, 65536, 3}}) {
    Problem p(s, 1);
    for (std::size_t at = 0; at < p.w.size(); ++at)
      p.w[at] = static_cast<std::uint8_t>(at % 18 == 0 ? 0 : at % 18 == 1 ? 0x3c : byte);  // d = 1
    for (auto& one : p.x) one = static_cast<std::int8_t>(activation);
    check_all_kernels(p);
    const int each = ((byte & 15) - 8 + (byte >> 4) - 8) * activation;
    CHECK(p.defined(0, 0) == static_cast<float>(static_cast<int>(s.cols) / 2 * each));
  }
}

TEST_CASE("matmul_i4 rounds once where a group's sum meets its scale", "[kernels]") {
  // Sums of 15 bits and scales of 11: their product alone does not fit a float32.
  for (const std::size_t tokens : {2, 7}) {
    Problem p({5, 1280, tokens}, 12);
    for (std::size_t at = 0; at < p.w.size(); ++at)
      if (at % 18 > 1) p.w[at] &= 0x11;  // nibbles 0 and 1: weights -8 and -7
    for (auto& one : p.x) one = static_cast<std::int8_t>(96 + (one & 31));
    check_all_kernels(p);
  }
}

TEST_CASE("matmul_i4 multiplies every nibble by every activation exactly", "[kernels]") {
  // Row r holds nibble r everywhere, token t holds activation t - 128 in one column.
  Problem p({16, 32, 256}, 1);
  for (std::size_t at = 0; at < p.w.size(); ++at)
    p.w[at] = static_cast<std::uint8_t>(at % 18 == 0 ? 0 : at % 18 == 1 ? 0x3c : at / 18 * 17);
  for (std::size_t i = 0; i < p.x.size(); ++i)
    p.x[i] = static_cast<std::int8_t>(i % 32 == i / 32 % 32 ? static_cast<int>(i / 32) - 128 : 0);
  check_all_kernels(p);
  CHECK(p.defined(3, 10) == static_cast<float>((3 - 8) * (10 - 128)));
}

TEST_CASE("matmul_i4 is within the rounding bound of float64", "[kernels]") {
  // A term passes ceil(groups / 8) fused additions and three in the tree.
  for (const std::size_t cols : {32, 2560, 6912, 65536}) {
    const Problem p({3, cols, 2}, static_cast<unsigned>(cols));
    const auto n = static_cast<double>((cols / 32 + 7) / 8 + 3);
    const double g = n * 0x1p-24 / (1 - n * 0x1p-24);
    for (const auto& kernel : matmul_i4_kernels()) {
      if (!host_has(kernel.isa)) continue;
      const std::vector<float> y = run_guarded(kernel, p.w, p.x, p.s, 0, std::int8_t{0});
      for (std::size_t i = 0; i < y.size(); ++i) {
        double exact = 0, magnitude = 0;
        for (std::size_t group = 0; group < cols / 32; ++group) {
          const double term = double{p.scale(i % 3, group)} * p.sum(i % 3, group, i / 3);
          exact += term;
          magnitude += std::fabs(term);
        }
        INFO(kernel.name << " cols=" << cols << " result " << i);
        CHECK(std::fabs(double{y[i]} - exact) <=
              (g + static_cast<double>(cols) * 0x1p-53) * magnitude);
      }
    }
  }
}

TEST_CASE("matmul_i4 takes pointers of any alignment and writes nothing but y", "[kernels]") {
  const Problem p({9, 352, 8}, 3);
  for (const auto& kernel : matmul_i4_kernels()) {
    if (!host_has(kernel.isa)) continue;
    const std::vector<float> y = run_shifted(kernel, p.w, p.x, p.s, 0);
    for (const std::size_t shift : {1, 3, 17, 31})
      CHECK(run_shifted(kernel, p.w, p.x, p.s, shift) == y);
  }
}

}  // namespace
}  // namespace tern::kernels
