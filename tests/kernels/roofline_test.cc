// SPDX-License-Identifier: Apache-2.0
//
// State space: every read loop over sizes around a step and a page, at every alignment of a line,
// up to an unreadable page; every peak loop with few rounds; both on pools of 1 to 3 threads; the
// choice of loops by ISA and datatype.
// Parameters: bytes, offset, passes, rounds, threads.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kernels/roofline/limits.h"
#include "kernels/roofline/steps.h"
#include "tests/kernels/guarded.h"

namespace tern::kernels {
namespace {

std::vector<std::uint8_t> noise(std::size_t bytes) {
  std::mt19937 rng(7);
  std::vector<std::uint8_t> values(bytes);
  for (std::uint8_t& value : values) value = static_cast<std::uint8_t>(rng());
  return values;
}

std::uint64_t sum_of_words(const std::uint8_t* data, std::size_t bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data + i, 8);
    sum += word;
  }
  return sum;
}

TEST_CASE("every read loop reads every byte once per pass and none beyond", "[kernels]") {
  for (const std::size_t bytes :
       {0, 64, 128, 448, 512, 576, 1024, 4096, 8192, 32768, 65536, 100032})
    for (const std::size_t offset : {0, 1, 8}) {
      const std::vector<std::uint8_t> values = noise(bytes + offset);
      const Guarded<std::uint8_t> guarded(values);
      const std::uint8_t* data = guarded.data() + offset;
      for (const Kernel<ReadFn>& loop : read_loops()) {
        if (!host_has(loop.isa)) continue;
        INFO(loop.name << " bytes=" << bytes << " offset=" << offset);
        CHECK(loop.run(data, bytes, 0) == 0);
        CHECK(loop.run(data, bytes, 1) == sum_of_words(data, bytes));
        CHECK(loop.run(data, bytes, 3) == 3 * sum_of_words(data, bytes));
      }
    }
}

TEST_CASE("every read loop exists with 1 2 4 and 8 streams with and without prefetch",
          "[kernels]") {
  std::set<std::string> names;
  for (const Kernel<ReadFn>& loop : read_loops()) names.insert(std::string(loop.name));
  CHECK(names.size() == read_loops().size());
  for (const Kernel<ReadFn>& loop : read_loops())
    for (const char* streams : {"1", "1p", "2", "2p", "4", "4p", "8", "8p"})
      CHECK(names.count("read_" + std::string(streams) + "_" + std::string(isa_name(loop.isa))) ==
            1);
}

// What one lane of vpmaddubsw holds after `rounds`, see peak.h.
std::uint64_t tripled(std::size_t rounds) {
  std::uint64_t lane = 1;
  for (; rounds != 0; --rounds) lane = lane % 256 * 3;
  return lane;
}

TEST_CASE("every peak loop and every step does the multiply-adds it claims", "[kernels]") {
  for (const auto loops : {peak_loops(), step_loops()})
    for (const PeakLoop& loop : loops) {
      if (!host_has(loop.isa)) continue;
      for (const std::size_t rounds :
           {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{7}, kExactRounds}) {
        INFO(loop.name << " rounds=" << rounds);
        // Two byte products make a lane.
        const std::uint64_t expected = loop.name.starts_with("peak_int8_vpmaddubsw")
                                           ? loop.macs / 2 * tripled(rounds)
                                           : loop.macs * rounds;
        CHECK(loop.run(rounds) == expected);
      }
    }
}

TEST_CASE("every ISA of this architecture has its int8 peak and every datatype a limit",
          "[kernels]") {
  for (const Isa isa : all_isas()) {
    INFO(isa_name(isa));
    // VBMI moves bytes, BF16 and FP16 multiply floats: their int8 peak is VNNI's.
    if (isa == Isa::kAvx512Vbmi || isa == Isa::kAvx512Bf16 || isa == Isa::kAvx512Fp16) continue;
    CHECK(std::any_of(peak_loops().begin(), peak_loops().end(), [&](const PeakLoop& loop) {
      return loop.isa == isa && loop.datatype == Datatype::kInt8;
    }));
  }
  std::set<std::string_view> names;
  for (const auto& [loops, kind] : {std::pair(peak_loops(), "peak_"), {step_loops(), "step_"}})
    for (const PeakLoop& loop : loops) {
      INFO(loop.name);
      CHECK(names.insert(loop.name).second);
      CHECK(loop.name.starts_with(kind + std::string(datatype_name(loop.datatype)) + "_"));
      CHECK(loop.name.ends_with("_" + std::string(isa_name(loop.isa))));
      CHECK(loop.macs > 0);
      CHECK_FALSE(loop.instruction.empty());
    }
}

