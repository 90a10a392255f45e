// SPDX-License-Identifier: Apache-2.0
//
// State space: every kernel the host can run: codes and norms as screen.h lays them out, read back
// by a decoder of its own; the bounds against exact products, for ordinary rows and for those made
// to come as close as the inequality lets them; matrices and inputs of any magnitude; arrays that
// end at an unreadable page.
// Parameters: the table, shapes, kinds of weights. A new row is tested with no edit here.

#include "kernels/screen/screen.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "kernels/dense/dense.h"
#include "tests/kernels/guarded.h"

namespace tern::kernels {
namespace {

struct Packed {
  Packed(const ScreenFns& run, const std::vector<float>& w, ScreenLayout l)
      : layout(l),
        coarse(std::vector<std::uint8_t>(l.coarse_bytes(), 0xA5)),
        fine(std::vector<std::uint8_t>(l.fine_bytes(), 0xA5)) {
    const Guarded<float> weights(w);
    for (std::size_t p = 0; p < l.panels(); ++p) {
      const std::size_t first = p * kScreenRows, rows = std::min(kScreenRows, l.rows - first);
      run.pack(l, weights.data() + first * l.cols, rows, coarse.data() + p * l.panel_bytes(),
               fine.data() + first * l.fine_row_bytes());
    }
  }
  Screen screen() const { return {layout, coarse.data(), fine.data()}; }

