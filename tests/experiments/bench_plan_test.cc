// SPDX-License-Identifier: Apache-2.0
//
// State space: the plan of cases by option; figures from hand-made pairs; which of them were
// disturbed, and further rounds of a made-up run.
// Parameters: options, pairs.

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "experiments/bench_kernels.h"
#include "tests/experiments/tiny_bench.h"

namespace tern::experiments {
namespace {

using Catch::Matchers::Contains;

// The first row that multiplies one token by its own code.
std::size_t first_own_row(const BenchFamily& family) {
  std::size_t i = 0;
  for (const BenchKernel& row : family.kernels()) {
    if (kernels::host_has(row.isa) && row.own_from == 1) break;
    ++i;
  }
  return i;
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
      CHECK(c.rival_kernel == first_own_row(*c.rival));
    }
    CHECK(c.tokens >= c.row.own_from);
  }
  CHECK(head);
  for (const BenchFamily& family : bench_families()) {
    const std::vector<BenchKernel> rows = family.kernels();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!kernels::host_has(rows[i].isa) || rows[i].name.ends_with("_standin")) continue;
      const bool measured = !family.host_row_only || i == first_own_row(family);
      for (const auto& [tail, tokens] : {std::pair("/2560x2560/cold/threads:1/tokens:1", 1),
                                         {"/6912x2560/cold/threads:1/tokens:16", 16},
                                         {"/2560x6912/hot/threads:1/tokens:17", 17},
                                         {"/640x2560/hot/threads:1/tokens:512", 512}}) {
        INFO(rows[i].name << tail);
        const bool own = static_cast<std::size_t>(tokens) >= rows[i].own_from;
        CHECK(names.count(std::string(rows[i].name) + tail) == (measured && own ? 1 : 0));
      }
    }
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
  for (const auto& [cpus, threads] : {std::pair(0.0, 2u), {1.9, 2u}, {1.89, 2u}, {0.95, 1u}}) {
    BenchRecord r = summarise(cases[0], {{1, 1e-3, 1e-9, 0, 0, cpus}});
    CHECK(r.cpus == cpus);
    r.bench.threads = threads;
    CHECK(short_of_cpus(r) == (cpus == 1.89));
    CHECK(disturbed(std::vector{r}).size() == (cpus == 1.89 ? 1 : 0));
  }
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

  // One that had its CPUs stays against one that lacked some, whatever their limits.
  for (const auto& [old_cpus, cpus, read_s, stays] : {std::tuple{0.5, 1.0, 1.6, true},
                                                      {1.0, 0.5, 1.0, false},
                                                      {0.5, 0.6, 1.6, false},
                                                      {0.5, 0.4, 1.0, true}}) {
    records = first;
    records[1].cpus = old_cpus;
    measure_again(1, cases, records, [&](const auto&, const UseRecord& use) {
      use(0, summarise(one, {{7, read_s, 1e-9, 0, 0, cpus}}));
      return true;
    });
    INFO(old_cpus << ' ' << cpus << ' ' << read_s);
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

}  // namespace
}  // namespace tern::experiments
