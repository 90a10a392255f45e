// SPDX-License-Identifier: Apache-2.0
//
// State space: rows of the family table made from fake kernels whose products an oracle repeats,
// and the real table: sizes, legal weights, products over 1 to 3 threads; a run of a few tiny
// cases, stopped or not.
// Parameters: shape, tokens, threads, options.

#include "experiments/bench_kernels.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <set>
#include <string>

#include "experiments/bench_report.h"
#include "tests/experiments/tiny_bench.h"

namespace tern::experiments {
namespace {

using Catch::Matchers::Contains;
using kernels::Isa;

// A layout of one byte per weight in panels of 4 rows, each panel row after row.
constexpr kernels::Geometry kFake = {4, 1, 4};

void pack_fake(const std::int8_t* trits, std::size_t rows, std::size_t cols, float,
               std::uint8_t* out) noexcept {
  std::memset(out, 0, kFake.bytes(rows, cols));
  std::memcpy(out, trits, rows * cols);
}

void fake_ternary(const kernels::TernaryView& w, const std::int8_t* x, std::size_t ldx,
                  std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t r = 0; r < w.rows; ++r) {
      std::int32_t sum = 0;
      for (std::size_t k = 0; k < w.cols; ++k)
        sum += static_cast<std::int8_t>(w.data[r * w.cols + k]) * x[t * ldx + k];
      y[t * ldy + r] = sum;
    }
}

constexpr std::array kFakeTernary = {
    kernels::Kernel<kernels::TernaryFn>{"fake_t1_scalar", Isa::kScalar, fake_ternary}};
std::span<const kernels::Kernel<kernels::TernaryFn>> fake_ternary_kernels() noexcept {
  return kFakeTernary;
}

void fake_dense(const kernels::DenseView<float>& w, const float* x, std::size_t ldx,
                std::size_t tokens, float* y, std::size_t ldy) noexcept {
  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t r = 0; r < w.rows; ++r) {
      float sum = 0;
      for (std::size_t k = 0; k < w.cols; ++k) sum += w.data[r * w.cols + k] * x[t * ldx + k];
      y[t * ldy + r] = sum;
    }
}

constexpr std::array kFakeDense = {
    kernels::Kernel<kernels::MatmulF32Fn>{"fake_f32_scalar", Isa::kScalar, fake_dense}};
std::span<const kernels::Kernel<kernels::MatmulF32Fn>> fake_dense_kernels() noexcept {
  return kFakeDense;
}
float draw_third(std::uint32_t r) { return static_cast<float>(r % 3) - 1; }

struct Made {
  std::vector<std::uint8_t> weights, x, y;
};

Made make(const BenchFamily& family, std::size_t rows, std::size_t cols, std::size_t tokens) {
  Made made;
  made.weights.assign(family.weight_bytes(rows, cols), 0xee);
  family.make_weights(rows, cols, made.weights.data());
  made.x.resize(family.x_bytes(cols, tokens));
  family.make_x(cols, tokens, made.x.data());
  made.y.assign(family.y_bytes(rows, tokens), 0xee);
  return made;
}

BenchOperands operands(Made& made, std::size_t rows, std::size_t cols, std::size_t tokens) {
  return {made.weights.data(), rows, cols, tokens, made.x.data(), made.y.data()};
}

TEST_CASE("a ternary row cuts at panels and gives every token its row of results",
          "[experiments]") {
  constexpr BenchFamily family = ternary_family<fake_ternary_kernels, kFake, pack_fake>("fake_t1");
  CHECK(family.kernels().size() == 1);
  for (const unsigned threads : {1u, 2u, 3u})
    for (const std::size_t tokens : {std::size_t{1}, std::size_t{2}, std::size_t{5}}) {
      const std::size_t rows = 1030, cols = 256;  // large enough to be spread over threads
      CHECK(family.weight_bytes(rows, cols) == 1032 * cols);
      Made made = make(family, rows, cols, tokens);
      kernels::ThreadPool pool(threads);
      family.run(pool, 0, operands(made, rows, cols, tokens));
      std::vector<std::int32_t> y(rows * tokens);
      std::memcpy(y.data(), made.y.data(), made.y.size());
      for (std::size_t t = 0; t < tokens; ++t)
        for (std::size_t r = 0; r < rows; ++r) {
          std::int32_t sum = 0;
          for (std::size_t k = 0; k < cols; ++k)
            sum += static_cast<std::int8_t>(made.weights[r * cols + k]) *
                   static_cast<std::int8_t>(made.x[t * kernels::activation_stride(cols) + k]);
          REQUIRE(y[t * rows + r] == sum);
        }
    }
}