  ScreenLayout layout;
  Guarded<std::uint8_t> coarse, fine;
};

struct Row {
  std::vector<double> coarse, fine;  // what the planes say the weights are
  double weight, error, finer;       // norms
};

float float_at(const std::uint8_t* p) {
  float v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

Row decode(const Packed& packed, std::size_t r) {
  const ScreenLayout& l = packed.layout;
  const std::uint8_t* panel = packed.coarse.data() + r / 16 * l.panel_bytes();
  const std::uint8_t* own = packed.fine.data() + r * l.fine_row_bytes();
  const std::uint8_t* norms = panel + l.groups() * 336 + r % 16 * 4;
  Row row;
  const double unit = static_cast<double>(float_at(norms));
  row.weight = static_cast<double>(float_at(norms + 64));
  row.error = static_cast<double>(float_at(norms + 128));
  const std::uint8_t* fine_norms = own + (l.groups() * 9 + 3) / 4 * 4;
  CHECK(float_at(fine_norms) == float_at(norms));
  CHECK(float_at(fine_norms + 4) == float_at(norms + 64));
  row.finer = static_cast<double>(float_at(fine_norms + 8));
  for (std::size_t k = 0; k < l.cols; ++k) {
    const std::size_t g = k / 32, i = k % 32 / 8, j = k % 4, at = r % 16 * 4 + j;
    const unsigned shift = k % 8 < 4 ? 0 : 4;
    const int c = static_cast<std::int8_t>(panel[g * 336 + 320 + r % 16]);
    CHECK(own[l.groups() * 8 + g] == static_cast<std::uint8_t>(c));
    const int fifth = (panel[g * 336 + 256 + at] >> (k % 32 / 4)) & 1;
    const int code = ((panel[g * 336 + i * 64 + at] >> shift) & 15) + 16 * fifth - 16;
    const int second = (own[k / 16 * 4 + j] >> (k % 16 / 4 * 2)) & 3;
    row.coarse.push_back(unit * c * code);
    row.fine.push_back(unit * c * (code + (2 * second - 3) / 8.0));
  }
  return row;
}

double dot(const double* a, const float* b, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += a[i] * static_cast<double>(b[i]);
  return sum;
}

double norm(const std::vector<double>& v) {
  double sum = 0;
  for (const double x : v) sum += x * x;
  return std::sqrt(sum);
}

enum class Kind { kNormal, kHeavy, kOneLarge, kAlternating, kTiny, kHuge, kZeros };
constexpr Kind kKinds[] = {Kind::kNormal, Kind::kHeavy, Kind::kOneLarge, Kind::kAlternating,
                           Kind::kTiny,   Kind::kHuge,  Kind::kZeros};

std::vector<float> weights(Kind kind, std::size_t n, unsigned seed) {
  std::mt19937 rng(seed);
  std::normal_distribution<float> normal(0, 1);
  std::vector<float> w(n);
  for (std::size_t i = 0; i < n; ++i) {
    const float v = normal(rng);
    switch (kind) {
      case Kind::kNormal:
        w[i] = v;
        break;
      case Kind::kHeavy:
        w[i] = v * v * v * v * v;
        break;
      case Kind::kOneLarge:
        w[i] = i % 97 == 5 ? -300.0f : 0.01f * v;
        break;
      case Kind::kAlternating:
        w[i] = i % 2 == 0 ? 1.0f : -1.0f;
        break;
      case Kind::kTiny:
        w[i] = 1e-24f * v;
        break;
      case Kind::kHuge:
        w[i] = 6e4f * std::clamp(v, -1.0f, 1.0f);
        break;
      case Kind::kZeros:
        w[i] = i % 200 < 150 ? 0.0f : v;
        break;
    }
  }
  return w;
}

struct Results {
  std::vector<float> estimates, bounds;
};

Results coarse_of(const ScreenFns& run, const Packed& p, const ScreenInput& x) {
  const std::size_t n = p.layout.panels() * kScreenRows;
  Results r{std::vector<float>(n, 77), std::vector<float>(n, 77)};
  const std::size_t half = p.layout.panels() / 2;
  run.coarse(p.screen(), x, 0, half, r.estimates.data(), r.bounds.data());
  run.coarse(p.screen(), x, half, p.layout.panels(), r.estimates.data(), r.bounds.data());
  return r;
}

void for_each_kernel(const std::function<void(const ScreenKernel&)>& body) {
  for (const ScreenKernel& kernel : screen_kernels()) {
    if (host_has(kernel.isa))
      body(kernel);
    else
      WARN("SKIP: this host cannot run " << kernel.name);
  }
}

// Every row's bound against the product in float64, and in the order of dense.h.
void check_bounds(const ScreenKernel& kernel, const Packed& packed, const std::vector<float>& w,
                  const std::vector<float>& x) {
  const ScreenLayout& l = packed.layout;
  ScreenInput input;
  const Guarded<float> guarded(x);
  input.set(guarded.data(), l.cols);
  Results coarse = coarse_of(*kernel.run, packed, input);
  Results fine = coarse;
  std::vector<std::uint32_t> all(l.rows);
  for (std::size_t r = 0; r < l.rows; ++r) all[r] = static_cast<std::uint32_t>(l.rows - 1 - r);
  kernel.run->fine(packed.screen(), input, all, fine.estimates.data(), fine.bounds.data());
  std::vector<float> product(l.rows);
  kernel_for(matmul_f32_kernels(), Isa::kScalar)
      .run({w.data(), l.rows, l.cols}, x.data(), l.cols, 1, product.data(), l.rows);
  for (std::size_t r = 0; r < l.rows; ++r) {
    const std::vector<double> row(w.begin() + static_cast<long>(r * l.cols),
                                  w.begin() + static_cast<long>((r + 1) * l.cols));
    const double exact = dot(row.data(), x.data(), l.cols);
    INFO("row " << r);
    REQUIRE(exact <= static_cast<double>(coarse.bounds[r]));
    REQUIRE(exact <= static_cast<double>(fine.bounds[r]));
    REQUIRE(product[r] <= coarse.bounds[r]);
    REQUIRE(product[r] <= fine.bounds[r]);
  }
}

TEST_CASE("an ISA gets the row of its name or the fastest that it contains", "[kernels]") {
  for (const ScreenKernel& kernel : screen_kernels()) {
    CHECK(kernel.name == "screen_" + std::string(isa_name(kernel.isa)));
    CHECK(kernel_for(screen_kernels(), kernel.isa).name == kernel.name);
    for (const Isa isa : all_isas()) {
      const Isa got = kernel_for(screen_kernels(), isa).isa;
      CHECK((got == Isa::kScalar || contains(isa, got)));
      if (host_has(isa) && contains(isa, kernel.isa))
        CHECK((got == kernel.isa || !contains(kernel.isa, got)));
    }
  }
  CHECK(kernel_for(screen_kernels(), Isa::kScalar).isa == Isa::kScalar);
}

TEST_CASE("planes hold the weights and norms say what they miss", "[kernels]") {
  for_each_kernel([&](const ScreenKernel& kernel) {
    for (const Kind kind : kKinds)
      for (const ScreenLayout layout : {ScreenLayout{1, 32}, ScreenLayout{17, 96},
                                        ScreenLayout{33, 256}, ScreenLayout{16, 2048 + 96}}) {
        INFO(kernel.name << " kind " << static_cast<int>(kind) << " " << layout.rows << " x "
                         << layout.cols);
        const auto w = weights(kind, layout.rows * layout.cols, 5);
        const Packed packed(*kernel.run, w, layout);
        for (std::size_t r = 0; r < layout.rows; ++r) {
          const Row row = decode(packed, r);
          std::vector<double> own, e, e2;
          for (std::size_t k = 0; k < layout.cols; ++k) {
            own.push_back(static_cast<double>(w[r * layout.cols + k]));
            e.push_back(own[k] - row.coarse[k]);
            e2.push_back(own[k] - row.fine[k]);
          }
          CHECK(row.weight >= norm(own));
          CHECK(row.error >= norm(e));
          CHECK(row.finer >= norm(e2));
          CHECK(row.weight <= norm(own) * 1.0001 + 1e-16);
          CHECK(row.error <= norm(e) * 1.0001 + norm(own) * 1e-6 + 1e-16);
          CHECK(row.finer <= norm(e2) * 1.0001 + norm(own) * 1e-6 + 1e-16);
          if (kind == Kind::kNormal && layout.cols > 32) {
            CHECK(norm(e) < 0.055 * norm(own));
            CHECK(norm(e2) < 0.014 * norm(own));
          }
        }
      }
  });
}

TEST_CASE("every kernel packs the same bytes", "[kernels]") {
  for (const Kind kind : kKinds) {
    const ScreenLayout layout{35, 160};
    const auto w = weights(kind, layout.rows * layout.cols, 6);
    const Packed first(screen_kernels().back().run[0], w, layout);
    for_each_kernel([&](const ScreenKernel& kernel) {
      const Packed packed(*kernel.run, w, layout);
      CHECK(std::memcmp(packed.coarse.data(), first.coarse.data(), layout.coarse_bytes()) == 0);
      CHECK(std::memcmp(packed.fine.data(), first.fine.data(), layout.fine_bytes()) == 0);
    });
  }
}

TEST_CASE("estimates are the products of the planes and the quantised input", "[kernels]") {
  for_each_kernel([&](const ScreenKernel& kernel) {
    for (const ScreenLayout layout : {ScreenLayout{1, 32}, ScreenLayout{40, 160},
                                      ScreenLayout{19, 288}, ScreenLayout{50, 2560}}) {
      INFO(kernel.name << " " << layout.rows << " x " << layout.cols);
      const auto w = weights(Kind::kNormal, layout.rows * layout.cols, 7);
      const auto x = weights(Kind::kHeavy, layout.cols, 8);
      const Packed packed(*kernel.run, w, layout);
      ScreenInput input;
      input.set(x.data(), layout.cols);
      std::vector<float> u;
      for (std::size_t k = 0; k < layout.cols; ++k) {
        const std::size_t at = k / 8 * 4 + k % 4;
        const bool low = k % 8 < 4;
        const int first = (low ? input.q.low : input.q.high)[at];
        const int second = (low ? input.q2.low : input.q2.high)[at];
        u.push_back(static_cast<float>(256 * first + second) * input.scales[k / 32]);
        CHECK(std::fabs(u[k] - x[k]) <= input.scales[k / 32] * 1.1f);
      }
      Results r = coarse_of(*kernel.run, packed, input);
      const std::vector<float> before = r.estimates;
      std::vector<std::uint32_t> odd;
      for (std::uint32_t row = 1; row < layout.rows; row += 2) odd.push_back(row);
      Results fine = r;
      kernel.run->fine(packed.screen(), input, odd, fine.estimates.data(), fine.bounds.data());
      for (std::size_t row = 0; row < layout.rows; ++row) {
        const Row planes = decode(packed, row);
        const double tolerance =
            1e-5 * norm(planes.coarse) * norm(std::vector<double>(x.begin(), x.end()));
        CHECK(std::fabs(static_cast<double>(before[row]) -
                        dot(planes.coarse.data(), u.data(), layout.cols)) <= tolerance);
        const auto& expected = row % 2 == 1 ? planes.fine : planes.coarse;
        CHECK(std::fabs(static_cast<double>(fine.estimates[row]) -
                        dot(expected.data(), u.data(), layout.cols)) <= tolerance);
        if (row % 2 == 0) CHECK(fine.bounds[row] == r.bounds[row]);
      }
    }
  });
}

TEST_CASE("no product exceeds its bound", "[kernels]") {
  for_each_kernel([&](const ScreenKernel& kernel) {
    for (const Kind kind : kKinds)
      for (const Kind input : kKinds)
        for (const ScreenLayout layout :
             {ScreenLayout{5, 32}, ScreenLayout{50, 192}, ScreenLayout{33, 2560}}) {
          INFO(kernel.name << " kinds " << static_cast<int>(kind) << " " << static_cast<int>(input)
                           << " cols " << layout.cols);
          const auto w = weights(kind, layout.rows * layout.cols, 9);
          const Packed packed(*kernel.run, w, layout);
          check_bounds(kernel, packed, w, weights(input, layout.cols, 10));
        }
  });
}

TEST_CASE("an input along what a plane misses meets the bound closely and keeps it", "[kernels]") {
  for_each_kernel([&](const ScreenKernel& kernel) {
    const ScreenLayout layout{20, 256};
    const auto w = weights(Kind::kNormal, layout.rows * layout.cols, 11);
    const Packed packed(*kernel.run, w, layout);
    for (std::size_t r = 0; r < layout.rows; ++r) {
      const Row row = decode(packed, r);
      for (const bool fine : {false, true}) {
        std::vector<float> x;
        for (std::size_t k = 0; k < layout.cols; ++k)
          x.push_back(static_cast<float>(static_cast<double>(w[r * layout.cols + k]) -
                                         (fine ? row.fine[k] : row.coarse[k])));
        check_bounds(kernel, packed, w, x);
        ScreenInput input;
        input.set(x.data(), layout.cols);
        Results got = coarse_of(*kernel.run, packed, input);
        if (fine) {
          const std::vector<std::uint32_t> own = {static_cast<std::uint32_t>(r)};
          kernel.run->fine(packed.screen(), input, own, got.estimates.data(), got.bounds.data());
        }
        // e . x is all of |e| |x|: what the bound adds is due to the quantised input alone.
        const std::vector<double> own(w.begin() + static_cast<long>(r * layout.cols),
                                      w.begin() + static_cast<long>((r + 1) * layout.cols));
        const double size = norm(std::vector<double>(x.begin(), x.end())) * norm(own);
        CHECK(static_cast<double>(got.bounds[r]) - dot(own.data(), x.data(), layout.cols) <=
              0.001 * size);
      }
    }
  });
}

TEST_CASE("weights along what the quantised input misses keep the bound", "[kernels]") {
  for_each_kernel([&](const ScreenKernel& kernel) {
    const ScreenLayout layout{1, 512};
    const auto x = weights(Kind::kNormal, layout.cols, 12);
    ScreenInput input;
    input.set(x.data(), layout.cols);
    std::vector<float> w;  // codes themselves: the planes miss nothing of them
    for (std::size_t k = 0; k < layout.cols; ++k) {
      const std::size_t at = k / 8 * 4 + k % 4;
      const bool low = k % 8 < 4;
      const int first = (low ? input.q.low : input.q.high)[at];
      const int second = (low ? input.q2.low : input.q2.high)[at];
      const float u = static_cast<float>(256 * first + second) * input.scales[k / 32];
      w.push_back(x[k] > u ? 15.0f : -16.0f);
    }
    const Packed packed(*kernel.run, w, layout);
    check_bounds(kernel, packed, w, x);
  });
}

}  // namespace
}  // namespace tern::kernels
