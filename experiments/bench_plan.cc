// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <map>
#include <regex>
#include <set>
#include <stdexcept>
#include <tuple>

#include "experiments/bench_kernels.h"
#include "experiments/provenance.h"

namespace tern::experiments {

namespace {

// BitNet b1.58 2B4T: attention output and query, FFN up, FFN down, key and value; the head.
constexpr BenchShape k2B4T[] = {{2560, 2560}, {6912, 2560}, {2560, 6912}, {640, 2560}};
constexpr BenchShape k2B4THead = {128256, 2560};

constexpr std::size_t kMostRows = std::size_t{1} << 20;

std::size_t number(std::string_view text, std::size_t most) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && value <= most ? value : 0;
}

std::vector<BenchShape> parse_shapes(const std::string& text) {
  std::vector<BenchShape> shapes;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view one = std::string_view(text).substr(begin, end - begin);
    const std::size_t x = std::min(one.find('x'), one.size());
    const BenchShape shape = {number(one.substr(0, x), kMostRows),
                              number(one.substr(std::min(x + 1, one.size())), kernels::kMaxCols)};
    if (shape.rows == 0 || shape.cols == 0)
      throw std::runtime_error(
          fmt::format("--shapes: found \"{}\", expected 2b4t or ROWSxCOLS with 1 to {} rows and 1 "
                      "to {} columns",
                      one, kMostRows, kernels::kMaxCols));
    shapes.push_back(shape);
    begin = end + 1;
  }
  return shapes;
}

std::regex parse_filter(const std::string& text) {
  try {
    return std::regex(text);
  } catch (const std::regex_error& error) {
    throw std::runtime_error(
        fmt::format("--filter: \"{}\" is no regular expression: {}", text, error.what()));
  }
}

const BenchFamily* rival_family(const std::string& name) {
  if (name == "none") return nullptr;
  std::string known;
  for (const BenchFamily& family : bench_families()) {
    if (family.name == name) return &family;
    known += fmt::format(" {}", family.name);
  }
  throw std::runtime_error(
      fmt::format("--against: no family \"{}\"; expected none or one of{}", name, known));
}

// The row that would be chosen for one token, by whose code it is: tables have the fastest first.
std::size_t row_for_host(const BenchFamily& family) {
  const std::vector<BenchKernel> rows = family.kernels();
  const auto row = std::find_if(rows.begin(), rows.end(), [](const BenchKernel& k) {
    return kernels::host_has(k.isa) && k.own_from == 1;
  });
  return static_cast<std::size_t>(row - rows.begin());
}

void check(const BenchOptions& o) {
  for (const unsigned threads : o.threads) check_threads(threads);
  for (const std::size_t tokens : o.tokens)
    if (tokens == 0 || tokens > 4096)
      throw std::runtime_error(fmt::format("--tokens: found {}, expected 1 to 4096", tokens));
}

}  // namespace

std::string BenchCase::name() const {
  return fmt::format("{}/{}x{}/{}/threads:{}/tokens:{}", row.name, shape.rows, shape.cols,
                     cold ? "cold" : "hot", threads, tokens);
}

std::vector<BenchCase> plan_bench(const BenchOptions& o) {
  check(o);
  const bool model = o.shapes == "2b4t";
  std::vector<BenchShape> shapes;
  if (model) {
    shapes.assign(std::begin(k2B4T), std::end(k2B4T));
    shapes.push_back(k2B4THead);
  } else {
    shapes = parse_shapes(o.shapes);
  }
  const std::regex filter = parse_filter(o.filter);
  const BenchFamily* const rival = rival_family(o.against);
  const std::size_t rival_kernel = rival != nullptr ? row_for_host(*rival) : 0;

  std::vector<BenchCase> cases;
  std::set<std::string> names;
  for (const BenchFamily& family : bench_families()) {
    const std::vector<BenchKernel> rows = family.kernels();
    for (std::size_t s = 0; s < shapes.size(); ++s) {
      const bool head = model && s == shapes.size() - 1;
      for (std::size_t k = 0; k < rows.size(); ++k) {
        if (!kernels::host_has(rows[k].isa) || rows[k].name.ends_with("_standin")) continue;
        if (family.host_row_only && k != row_for_host(family)) continue;
        for (const unsigned threads : o.threads)
          for (const bool cold : {true, false})
            for (const std::size_t tokens : o.tokens) {
              if ((cold && tokens > kMostColdTokens) || (head && tokens != 1)) continue;
              if (tokens < rows[k].own_from) continue;  // another row's code
              BenchCase one = {&family, k, rows[k], shapes[s], threads, tokens, cold};
              if (!std::regex_search(one.name(), filter)) continue;
              if (!names.insert(one.name()).second) continue;  // asked for twice
              if (cold && tokens == 1 && rival != &family) {
                one.rival = rival;
                one.rival_kernel = rival_kernel;
              }
              cases.push_back(std::move(one));
            }
      }
    }
  }
  if (cases.empty())
    throw std::runtime_error(fmt::format(
        "--filter: nothing matches \"{}\" (--list without it shows the names)", o.filter));
  return cases;
}