TEST_CASE("a dense row gives every token its row of results", "[experiments]") {
  constexpr BenchFamily family =
      dense_family<fake_dense_kernels, draw_third>("fake_f32", kernels::Datatype::kFp32);
  for (const unsigned threads : {1u, 2u, 3u}) {
    const std::size_t rows = 523, cols = 256, tokens = 3;
    Made made = make(family, rows, cols, tokens);
    kernels::ThreadPool pool(threads);
    family.run(pool, 0, operands(made, rows, cols, tokens));
    std::vector<float> w(rows * cols), x(cols * tokens), y(rows * tokens);
    std::memcpy(w.data(), made.weights.data(), made.weights.size());
    std::memcpy(x.data(), made.x.data(), made.x.size());
    std::memcpy(y.data(), made.y.data(), made.y.size());
    for (std::size_t t = 0; t < tokens; ++t)
      for (std::size_t r = 0; r < rows; ++r) {
        float sum = 0;
        for (std::size_t k = 0; k < cols; ++k) sum += w[r * cols + k] * x[t * cols + k];
        REQUIRE(y[t * rows + r] == sum);
      }
  }
}

// dense.h names the rows whose instructions round otherwise than the defined order.
bool rounds_otherwise(std::string_view name) {
  for (const char* isa : {"_avx512bf16", "_avx512fp16", "bf16_amx"})
    if (name.find(isa) != std::string_view::npos) return true;
  return false;
}

std::vector<float> floats_of(const std::vector<std::uint8_t>& bytes) {
  std::vector<float> y(bytes.size() / sizeof(float));
  std::memcpy(y.data(), bytes.data(), y.size() * sizeof(float));
  return y;
}

TEST_CASE("every kernel of a family gives the same product of its random weights",
          "[experiments]") {
  std::set<std::string_view> names;
  for (const BenchFamily& family : bench_families()) {
    INFO(family.name);
    CHECK(names.insert(family.name).second);
    const std::vector<BenchKernel> rows = family.kernels();
    const std::size_t m = 70, k = 320, tokens = 3;
    Made made = make(family, m, k, tokens);
    kernels::ThreadPool pool(2);
    std::vector<std::uint8_t> expected;
    for (const bool otherwise : {false, true})
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!kernels::host_has(rows[i].isa) || rounds_otherwise(rows[i].name) != otherwise)
          continue;
        INFO(rows[i].name);
        CHECK(rows[i].name.starts_with(family.name));
        std::fill(made.y.begin(), made.y.end(), std::uint8_t{0xee});
        family.run(pool, i, operands(made, m, k, tokens));
        CHECK(std::count(made.y.begin(), made.y.end(), 0xee) < static_cast<int>(made.y.size()) / 2);
        if (!otherwise) {
          if (expected.empty()) expected = made.y;
          CHECK((made.y == expected));
          continue;
        }
        // Sums of 320 products of up to 2 * 32 in magnitude, binary16 chains among them.
        const std::vector<float> y = floats_of(made.y), e = floats_of(expected);
        for (std::size_t at = 0; at < y.size(); ++at) CHECK(y[at] == Approx(e[at]).margin(8.0));
      }
  }
}

TEST_CASE("a run reports each case once in order with all its pairs", "[experiments]") {
  BenchOptions o = tiny();
  o.tokens = {1, 3};
  const std::vector<BenchCase> cases = plan_bench(o);
  std::vector<BenchRecord> records;
  CHECK(run_bench(
      o, cases, [] { return false; }, [&](const BenchRecord& r) { records.push_back(r); }));
  REQUIRE(records.size() == cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const BenchRecord& r = records[i];
    INFO(cases[i].name());
    CHECK(r.bench.name() == cases[i].name());
    CHECK(r.pairs == 2);
    if (cases[i].cold)
      CHECK(r.copies * r.weight_bytes >= 1'000'000);
    else
      CHECK(r.copies == 1);
    CHECK(r.time_s.low > 0);
    CHECK(r.percent.low > 0);
    CHECK(r.limit_time_s.median > 0);
    CHECK(r.read_loop.starts_with("read_"));
    CHECK(r.peak_loop.starts_with("peak_"));
  }
  // A second run in the same process starts from nothing.
  std::size_t again = 0;
  CHECK(run_bench(
      o, {cases.front()}, [] { return false; }, [&](const BenchRecord&) { ++again; }));
  CHECK(again == 1);
}

// A family that notes where its weights are.
std::vector<const std::uint8_t*> spied;

void spy(const kernels::TernaryView& w, const std::int8_t*, std::size_t, std::size_t, std::int32_t*,
         std::size_t) noexcept {
  spied.push_back(w.data);
  if (w.data[0] != spied.front()[0] ||
      w.data[w.cols * w.rows - 1] != spied.front()[w.cols * w.rows - 1])
    spied.push_back(nullptr);  // no copy
}
constexpr std::array kSpy = {kernels::Kernel<kernels::TernaryFn>{"spy_scalar", Isa::kScalar, spy}};
std::span<const kernels::Kernel<kernels::TernaryFn>> spy_kernels() noexcept { return kSpy; }

