// SPDX-License-Identifier: Apache-2.0

#include "experiments/bench_kernels.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <exception>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

namespace tern::experiments {

namespace {

using kernels::Datatype;
using kernels::HugeBuffer;
using kernels::PeakLoop;
using kernels::ReadFn;
using kernels::ThreadPool;
using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

constexpr std::size_t round_up(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

// A median wants some, however long they take.
constexpr int kLeastPairs = 5;

// Assumed: by how much loops of equal speed differ at most, when they are timed.
constexpr double kAsFast = 1.05;

// A loop that is a limit, and how often it runs in one pair.
struct Limit {
  std::string_view name;
  const kernels::Kernel<ReadFn>* read = nullptr;
  const PeakLoop* peak = nullptr;
  std::size_t count = 1;
  double unit_s = 0;  // of one pass, or one round, when it was chosen
};

// Matrices of one family and shape, one after the other, with room for activations and results.
class Operands {
 public:
  Operands() = default;
  Operands(const std::array<std::size_t, 3>& sizes, HugeBuffer::Pages pages, ThreadPool& pool)
      : weights_(sizes[0], pages, pool, "weights"),
        x_(sizes[1], pages, pool, "activations"),
        y_(sizes[2], pages, pool, "results") {}

  const std::uint8_t* weights() const { return weights_.data(); }

  // So many copies of weights, and activations of the family's kind, unless they are there.
  void prepare(const BenchFamily& family, const BenchShape& shape, std::size_t tokens,
               std::size_t copies, ThreadPool& pool) {
    const auto key = std::tuple(&family, shape.rows, shape.cols);
    if (key != filled_ || copies > filled_copies_) {
      const std::size_t size = family.weight_bytes(shape.rows, shape.cols);
      family.make_weights(shape.rows, shape.cols, weights_.data());
      const auto part = [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i)
          if (i != 0) std::memcpy(weights_.data() + i * size, weights_.data(), size);
      };
      pool.parallel_for(copies, 1, std::cref(part));
      filled_ = key;
      filled_copies_ = copies;
    }
    if (std::tuple(&family, shape.cols, tokens) == activated_) return;
    std::memset(x_.data(), 0, family.x_bytes(shape.cols, tokens));
    family.make_x(shape.cols, tokens, x_.data());
    activated_ = {&family, shape.cols, tokens};
  }

  BenchOperands of(const BenchShape& shape, std::size_t tokens) {
    return {weights_.data(), shape.rows, shape.cols, tokens, x_.data(), y_.data()};
  }

 private:
  HugeBuffer weights_, x_, y_;
  std::tuple<const BenchFamily*, std::size_t, std::size_t> filled_{}, activated_{};
  std::size_t filled_copies_ = 0;
};

// Of a measurement that was asked to end.
struct Stopped {};

// Weights, pools and limits, each made when a case first needs it and kept for the next ones.
class Bench {
 public:
  // All throw Stopped where `stop` says so, which they ask between steps.
  Bench(const BenchOptions& o, const std::vector<BenchCase>& cases,
        const std::function<bool()>& stop)
      : o_(o), stop_(stop), most_threads_(*std::max_element(o.threads.begin(), o.threads.end())) {
    std::array<std::size_t, 3> own{}, rival{};
    const auto grow = [&](std::array<std::size_t, 3>& sizes, const BenchCase& c) {
      const std::size_t needed[] = {copies(c) * bytes(c), c.family->x_bytes(c.shape.cols, c.tokens),
                                    c.family->y_bytes(c.shape.rows, c.tokens)};
      for (std::size_t i = 0; i < sizes.size(); ++i)
        sizes[i] = std::max(sizes[i], round_up(needed[i], kernels::kLineBytes));
    };
    for (const BenchCase& c : cases) {
      grow(own, c);
      if (c.rival != nullptr) grow(rival, rival_of(c));
    }
    ThreadPool& all = pool(most_threads_);
    // At once, so that the message says what all of it needs.
    kernels::require_memory(std::accumulate(own.begin(), own.end(), std::size_t{0}) +
                                std::accumulate(rival.begin(), rival.end(), std::size_t{0}),
                            "the weights of --cold-mb and --shapes");
    own_ = Operands(own, o.pages, all);
    go_on();
    if (rival[0] != 0) rival_ = Operands(rival, o.pages, all);
  }

