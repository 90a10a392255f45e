// SPDX-License-Identifier: Apache-2.0
//
// State space: shapes around every edge of a row group, a step and a block of tokens; random,
// extreme, bounding and sparse values; every layout of ternary weights; units of four beats, of two
// and of one; memories from fast to slow with random stalls on every channel, junk on idle lines,
// random power-up; strides longer than rows; every refusal and every error, each followed by a good
// job. Other arithmetics: tern_arithmetics_test.cc.

#include <Vaccelerator_narrow_ternary.h>
#include <Vaccelerator_small_int8.h>
#include <Vaccelerator_small_ternary.h>
#include <Vaccelerator_wide_ternary.h>

#include <catch2/catch.hpp>

#include "tests/rtl/top/bench.h"

namespace tern::rtl {
namespace {

TEMPLATE_TEST_CASE("an accelerator's integers equal the sums of products under any stalls", "[rtl]",
                   Vaccelerator_small_ternary, Vaccelerator_small_int8, Vaccelerator_narrow_ternary,
                   Vaccelerator_wide_ternary) {
  stall_and_run<TestType>([](auto& b, const Shape& shape) {
    const auto values = static_cast<Values>(b.below(4));
    b.good_job(IntegerOperands(b.m, shape, values, b.rng), static_cast<Layout>(b.below(3)));
  });
}

TEMPLATE_TEST_CASE("tile after tile of few columns is read, of any density", "[rtl]",
                   Vaccelerator_small_ternary, Vaccelerator_narrow_ternary,
                   Vaccelerator_wide_ternary) {
  Bench<TestType> b(11, 8, 1);
  for (const unsigned active : {0u, 1u, 2u, 15u, 16u, 17u, 18u, 33u, 128u, 256u}) {
    const Shape shape{397, 256, 1};
    IntegerOperands o(b.m, shape, Values::kRandom, b.rng);
    // As many as asked for, at random places and all together.
    for (const bool together : {false, true}) {
      for (int& x : o.x) x = 0;
      for (unsigned i = 0, at = b.below(257 - active); i < active; ++i) {
        while (!together && o.x[at % 256] != 0) at = b.below(256);
        o.x[(at + (together ? i : 0)) % 256] = 1 + static_cast<int>(b.below(127));
      }
      o.multiply();
      b.good_job(o, Layout::kColumns);
    }
  }
}

// A job that must be answered with `status` within a bounded number of cycles, and a good one
// after.
template <typename Model>
void expect_refused(Bench<Model>& b, const AxiJob& job, AxiStatus status) {
  CAPTURE(job.rows, job.cols, job.tokens, job.code, job.x_address, job.w_address, job.y_address);
  b.d.start(job);
  CHECK(b.d.finish(16) == status);
  CHECK(b.d.memory.quiet());
}

TEMPLATE_TEST_CASE("jobs that cannot run are refused at once, and the next one runs", "[rtl]",
                   Vaccelerator_small_ternary, Vaccelerator_small_int8) {
  Bench<TestType> b(7, 8, 3);
  const IntegerOperands o(b.m, {21, 33, 3}, Values::kRandom, b.rng);
  const AxiJob good = b.place(o, Layout::kT2);
  const auto with = [&good](auto change) {
    AxiJob job = good;
    change(job);
    return job;
  };
  using S = AxiStatus;
  const std::uint32_t beat = b.m.beat_bytes;
  const std::pair<AxiJob, AxiStatus> cases[] = {
      {with([](AxiJob& j) { j.rows = 0; }), S::kBadShape},
      {with([](AxiJob& j) { j.rows = 1u << 24; }), S::kBadShape},
      {with([](AxiJob& j) { j.rows = ~0u; }), S::kBadShape},
      {with([](AxiJob& j) { j.cols = 0; }), S::kBadShape},
      {with([&b](AxiJob& j) { j.cols = b.m.max_cols + 1; }), S::kBadShape},
      {with([](AxiJob& j) { j.cols = 1u << 31; }), S::kBadShape},
      {with([](AxiJob& j) { j.tokens = 0; }), S::kBadShape},
      {with([](AxiJob& j) { j.tokens = 1u << 16; }), S::kBadShape},
      {with([&b](AxiJob& j) { j.code = b.m.format + 2; }), S::kBadCode},
      {with([](AxiJob& j) { j.code = 8; }), S::kBadCode},
      {with([](AxiJob& j) { j.code = 0x101; }), S::kBadCode},
      {with([](AxiJob& j) { j.x_address += 2; }), S::kBadAddress},
      {with([beat](AxiJob& j) { j.x_address += beat / 2; }), S::kBadAddress},
      {with([beat](AxiJob& j) { j.w_address += beat / 2; }), S::kBadAddress},
      {with([beat](AxiJob& j) { j.x_stride += beat / 2; }), S::kBadAddress},
      {with([](AxiJob& j) { j.y_address += 2; }), S::kBadAddress},
      {with([](AxiJob& j) { j.y_stride += 1; }), S::kBadAddress},
      {with([](AxiJob& j) { j.x_address |= 1ull << 40; }), S::kBadAddress},
      {with([](AxiJob& j) { j.w_address |= 1ull << 63; }), S::kBadAddress},
      {with([](AxiJob& j) { j.y_address |= 1ull << 47; }), S::kBadAddress},
  };
  for (const auto& [job, status] : cases) {
    expect_refused(b, job, status);
    b.d.start(good);
    REQUIRE(b.d.finish(b.limit(o.shape)) == AxiStatus::kDone);
    b.expect_results(o, good);
  }
}

TEMPLATE_TEST_CASE("errors of memory and of weights end a job with a status, and the next one runs",
                   "[rtl]", Vaccelerator_small_ternary, Vaccelerator_small_int8) {
  Bench<TestType> b(8, 5, 7);
  const IntegerOperands o(b.m, {43, 70, 2 * b.m.max_tokens + 1}, Values::kRandom, b.rng);
  const AxiJob good = b.place(o, Layout::kT2);
  const std::uint64_t limit = b.limit(o.shape);
  const auto run = [&](const AxiJob& job) {
    b.d.start(job);
    return b.d.finish(limit);
  };
  const auto expect_good = [&] {
    REQUIRE(run(good) == AxiStatus::kDone);
    b.expect_results(o, good);
  };
  const std::uint64_t w_bytes = o.planes(b.m).size();

  SECTION("SLVERR of one beat of each stream") {
    for (const std::uint64_t at :
         {good.x_address, good.x_address + good.x_stride * (o.shape.tokens - 1), good.w_address,
          good.w_address + w_bytes / 2, good.w_address + w_bytes - 4, good.y_address,
          good.y_address + good.y_stride * (o.shape.tokens - 1) + 4 * (o.shape.rows - 1)}) {
      b.d.memory.fail_at(at);
      CHECK(run(good) == AxiStatus::kBusError);
      b.d.memory.fail_nowhere();
      expect_good();
    }
  }
  SECTION("addresses that nothing answers") {
    for (const int which : {0, 1, 2}) {
      AxiJob job = good;
      (which == 0 ? job.x_address : which == 1 ? job.w_address : job.y_address) = 0x7000;
      CHECK(run(job) == AxiStatus::kBusError);
      expect_good();
    }
  }
  SECTION("operands that run beyond the last address") {
    const std::uint64_t end = std::uint64_t{1} << 40;
    for (const int which : {0, 1, 2, 3, 4}) {
      AxiJob job = good;
      if (which == 0) job.x_address = end - b.m.beat_bytes;
      if (which == 1) job.w_address = end - b.m.beat_bytes;
      if (which == 2) job.y_address = end - 8;
      if (which == 3) job.x_stride = 0xffff'ff00, job.x_address = end - 0x100;
      if (which == 4) job.y_stride = 0xffff'ff00, job.y_address = end - 0x1000;
      const std::uint64_t before = b.d.memory.stray_bytes();
      CHECK(run(job) == AxiStatus::kBadAddress);
      // Results beyond the last address do not begin again at the first one: two words, or the
      // first token's, lie before it.
      const std::uint64_t stray = b.d.memory.stray_bytes() - before;
      if (which < 2 || which == 3) CHECK(stray == 0);
      if (which == 2) CHECK(stray == 8);
      if (which == 4) CHECK(stray == 4 * o.shape.rows);
      expect_good();
    }
  }
  SECTION("an illegal code anywhere, where the format has one") {
    if (b.m.format != 0) return;
    const std::uint64_t row_bytes = b.m.lanes / 4, plane = b.m.lanes / 8;
    for (const std::uint64_t row : {std::uint64_t{0}, std::uint64_t{17}, w_bytes / row_bytes - 1}) {
      std::uint8_t* nonzero = b.d.memory.at(good.w_address + row * row_bytes);
      const std::uint8_t kept[2] = {nonzero[0], nonzero[plane]};
      nonzero[0] = static_cast<std::uint8_t>(nonzero[0] & ~4);
      nonzero[plane] = static_cast<std::uint8_t>(nonzero[plane] | 4);
      CHECK(run(good) == AxiStatus::kBadWeight);
      nonzero[0] = kept[0];
      nonzero[plane] = kept[1];
      expect_good();
    }
    // The same in five trits a byte: lane 3 of a unit reads 0x00, which codes nothing.
    const AxiJob five = b.place(o);
    const std::uint64_t unit = b.m.lanes, units = o.fives(b.m).size() / unit;
    for (const std::uint64_t at : {std::uint64_t{0}, units / 2, units - 1}) {
      std::uint8_t* planes = b.d.memory.at(five.w_address + at * unit);
      const std::vector<std::uint8_t> kept(planes, planes + unit);
      for (std::uint64_t p = 0; p < unit; p += unit / 8)
        planes[p] = static_cast<std::uint8_t>(planes[p] & ~8);
      CHECK(run(five) == AxiStatus::kBadWeight);
      std::copy(kept.begin(), kept.end(), planes);
      REQUIRE(run(five) == AxiStatus::kDone);
      b.expect_results(o, five);
    }
  }
}

TEST_CASE("registers answer as their map says", "[rtl]") {
  Bench<Vaccelerator_small_ternary> b(9, 8, 3);
  unsigned response = 9;
  CHECK(b.d.read(AxiRegister::kMagic) == 0x4e524554);
  CHECK(b.d.read(AxiRegister::kRows) == 20);
  CHECK(b.d.read(AxiRegister::kLanes) == 16);
  CHECK(b.d.read(AxiRegister::kMaxTokens) == 4);
  CHECK(b.d.read(AxiRegister::kMaxCols) == 256);
  CHECK(b.d.read(AxiRegister::kBeatBytes) == 8);
  CHECK(b.d.read(AxiRegister::kStatus) == 0);
  CHECK(b.d.read(AxiRegister::kColumnSkip) == 1);
  for (std::uint32_t at = 0; at < 256; at += 4) {
    b.d.read(at, &response);
    CHECK(response == (at < 4 * 33 ? 0 : 2));
  }
  for (std::uint32_t index = 0; index < 64; ++index) {
    if (index == static_cast<std::uint32_t>(AxiRegister::kDoorbell)) continue;
    const bool writable = index == 9 || index == 10 || (index >= 12 && index < 24);
    CHECK(b.d.write(4 * index, 0xfffffff0 + index) == (writable ? 0 : 2));
    if (index >= 12 && index < 24) CHECK(b.d.read(4 * index, &response) == 0xfffffff0 + index);
  }
  for (const unsigned strobes : {0u, 1u, 7u, 14u}) CHECK(b.d.write(48, 5, strobes) == 2);
  CHECK(b.d.read(48, &response) == 0xfffffff0 + 12);
  CHECK_FALSE(b.d.dut.irq_o);

  // The doorbell of a busy engine; parameters may be written meanwhile, the job keeps its own.
  const IntegerOperands o(b.m, {41, 100, 2}, Values::kRandom, b.rng);
  const AxiJob job = b.place(o, Layout::kT2);
  b.d.start(job);
  CHECK(b.d.read(AxiRegister::kStatus) == static_cast<std::uint32_t>(AxiStatus::kBusy));
  CHECK(b.d.write(44, 1) == 2);
  b.d.write(AxiRegister::kRowCount, 3);
  b.d.write64(AxiRegister::kYAddress, kBase);
  REQUIRE(b.d.finish(b.limit(o.shape)) == AxiStatus::kDone);
  b.expect_results(o, job);

  // The interrupt: only when enabled, until it is cleared.
  b.d.start(job);
  b.d.write(AxiRegister::kEnable, 0);
  for (std::uint64_t i = 0; i < b.limit(o.shape) && b.d.read(AxiRegister::kInterrupt) == 0; ++i) {
    CHECK_FALSE(b.d.dut.irq_o);
  }
  CHECK(b.d.read(AxiRegister::kStatus) == static_cast<std::uint32_t>(AxiStatus::kDone));
  CHECK_FALSE(b.d.dut.irq_o);
  b.d.write(AxiRegister::kEnable, 1);
  CHECK(b.d.dut.irq_o);
  b.d.write(AxiRegister::kInterrupt, 0);
  CHECK(b.d.dut.irq_o);
  b.d.write(AxiRegister::kInterrupt, 1);
  CHECK_FALSE(b.d.dut.irq_o);
}

TEST_CASE("reads come in bursts of 256 beats, several on their way, none across 4 KB", "[rtl]") {
  // sim::AxiMemory refuses what crosses 4 KB; here the bursts must be long as well.
  Bench<Vaccelerator_small_int8> b(10, 8, 40);
  const IntegerOperands o(b.m, {100, 256, 1}, Values::kRandom, b.rng);
  AxiJob job = b.place(o);
  b.d.start(job);
  REQUIRE(b.d.finish(b.limit(o.shape)) == AxiStatus::kDone);
  b.expect_results(o, job);
  CHECK(b.d.memory.longest_burst() > 200);
  CHECK(b.d.memory.most_outstanding() > 1);
  // Weights that begin a beat before a boundary.
  const std::vector<std::uint8_t> w = o.planes(b.m);
  job.w_address = kBase + (1 << 18) + 4096 - b.m.beat_bytes;
  std::copy(w.begin(), w.end(), b.d.memory.at(job.w_address));
  b.d.start(job);
  REQUIRE(b.d.finish(b.limit(o.shape)) == AxiStatus::kDone);
  b.expect_results(o, job);
}

}  // namespace
}  // namespace tern::rtl