TEST_CASE("a cold pass streams every copy once and a hot one stays on the first", "[experiments]") {
  static constexpr BenchFamily family = ternary_family<spy_kernels, kFake, pack_fake>("spy");
  const BenchOptions o = tiny();
  const std::size_t bytes = 300 * 100, copies = 34;  // 1 MB needs 33.3
  for (const bool cold : {true, false}) {
    spied.clear();
    const BenchCase c = {&family, 0, family.kernels()[0], {300, 100}, 1, 1, cold};
    CHECK(run_bench(
        o, {c}, [] { return false; },
        [&](const BenchRecord& r) { CHECK(r.copies == (cold ? copies : 1)); }));
    REQUIRE_FALSE(spied.empty());
    if (cold) REQUIRE(spied.size() == 2 * copies);
    for (std::size_t i = 0; i < spied.size(); ++i)
      REQUIRE(spied[i] == spied[0] + (cold ? i % copies * bytes : 0));
  }
}

TEST_CASE("a rival streams its own copies in every pair, the last or the first", "[experiments]") {
  static constexpr BenchFamily family = ternary_family<spy_kernels, kFake, pack_fake>("spy");
  BenchOptions o = tiny();
  o.filter = "matmul_i8_scalar/.*cold.*tokens:1$";
  BenchCase c = plan_bench(o).front();
  c.rival = &family;
  c.rival_kernel = 0;
  spied.clear();
  const std::size_t bytes = family.weight_bytes(c.shape.rows, c.shape.cols);
  const std::size_t copies = (1'000'000 + bytes - 1) / bytes;
  CHECK(run_bench(
      o, {c}, [] { return false; },
      [&](const BenchRecord& r) {
        CHECK(r.rival() == "spy_scalar");
        CHECK(r.over_rival.low > 0);
        const nlohmann::ordered_json json = bench_to_json(o, {&r, 1});
        CHECK(json["records"][0]["rival"] == "spy_scalar");
        CHECK(json["records"][0]["over_rival"] == r.over_rival.median);
      }));
  REQUIRE(spied.size() == 2 * copies);
  for (std::size_t i = 0; i < spied.size(); ++i) REQUIRE(spied[i] == spied[0] + i % copies * bytes);
}

TEST_CASE("a run ends when it is told to or when a report fails", "[experiments]") {
  BenchOptions o = tiny();
  const std::vector<BenchCase> cases = plan_bench(o);
  REQUIRE(cases.size() > 2);
  std::size_t done = 0;
  CHECK_FALSE(run_bench(
      o, cases, [&] { return done == 2; }, [&](const BenchRecord&) { ++done; }));
  CHECK(done == 2);
  done = 0;  // in the middle of a case, which is then not reported
  o.repetitions = 50;
  int asked = 0;
  CHECK_FALSE(run_bench(
      o, cases, [&] { return ++asked > 5; }, [&](const BenchRecord&) { ++done; }));
  CHECK(done == 0);
  o.repetitions = 2;
  CHECK_THROWS_WITH(run_bench(
                        o, cases, [] { return false; },
                        [&](const BenchRecord&) {
                          ++done;
                          throw std::runtime_error("nobody reads");
                        }),
                    "nobody reads");
  CHECK(done == 1);
}

TEST_CASE("a case whose time is up gets no more pairs than a median wants", "[experiments]") {
  BenchOptions o = tiny();
  o.repetitions = 50;
  o.max_time_s = 1e-9;
  o.filter = "scalar";
  std::size_t done = 0;
  CHECK(run_bench(
      o, plan_bench(o), [] { return false; },
      [&](const BenchRecord& r) {
        ++done;
        CHECK(r.pairs == 5);
      }));
  CHECK(done > 0);
}

TEST_CASE("weights beyond the memory are refused before any work", "[experiments]") {
  BenchOptions o = tiny();
  o.cold_mb = std::size_t{1} << 30;
  CHECK_THROWS_WITH(run_bench(
                        o, plan_bench(o), [] { return false; }, [](const BenchRecord&) {}),
                    Contains("--cold-mb") && Contains("MiB"));
}

TEST_CASE("every CSV line has the fields of the first and every JSON record the same",
          "[experiments]") {
  BenchOptions o = tiny();
  std::vector<BenchRecord> records;
  for (const BenchCase& c : plan_bench(o)) records.push_back(summarise(c, {{2, 1, 1}}));
  const nlohmann::ordered_json json = bench_to_json(o, records);
  const std::string csv = bench_to_csv(records);
  CHECK(static_cast<std::size_t>(std::count(csv.begin(), csv.end(), '\n')) == records.size() + 1);
  const std::string head = csv.substr(0, csv.find('\n'));
  const auto fields = std::count(head.begin(), head.end(), ',') + 1;
  CHECK(csv.find('"') == std::string::npos);
  CHECK(std::count(csv.begin(), csv.end(), ',') ==
        static_cast<std::ptrdiff_t>(records.size() + 1) * (fields - 1));
  for (const auto& row : json["records"]) CHECK(static_cast<std::ptrdiff_t>(row.size()) == fields);
}

}  // namespace
}  // namespace tern::experiments