  std::size_t copies(const BenchCase& c) const {
    return c.cold ? std::max<std::size_t>(1, (o_.cold_mb * 1'000'000 + bytes(c) - 1) / bytes(c))
                  : 1;
  }

  // One pair. Also says which loops were its limits.
  BenchPair measure(const BenchCase& c, BenchRecord& loops) {
    own_.prepare(*c.family, c.shape, c.tokens, copies(c), pool(most_threads_));
    const std::size_t n = copies(c);
    ThreadPool& threads = pool(c.threads);
    go_on();
    const Limit& read = read_limit(c);
    go_on();
    const auto& [peak, crowded] = peak_limits(c);
    loops.read_loop = read.name;
    loops.peak_loop = peak.name;
    loops.crowded_loop = crowded.name;
    const double macs = static_cast<double>(c.shape.rows) * static_cast<double>(c.shape.cols) *
                        static_cast<double>(c.tokens);
    const double macs_per_round =
        static_cast<double>(peak.peak->macs) * static_cast<double>(c.threads);
    const double least_s = std::max(read.unit_s, macs * peak.unit_s / macs_per_round);
    const std::size_t calls =
        c.cold ? n
               : std::max<std::size_t>(
                     1, static_cast<std::size_t>(std::ceil(o_.min_time_s / least_s)));

    BenchPair pair;
    // Of loops that keep all threads at work, as a kernel or a read of few bytes may not.
    kernels::CpuTime used;
    // The two kernels change places from pair to pair.
    const bool rival_first = c.rival != nullptr && ++turn_ % 2 == 0;
    if (rival_first) pair.rival_s = time_rival(c);
    pair.read_s = kernels::time_read(threads, *read.read, own_.weights(), read_bytes(c), read.count,
                                     c.cold ? &used : nullptr) /
                  static_cast<double>(read.count * n);
    pair.time_s = time_kernel(c, own_, calls);
    if (c.rival != nullptr && !rival_first) pair.rival_s = time_rival(c);
    const auto seconds = [&](const Limit& limit) {
      const double rounds = static_cast<double>(limit.count) * static_cast<double>(c.threads);
      return macs * kernels::time_peak(threads, *limit.peak, limit.count, &used) /
             (rounds * static_cast<double>(limit.peak->macs));
    };
    pair.compute_s = seconds(peak);
    if (crowded.peak != nullptr) pair.crowded_s = seconds(crowded);
    pair.cpus = used.cpus();
    return pair;
  }

 private:
  void go_on() const {
    if (stop_()) throw Stopped{};
  }

  static BenchCase rival_of(BenchCase c) {
    c.family = std::exchange(c.rival, nullptr);
    c.kernel = c.rival_kernel;
    return c;
  }

  double time_rival(const BenchCase& c) {
    const BenchCase rival = rival_of(c);
    rival_.prepare(*rival.family, c.shape, c.tokens, copies(rival), pool(most_threads_));
    return time_kernel(rival, rival_, copies(rival));
  }

  // Seconds of a call: cold, each on the next copy.
  double time_kernel(const BenchCase& c, Operands& on, std::size_t calls) {
    ThreadPool& threads = pool(c.threads);
    BenchOperands operands = on.of(c.shape, c.tokens);
    if (!c.cold) {  // the read may have left the code of the kernel cold; one token warms it
      operands.tokens = 1;
      c.family->run(threads, c.kernel, operands);
      operands.tokens = c.tokens;
    }
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < calls; ++i) {
      go_on();
      c.family->run(threads, c.kernel, operands);
      if (c.cold) operands.weights += bytes(c);
    }
    benchmark::DoNotOptimize(operands.y);
    return since(begin) / static_cast<double>(calls);
  }

