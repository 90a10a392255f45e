// SPDX-License-Identifier: Apache-2.0
//
// Speed of every GEMV kernel this host can run, hot (one matrix again and again) and cold (copies
// of it streamed from memory), beside a plain read of the same memory: the limit for cold runs.
// Names are <kernel>/<rows>x<cols>/<hot|cold>/<threads>.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "kernels/dense/parallel.h"
#include "kernels/parallel_gemv.h"

namespace tern::kernels {
namespace {

constexpr std::size_t kColdBytes = std::size_t{256} << 20;  // far beyond any cache

// 2B4T's square, FFN-up and FFN-down, then those of the embedded checkpoint.
constexpr std::size_t kShapes[][2] = {{2560, 2560}, {6912, 2560}, {2560, 6912},
                                      {256, 256},   {768, 256},   {256, 768}};

// kColdBytes that begin with random legal weights and repeat them. A prime period keeps copies of
// a matrix different.
template <typename T, typename Draw>
std::vector<T> fill(Draw draw) {
  constexpr std::size_t kPeriod = 1'000'003;
  std::vector<T> pool(kColdBytes / sizeof(T));
  std::mt19937 rng(1);
  for (std::size_t i = 0; i < kPeriod; ++i)
    pool[i] = static_cast<T>(draw(static_cast<std::uint32_t>(rng())));
  for (std::size_t i = kPeriod; i < pool.size(); i += kPeriod)
    std::memcpy(&pool[i], &pool[0], std::min(kPeriod, pool.size() - i) * sizeof(T));
  return pool;
}

std::vector<std::uint8_t>& t2_pool() {
  static auto pool = fill<std::uint8_t>([](unsigned r) {
    return r % 3 | (r >> 8) % 3 << 2 | (r >> 16) % 3 << 4 | (r >> 24) % 3 << 6;
  });
  return pool;
}

std::vector<f16>& f16_pool() {  // magnitudes 0.5 to 2, both signs
  static auto pool =
      fill<f16>([](unsigned r) { return (r & 0x8000) | (0x3800 + (r >> 16) % 0x800); });
  return pool;
}

std::vector<std::int8_t>& i8_pool() {
  static auto pool = fill<std::int8_t>([](unsigned r) { return r & 0xff; });
  return pool;
}

T2View t2_view(std::size_t rows, std::size_t cols) {
  return {t2_pool().data(), rows, t2_blocks(cols)};
}
F16View f16_view(std::size_t rows, std::size_t cols) { return {f16_pool().data(), rows, cols}; }
I8View i8_view(std::size_t rows, std::size_t cols) { return {i8_pool().data(), rows, cols}; }

// One token, with either kind of function.
void call(ThreadPool& pool, GemvT2Fn* kernel, const T2View& w, const std::int8_t* x,
          std::int32_t* y) {
  parallel_gemv(pool, kernel, w, x, y);
}
template <typename View, typename X, typename Y>
void call(ThreadPool& pool, MatmulFn<View, X, Y>* kernel, const View& w, const X* x, Y* y) {
  parallel_matmul(pool, kernel, w, x, w.cols, 1, y, w.rows);
}
std::size_t weight_bytes(const F16View& w) { return w.rows * w.cols * sizeof(f16); }
std::size_t weight_bytes(const I8View& w) { return w.rows * w.cols; }

template <typename X, typename Y, typename Fn, typename View>
void run(benchmark::State& state, Fn* kernel, View (*view)(std::size_t, std::size_t),
         std::size_t rows, std::size_t cols, bool cold, unsigned threads) {
  ThreadPool pool(threads);
  const View first = view(rows, cols);
  const std::size_t bytes = weight_bytes(first);
  const std::size_t copies = cold ? kColdBytes / bytes : 1;
  std::vector<X> x(t2_blocks(cols) * kT2BlockTrits);
  for (std::size_t k = 0; k < x.size(); ++k) x[k] = static_cast<X>(static_cast<int>(k % 251) - 125);
  std::vector<Y> y(rows);
  std::size_t copy = 0;
  for (auto _ : state) {
    call(pool, kernel, first.slice(copy * rows, (copy + 1) * rows), x.data(), y.data());
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
    if (++copy == copies) copy = 0;
  }
  const auto calls = static_cast<double>(state.iterations());
  state.counters["bytes/s"] =
      benchmark::Counter(calls * static_cast<double>(bytes), benchmark::Counter::kIsRate);
  state.counters["MAC/s"] =
      benchmark::Counter(calls * static_cast<double>(rows * cols), benchmark::Counter::kIsRate);
}

// Sums all of the pool in address order.
void plain_read(benchmark::State& state, unsigned threads) {
  ThreadPool pool(threads);
  const std::vector<std::uint8_t>& bytes = t2_pool();
  constexpr std::size_t kLineBytes = 64;
  const std::size_t lines = bytes.size() / kLineBytes;
  for (auto _ : state) {
    const auto part = [&](std::size_t begin, std::size_t end) {
      std::uint64_t sums[kLineBytes / sizeof(std::uint64_t)] = {};
      for (std::size_t i = begin; i < end; ++i) {
        std::uint64_t line[std::size(sums)];
        std::memcpy(line, bytes.data() + i * kLineBytes, kLineBytes);
        for (std::size_t k = 0; k < std::size(sums); ++k) sums[k] += line[k];
      }
      for (std::uint64_t& sum : sums) benchmark::DoNotOptimize(sum);
    };
    pool.parallel_for(lines, 64, std::cref(part));
  }
  state.counters["bytes/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(kColdBytes),
                         benchmark::Counter::kIsRate);
}

template <typename X, typename Y, typename Fn, typename View>
void add_family(std::span<const Kernel<Fn>> table, View (*view)(std::size_t, std::size_t)) {
  const unsigned most = std::max(1u, std::thread::hardware_concurrency());
  for (const auto& kernel : table) {
    if (!host_has(kernel.isa)) continue;
    for (const auto& [rows, cols] : kShapes)
      for (const bool cold : {false, true})
        for (unsigned threads = 1; threads <= most; threads *= 2) {
          const std::string name = std::string(kernel.name) + "/" + std::to_string(rows) + "x" +
                                   std::to_string(cols) + (cold ? "/cold/" : "/hot/") +
                                   std::to_string(threads);
          benchmark::RegisterBenchmark(name.c_str(), [=, fn = kernel.run, r = rows,
                                                      c = cols](benchmark::State& state) {
            run<X, Y, Fn, View>(state, fn, view, r, c, cold, threads);
          })->UseRealTime();
        }
  }
}

void add_all() {
  for (unsigned threads = 1; threads <= std::max(1u, std::thread::hardware_concurrency());
       threads *= 2)
    benchmark::RegisterBenchmark(("plain_read/cold/" + std::to_string(threads)).c_str(),
                                 [threads](benchmark::State& state) { plain_read(state, threads); })
        ->UseRealTime();
  add_family<std::int8_t, std::int32_t>(gemv_t2_kernels(), t2_view);
  add_family<float, float>(matmul_f16_kernels(), f16_view);
  add_family<std::int8_t, std::int32_t>(matmul_i8_kernels(), i8_view);
}

}  // namespace
}  // namespace tern::kernels

int main(int argc, char** argv) {
  tern::kernels::add_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
