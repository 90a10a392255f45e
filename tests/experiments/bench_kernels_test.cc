// SPDX-License-Identifier: Apache-2.0
//
// State space: rows of the family table made from fake kernels whose products an oracle repeats,
// and the real table: sizes, legal weights, products over 1 to 3 threads; the plan of cases by
// option; figures from hand-made pairs; a run of a few tiny cases, stopped or not.
// Parameters: shape, tokens, threads, options.

#include "experiments/bench_kernels.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <set>
#include <string>

#include "experiments/bench_report.h"

namespace tern::experiments {
namespace {

using Catch::Matchers::Contains;
using kernels::Isa;

BenchOptions tiny() {
  BenchOptions o;
  o.threads = {1};
  o.tokens = {1};
  o.shapes = "48x128";
  o.cold_mb = 1;
  o.min_time_s = 1e-5;
  o.repetitions = 2;
  return o;
}

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
  CHECK(family.grain == 4);
  CHECK(family.kernels().size() == 1);
  for (const unsigned threads : {1u, 2u, 3u})
    for (const std::size_t tokens : {std::size_t{1}, std::size_t{2}, std::size_t{5}}) {
      const std::size_t rows = 1030, cols = 256;  // large enough to be spread over threads
      CHECK(family.weight_bytes(rows, cols) == 1032 * cols);
      Made made = make(family, rows, cols, tokens);
      kernels::ThreadPool pool(threads);
      run_product(pool, family, 0, operands(made, rows, cols, tokens));
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
    run_product(pool, family, 0, operands(made, rows, cols, tokens));
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
        run_product(pool, family, i, operands(made, m, k, tokens));
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

TEST_CASE("a plan holds what was asked for and nothing this host lacks", "[experiments]") {
  BenchOptions o = tiny();
  o.threads = {1};
  o.tokens = {1, 16, 17, 512};
  o.shapes = "2b4t";
  std::set<std::string> names;
  bool head = false;
  for (const BenchCase& c : plan_bench(o)) {
    INFO(c.name());
    CHECK(names.insert(c.name()).second);
    CHECK(kernels::host_has(c.row.isa));
    CHECK_FALSE(c.row.name.ends_with("_standin"));
    if (c.cold) CHECK(c.tokens <= kMostColdTokens);
    if (c.shape.rows == 128256) {
      head = true;
      CHECK(c.tokens == 1);
    }
    CHECK((c.rival != nullptr) == (c.cold && c.tokens == 1 && c.family->name != "matmul_t2p"));
    if (c.rival != nullptr) {
      CHECK(c.rival->name == "matmul_t2p");
      CHECK(c.rival_kernel ==
            static_cast<std::size_t>(
                &kernels::kernel_for(kernels::matmul_t2p_kernels(), kernels::all_isas().front()) -
                kernels::matmul_t2p_kernels().data()));
    }
  }
  CHECK(head);
  for (const BenchFamily& family : bench_families())
    for (const BenchKernel& row : family.kernels()) {
      if (!kernels::host_has(row.isa) || row.name.ends_with("_standin")) continue;
      for (const char* tail :
           {"/2560x2560/cold/threads:1/tokens:1", "/6912x2560/cold/threads:1/tokens:16",
            "/2560x6912/hot/threads:1/tokens:17", "/640x2560/hot/threads:1/tokens:512"})
        CHECK(names.count(std::string(row.name) + tail) == 1);
    }

  o.against = "none";
  for (const BenchCase& c : plan_bench(o)) CHECK(c.rival == nullptr);
  o.shapes = "128256x2560";  // named: for any tokens
  o.filter = "matmul_t2p_scalar.*tokens:512";
  CHECK(plan_bench(o).size() == 1);
  o.filter = "^matmul_t2p_scalar/";
  CHECK(plan_bench(o).size() == 4 + 2);
}

TEST_CASE("options that fit no case are refused with their name", "[experiments]") {
  const auto refused = [](const char* option, auto change) {
    BenchOptions o = tiny();
    change(o);
    INFO(option);
    CHECK_THROWS_WITH(plan_bench(o), Contains(option));
  };
  refused("--threads", [](BenchOptions& o) { o.threads = {0}; });
  refused("--threads", [](BenchOptions& o) { o.threads = {100000}; });
  refused("--tokens", [](BenchOptions& o) { o.tokens = {1, 0}; });
  refused("--tokens", [](BenchOptions& o) { o.tokens = {4097}; });
  refused("--filter", [](BenchOptions& o) { o.filter = "("; });
  refused("--against", [](BenchOptions& o) { o.against = "matmul_t2"; });
  refused("--against", [](BenchOptions& o) { o.against = ""; });
  refused("--filter", [](BenchOptions& o) { o.filter = "no such kernel"; });
  for (const char* shapes : {"", "2560", "x", "2560x", "x2560", "0x1", "1x0", "1x65537", "-1x4",
                             "1x1,", "1x1x1", "1048577x1", "3b4t", "1 x1"})
    refused("--shapes", [&](BenchOptions& o) { o.shapes = shapes; });
  for (const char* shapes : {"1x1", "1048576x65536", "1x1,2x2"}) {
    BenchOptions o = tiny();
    o.shapes = shapes;
    CHECK_NOTHROW(plan_bench(o));
  }
}

TEST_CASE("figures are medians of paired ratios to the limit that binds", "[experiments]") {
  BenchOptions o = tiny();
  o.shapes = "1000x1000";
  o.filter = "matmul_i8_scalar.*hot";
  const BenchCase c = plan_bench(o).front();
  const BenchRecord r = summarise(c, {{4e-3, 1e-3, 5e-4}, {2e-3, 1e-3, 1e-4}, {1e-3, 9e-4, 1e-4}});
  CHECK(r.pairs == 3);
  CHECK(r.weight_bytes == 1'000'000);
  CHECK(r.memory_bound);
  CHECK(r.time_s.median == Approx(2e-3));
  CHECK(r.percent.median == Approx(50));
  CHECK(r.percent.low == Approx(37.5));
  CHECK(r.percent.high == Approx(70));
  CHECK(r.gb_per_s == Approx(0.5));
  CHECK(r.gmac_per_s == Approx(0.5));
  CHECK(r.read_gb_per_s == Approx(1));
  CHECK(r.peak_gmac_per_s == Approx(10));
  CHECK(r.crowded_gmac_per_s == 0);
  BenchRecord crowded = summarise(c, {{4e-3, 1e-3, 2e-3, 0, 4e-3}});
  CHECK(crowded.crowded_gmac_per_s == Approx(0.25));
  CHECK(limit_rate(crowded) == crowded.peak_gmac_per_s);
  crowded.crowded_loop = "peak_crowded";
  CHECK(limit_rate(crowded) == crowded.crowded_gmac_per_s);
  crowded.memory_bound = true;
  CHECK(limit_rate(crowded) == crowded.read_gb_per_s);
  const BenchRecord compute = summarise(c, {{4e-3, 1e-3, 2e-3}});
  CHECK_FALSE(compute.memory_bound);
  CHECK(compute.percent.median == Approx(50));
  CHECK(compute.limit_time_s.median == Approx(2e-3));
  const BenchRecord rivalled =
      summarise(c, {{4e-3, 1e-3, 0, 4e-3}, {2e-3, 1e-3, 0, 3e-3}, {1e-3, 9e-4, 0, 3e-3}});
  CHECK(rivalled.over_rival.median == Approx(1.5));
  CHECK(rivalled.over_rival.high == Approx(2.25));
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

TEST_CASE("a record with a slow limit among its like was disturbed", "[experiments]") {
  BenchOptions o = tiny();
  o.threads = {1};
  o.tokens = {1};
  o.filter = "matmul_i8_scalar";
  std::vector<BenchCase> cases = plan_bench(o);  // cold, hot
  REQUIRE(cases.size() == 2);
  std::vector<BenchRecord> records;
  const auto add = [&](const BenchCase& c, double read_s, double compute_s) {
    records.push_back(summarise(c, {{1, read_s, compute_s}}));
    records.back().peak_loop = "peak_" + std::to_string(records.size() % 2);
  };
  for (const double slow : {1.0, 1.2, 1.04, 1.0}) add(cases[0], slow * 1e-3, 1e-9);      // 0 to 3
  for (const double slow : {1.0, 1.0, 50.0}) add(cases[1], slow * 1e-4, 1e-9);           // 4 to 6
  for (const double slow : {1.0, 1.0, 1.3, 1.0, 1.0}) add(cases[0], 1e-9, slow * 1e-2);  // 7 to 11
  records[8].bench.threads = 2;
  for (const double slow : {1.2, 2.0, 1.0, 1.01, 2.0}) {  // 12 to 16: of equal peaks
    add(cases[0], 1e-9, 1e-2);
    records.back().crowded_loop = records.size() <= 16 ? "peak_crowded" : "peak_other";
    records.back().crowded_gmac_per_s = records.back().peak_gmac_per_s / slow;
  }
  CHECK(disturbed(records) == std::vector<std::size_t>{1, 6, 9, 12, 13, 16});
  CHECK(disturbed(records, 0.49) == std::vector<std::size_t>{6});
  CHECK_FALSE(busy_core(records[14]));
  CHECK(busy_core(records[16]));
  CHECK(disturbed({}).empty());
  CHECK(limit_rate(records[7]) == records[7].peak_gmac_per_s);
  CHECK(limit_rate(records[0]) == records[0].read_gb_per_s);
}

TEST_CASE("what was disturbed is measured again and the faster limit stays", "[experiments]") {
  BenchOptions o = tiny();
  o.threads = {1};
  o.tokens = {1};
  o.filter = "matmul_i8_scalar.*cold";
  const BenchCase one = plan_bench(o).at(0);
  const std::vector<BenchCase> cases(4, one);
  const auto record = [&](double read_s, double time_s) {
    return summarise(one, {{time_s, read_s, 1e-9}});
  };
  const std::vector<BenchRecord> first = {record(1.0, 2), record(1.5, 3), record(1.0, 2),
                                          record(2.0, 4)};
  std::vector<BenchRecord> records = first;
  int rounds = 0;
  // The second is found undisturbed in the second round, the fourth slower first and never free.
  const auto run = [&](const std::vector<BenchCase>& some, const UseRecord& use) {
    ++rounds;
    CHECK(some.size() == (rounds <= 2 ? 2 : 1));
    if (rounds <= 2) use(0, record(rounds == 1 ? 1.4 : 1.0, 9));
    use(some.size() - 1, record(rounds == 1 ? 3.0 : 2.0 - 0.1 * rounds, 5));
    return rounds < 4;
  };
  CHECK(measure_again(3, cases, records, run));
  CHECK(rounds == 3);
  CHECK(records[0].round == 0);
  CHECK(records[1].round == 2);
  CHECK(records[1].time_s.median == 9);
  CHECK(records[3].round == 3);
  CHECK(records[3].limit_time_s.median == Approx(1.7));

  records = first;
  rounds = 3;
  CHECK_FALSE(measure_again(3, cases, records, [&](const auto&, const UseRecord& use) {
    use(0, record(1.0, 7));  // and then somebody ends it
    return false;
  }));
  CHECK(records[1].time_s.median == 7);
  CHECK(records[3].round == 0);
  CHECK(measure_again(0, cases, records, run));
  CHECK(rounds == 3);

  // Where another limit binds, rates have other units: the shorter limit is the freer one.
  for (const auto& [read_s, compute_s, stays] :
       {std::tuple{0.9, 1.4, true}, {0.9, 1.6, false}, {1e-9, 1.49, true}}) {
    records = first;
    measure_again(1, cases, records, [&](const auto&, const UseRecord& use) {
      use(0, summarise(one, {{7, read_s, compute_s}}));
      return true;
    });
    CHECK((records[1].time_s.median == 7) == stays);
  }
}

TEST_CASE("what is asked for twice is one case", "[experiments]") {
  BenchOptions o = tiny();
  const std::size_t once = plan_bench(o).size();
  for (std::vector<std::size_t> tokens = o.tokens; const std::size_t t : tokens)
    o.tokens.push_back(t);
  o.threads.push_back(o.threads.front());
  o.shapes += "," + o.shapes;
  CHECK(plan_bench(o).size() == once);
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