  static std::size_t bytes(const BenchCase& c) {
    return c.family->weight_bytes(c.shape.rows, c.shape.cols);
  }
  // What a plain read reads: all copies, the last line perhaps not whole.
  std::size_t read_bytes(const BenchCase& c) const {
    return round_up(copies(c) * bytes(c), kernels::kLineBytes);
  }

  ThreadPool& pool(unsigned threads) {
    std::unique_ptr<ThreadPool>& pool = pools_[threads];
    if (!pool) pool = std::make_unique<ThreadPool>(threads);
    return *pool;
  }

  // Which loop reads fastest depends on where the bytes lie and on the threads.
  const Limit& read_limit(const BenchCase& c) {
    const std::size_t size = read_bytes(c);
    Limit& limit = reads_[{c.threads, size}];
    if (limit.read != nullptr) return limit;
    ThreadPool& threads = pool(c.threads);
    constexpr std::size_t kEnough = std::size_t{256} << 20;  // to tell the loops apart
    const double turn_s = std::min(0.002, o_.min_time_s / 4);
    limit.read =
        &kernels::fastest_read(threads, own_.weights(), std::min(size, kEnough), turn_s, 3);
    limit.name = limit.read->name;
    limit.count =
        c.cold ? 1
               : kernels::passes_for(threads, *limit.read, own_.weights(), size, o_.min_time_s / 2);
    limit.unit_s = kernels::time_read(threads, *limit.read, own_.weights(), size, limit.count) /
                   static_cast<double>(limit.count * copies(c));
    return limit;
  }

  struct PeakLimits {
    Limit peak, crowded;  // crowded: of the same instructions, or none
  };

  // The fastest of the loops that bound this case. Floats that a kernel widens once serve all
  // tokens, so with several of them float32 is a limit, too.
  const PeakLimits& peak_limits(const BenchCase& c) {
    const Datatype datatype = c.family->datatype;
    const bool widened = datatype != Datatype::kInt8 && c.tokens > 1;
    PeakLimits& limits = peaks_[{c.threads, c.row.isa, datatype, widened}];
    if (limits.peak.peak != nullptr) return limits;
    auto loops = kernels::peak_loops_for(c.row.isa, datatype);
    if (widened || loops.empty())
      for (const PeakLoop* loop : kernels::peak_loops_for(c.row.isa, Datatype::kFp32))
        loops.push_back(loop);
    ThreadPool& threads = pool(c.threads);
    double best = 0;
    for (const PeakLoop* loop : loops) {
      const std::size_t rounds = kernels::rounds_for(threads, *loop, o_.min_time_s / 4);
      std::vector<double> times;
      for (int i = 0; i < 5; ++i)
        times.push_back(kernels::time_peak(threads, *loop, rounds) / static_cast<double>(rounds));
      const double round_s = kernels::spread_of(times).median;
      const double rate = static_cast<double>(loop->macs) / round_s;
      const Limit limit = {loop->name, nullptr, loop, rounds, round_s};
      if (loop->crowded && loop->isa == c.row.isa) limits.crowded = limit;
      // A crowded loop that is as fast now will not be so in every pair.
      if (rate <= best * (loop->crowded ? kAsFast : 1)) continue;
      best = rate;
      limits.peak = limit;
    }
    return limits;
  }