double BenchRecord::macs() const {
  return static_cast<double>(bench.shape.rows) * static_cast<double>(bench.shape.cols) *
         static_cast<double>(bench.tokens);
}

double limit_rate(const BenchRecord& r) {
  if (r.memory_bound) return r.read_gb_per_s;
  return r.crowded_loop.empty() ? r.peak_gmac_per_s : r.crowded_gmac_per_s;
}

bool busy_core(const BenchRecord& r, double share) {
  return !r.memory_bound && !r.crowded_loop.empty() &&
         r.crowded_gmac_per_s < share * r.peak_gmac_per_s;
}

bool short_of_cpus(const BenchRecord& r, double share) {
  return r.cpus > 0 && r.cpus < share * r.bench.threads;
}

std::vector<std::size_t> disturbed(std::span<const BenchRecord> records, double share) {
  using Key = std::tuple<unsigned, std::string, int>;
  const auto key = [](const BenchRecord& r) -> Key {
    if (!r.memory_bound)
      return {r.bench.threads, r.crowded_loop.empty() ? r.peak_loop : r.crowded_loop, 0};
    return {r.bench.threads, "", r.bench.cold ? -1 : std::bit_width(r.weight_bytes)};
  };
  std::map<Key, std::vector<double>> rates;
  for (const BenchRecord& r : records) rates[key(r)].push_back(limit_rate(r));
  std::map<Key, double> usual;
  for (const auto& [like, of_them] : rates) usual[like] = kernels::spread_of(of_them).high;
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const double rate = limit_rate(records[i]);
    if (rate < share * usual[key(records[i])] || busy_core(records[i], share) ||
        short_of_cpus(records[i], share))
      found.push_back(i);
  }
  return found;
}

bool measure_again(int rounds, const std::vector<BenchCase>& cases,
                   std::vector<BenchRecord>& records, const RunCases& run) {
  for (int round = 1; round <= rounds; ++round) {
    const std::vector<std::size_t> which = disturbed(records);
    if (which.empty()) break;
    std::vector<BenchCase> some;
    for (const std::size_t i : which) some.push_back(cases[i]);
    const bool finished = run(some, [&](std::size_t i, const BenchRecord& record) {
      BenchRecord& old = records[which[i]];
      // Where one of them lacked CPUs, the other; where another limit binds now, in seconds.
      const bool freer = short_of_cpus(record) != short_of_cpus(old) ? short_of_cpus(old)
                         : record.memory_bound == old.memory_bound
                             ? limit_rate(record) > limit_rate(old)
                             : record.limit_time_s.median < old.limit_time_s.median;
      if (!freer) return;
      old = record;
      old.round = round;
    });
    if (!finished) return false;
  }
  return true;
}

std::string_view BenchRecord::rival() const {
  return bench.rival == nullptr ? "" : bench.rival->kernels()[bench.rival_kernel].name;
}

BenchRecord summarise(const BenchCase& bench, const std::vector<BenchPair>& pairs) {
  std::vector<double> times, reads, computes, crowded, limits, percents, over_rival, cpus;
  for (const BenchPair& pair : pairs) {
    const double limit = std::max(pair.read_s, pair.compute_s);
    times.push_back(pair.time_s);
    reads.push_back(pair.read_s);
    computes.push_back(pair.compute_s);
    crowded.push_back(pair.crowded_s);
    cpus.push_back(pair.cpus);
    limits.push_back(limit);
    percents.push_back(100 * limit / pair.time_s);
    over_rival.push_back(pair.rival_s / pair.time_s);
  }
  BenchRecord r;
  r.bench = bench;
  r.weight_bytes = bench.family->weight_bytes(bench.shape.rows, bench.shape.cols);
  r.pairs = pairs.size();
  r.time_s = kernels::spread_of(times);
  r.limit_time_s = kernels::spread_of(limits);
  r.percent = kernels::spread_of(percents);
  r.over_rival = kernels::spread_of(over_rival);
  const double read_s = kernels::spread_of(reads).median;
  const double compute_s = kernels::spread_of(computes).median;
  r.memory_bound = read_s >= compute_s;
  const auto bytes = static_cast<double>(r.weight_bytes);
  r.gb_per_s = bytes / r.time_s.median / 1e9;
  r.gmac_per_s = r.macs() / r.time_s.median / 1e9;
  r.read_gb_per_s = bytes / read_s / 1e9;
  r.peak_gmac_per_s = r.macs() / compute_s / 1e9;
  const double crowded_s = kernels::spread_of(crowded).median;
  r.cpus = kernels::spread_of(cpus).median;
  if (crowded_s > 0) r.crowded_gmac_per_s = r.macs() / crowded_s / 1e9;
  return r;
}

}  // namespace tern::experiments