TEST_CASE("a kernel is bound by every loop of its datatype that its ISA contains and no other",
          "[kernels]") {
  for (const Isa isa : all_isas()) {
    if (!host_has(isa)) continue;
    for (const Datatype datatype :
         {Datatype::kInt8, Datatype::kFp32, Datatype::kFp16, Datatype::kBf16}) {
      INFO(isa_name(isa) << " " << datatype_name(datatype));
      std::set<const PeakLoop*> expected;
      for (const PeakLoop& loop : peak_loops())
        if (loop.datatype == datatype && host_has(loop.isa) && contains(isa, loop.isa))
          expected.insert(&loop);
      const std::vector<const PeakLoop*> found = peak_loops_for(isa, datatype);
      CHECK(std::set<const PeakLoop*>(found.begin(), found.end()) == expected);
      CHECK(found.size() == expected.size());
    }
    CHECK_FALSE(peak_loops_for(isa, Datatype::kInt8).empty());
    CHECK_FALSE(peak_loops_for(isa, Datatype::kFp32).empty());
  }
  for (const PeakLoop* loop : peak_loops_for(Isa::kScalar, Datatype::kInt8))
    CHECK(loop->isa == Isa::kScalar);
}

TEST_CASE("timing gives every thread its part and takes time", "[kernels]") {
  const std::vector<std::uint8_t> values = noise(std::size_t{1} << 16);
  for (const unsigned threads : {1u, 2u, 3u}) {
    ThreadPool pool(threads);
    for (const std::size_t bytes : {std::size_t{64}, std::size_t{8192}, values.size()}) {
      const Kernel<ReadFn>& loop = fastest_read(pool, values.data(), bytes, 1e-6, 1);
      CHECK(host_has(loop.isa));
      CHECK(time_read(pool, loop, values.data(), bytes, 2) > 0);
      CHECK(passes_for(pool, loop, values.data(), bytes, 1e-5) >= 1);
    }
    const PeakLoop& peak = peak_loops().back();
    CHECK(time_peak(pool, peak, 10) > 0);
    CHECK(rounds_for(pool, peak, 1e-5) >= 1);
    CHECK(rounds_for(pool, peak, 0) == 1);
  }
}

TEST_CASE("what threads got of their CPUs adds up over calls and threads", "[kernels]") {
  ThreadPool pool(3);
  CpuTime used;
  const double peak_s = time_peak(pool, peak_loops().back(), 100'000, &used);
  CHECK(used.wall_s == peak_s);
  CHECK(used.cpu_s > 0);
  const double cpu_s = used.cpu_s;
  const std::vector<std::uint8_t> values = noise(8192);
  const double read_s = time_read(pool, read_loops().back(), values.data(), 8192, 1000, &used);
  CHECK(used.wall_s == Approx(peak_s + read_s));
  CHECK(used.cpu_s > cpu_s);
  CHECK(CpuTime{3, 2}.cpus() == 1.5);
}

TEST_CASE("the spread is the median and the quartiles", "[kernels]") {
  const Spread odd = spread_of({5, 1, 2, 4, 3});
  CHECK(odd.median == 3);
  CHECK(odd.low == 2);
  CHECK(odd.high == 4);
  const Spread even = spread_of({4, 1, 2, 3});
  CHECK(even.median == 2.5);
  CHECK(even.low == 1.75);
  CHECK(even.high == 3.25);
  const Spread one = spread_of({7});
  CHECK((one.median == 7 && one.low == 7 && one.high == 7));
}

}  // namespace
}  // namespace tern::kernels