  const BenchOptions& o_;
  const std::function<bool()>& stop_;
  unsigned most_threads_;
  std::map<unsigned, std::unique_ptr<ThreadPool>> pools_;
  Operands own_, rival_;
  std::size_t turn_ = 0;
  std::map<std::pair<unsigned, std::size_t>, Limit> reads_;
  std::map<std::tuple<unsigned, kernels::Isa, Datatype, bool>, PeakLimits> peaks_;
};

// What Google Benchmark reports, one repetition a pair, becomes records.
class Reporter : public benchmark::BenchmarkReporter {
 public:
  explicit Reporter(std::function<void(const std::string&, const std::vector<BenchPair>&)> done)
      : done_(std::move(done)) {}

  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    std::vector<BenchPair> pairs;
    for (const Run& run : runs)
      if (run.run_type == Run::RT_Iteration && run.counters.contains("time_s"))
        pairs.push_back({run.counters.at("time_s"), run.counters.at("read_s"),
                         run.counters.at("compute_s"), run.counters.at("rival_s"),
                         run.counters.at("crowded_s"), run.counters.at("cpus")});
    if (!pairs.empty()) done_(runs.front().run_name.function_name, pairs);
  }

 private:
  std::function<void(const std::string&, const std::vector<BenchPair>&)> done_;
};

}  // namespace

bool run_bench(const BenchOptions& o, const std::vector<BenchCase>& cases,
               const std::function<bool()>& stop,
               const std::function<void(const BenchRecord&)>& done) {
  std::optional<Bench> made;
  try {
    made.emplace(o, cases, stop);
  } catch (const Stopped&) {
    return false;
  }
  Bench& bench = *made;
  std::exception_ptr failure;  // Google Benchmark is no place for exceptions to pass through
  struct Progress {
    BenchRecord loops;
    double spent_s = 0;
    int pairs = 0;
  };
  std::map<std::string, std::pair<const BenchCase*, Progress>> by_name;
  for (const BenchCase& c : cases) by_name[c.name()] = {&c, {}};

  for (const BenchCase& c : cases) {
    Progress& progress = by_name[c.name()].second;
    const auto repetition = [&](benchmark::State& state) {
      // A repetition without counters is none. Google Benchmark 1.7 aborts where some have an error
      // (SkipWithError) and others not: it wants equal iterations of all.
      for (auto _ : state) {
        state.SetIterationTime(0);
        if (failure || stop() || (progress.pairs >= kLeastPairs && progress.spent_s > o.max_time_s))
          continue;
        try {
          const auto begin = Clock::now();
          const BenchPair pair = bench.measure(c, progress.loops);
          progress.spent_s += since(begin);
          ++progress.pairs;
          state.SetIterationTime(pair.time_s);
          state.counters["time_s"] = pair.time_s;
          state.counters["read_s"] = pair.read_s;
          state.counters["compute_s"] = pair.compute_s;
          state.counters["rival_s"] = pair.rival_s;
          state.counters["crowded_s"] = pair.crowded_s;
          state.counters["cpus"] = pair.cpus;
        } catch (const Stopped&) {
        } catch (...) {
          failure = std::current_exception();
        }
      }
    };
    benchmark::RegisterBenchmark(c.name().c_str(), repetition)
        ->UseManualTime()
        ->Iterations(1)
        ->Repetitions(o.repetitions)
        ->ReportAggregatesOnly(false);
  }
  Reporter reporter([&](const std::string& name, const std::vector<BenchPair>& pairs) {
    if (failure || stop()) return;
    try {
      const auto& [c, progress] = by_name.at(name);
      BenchRecord record = summarise(*c, pairs);
      record.copies = bench.copies(*c);
      record.read_loop = progress.loops.read_loop;
      record.peak_loop = progress.loops.peak_loop;
      record.crowded_loop = progress.loops.crowded_loop;
      done(record);
    } catch (...) {
      failure = std::current_exception();
    }
  });
  benchmark::RunSpecifiedBenchmarks(&reporter, nullptr, ".");
  benchmark::ClearRegisteredBenchmarks();
  if (failure) std::rethrow_exception(failure);
  return !stop();
}

}  // namespace tern::experiments
