// SPDX-License-Identifier: Apache-2.0
//
// State space: jobs of 1 to some row groups, steps and tokens, the smallest and the largest among
// them, one after the other on one engine without a reset between; every stream stalled at random
// from never to most of the time; junk on all idle inputs; random and extreme values; refused jobs
// and operands that are no trits, no numbers.
// Parameters: all engines of rtl/CMakeLists.txt; power-up and stalls by seed.

#include <Vedge_fp16.h>
#include <Vedge_ternary.h>
#include <Vsmall_fp16.h>
#include <Vsmall_ternary.h>

#include <catch2/catch.hpp>

#include "tests/rtl/v1/engine_bench.h"

namespace tern::rtl {
namespace {

#define TERN_ENGINES Vedge_ternary, Vedge_fp16, Vsmall_ternary, Vsmall_fp16

TEMPLATE_TEST_CASE("tern_engine multiplies under every pattern of stalls", "[rtl]", TERN_ENGINES) {
  for (unsigned seed = 0; seed < 3; ++seed) {
    EngineBench<TestType> b(seed);
    const unsigned max_tokens = b.dut.config_max_tokens_o;
    for (int job = 0; job < 24; ++job) {
      const unsigned groups = 1 + b.below(5), steps = 1 + b.below(job % 3 == 0 ? 2 : 12);
      const unsigned tokens = job % 4 == 0 ? max_tokens : 1 + b.below(max_tokens);
      const unsigned busy = 1 + b.below(8);
      CAPTURE(seed, job, groups, steps, tokens, busy);
      const EngineJob j =
          b.make_job(groups, steps, tokens, job % 6 == 5 ? Values::kExtreme : Values::kRandom);
      REQUIRE(b.run(j, busy) == j.y);
      REQUIRE_FALSE(b.dut.bad_data_o);
      REQUIRE_FALSE(b.dut.refused_o);
    }
  }
}

TEMPLATE_TEST_CASE("tern_engine fills its activation buffer to the last word", "[rtl]",
                   TERN_ENGINES) {
  for (const Values values : {Values::kExtreme, Values::kBound}) {
    EngineBench<TestType> b(7);
    const EngineJob j =
        b.make_job(2, b.dut.config_max_cols_o / 16, b.dut.config_max_tokens_o, values);
    REQUIRE(b.run(j, 8) == j.y);
  }
}

TEMPLATE_TEST_CASE("tern_engine refuses a job out of range and runs the next", "[rtl]",
                   TERN_ENGINES) {
  EngineBench<TestType> b(8);
  const unsigned steps = b.dut.config_max_cols_o / 16, tokens = b.dut.config_max_tokens_o;
  const EngineJob bad[] = {{0, 1, 1, {}, {}, {}},
                           {1, 0, 1, {}, {}, {}},
                           {1, 1, 0, {}, {}, {}},
                           {1, steps + 1, 1, {}, {}, {}},
                           {1, 1, tokens + 1, {}, {}, {}}};
  for (const EngineJob& j : bad) {
    b.offer(j);
    CHECK(b.dut.refused_o);
    CHECK(b.dut.job_ready_o);
    const EngineJob good = b.make_job(1, 2, 1, Values::kRandom);
    CHECK(b.run(good, 8) == good.y);
    CHECK_FALSE(b.dut.refused_o);
  }
}

TEMPLATE_TEST_CASE("tern_engine flags operands that stand for no number until the next job",
                   "[rtl]", TERN_ENGINES) {
  EngineBench<TestType> b(9);
  const bool fp16 = b.fp16();
  for (int trial = 0; trial < 40; ++trial) {
    EngineJob j = b.make_job(2, 3, 2, Values::kRandom);
    const bool in_x = fp16 && trial % 2;
    std::vector<std::uint8_t>& bytes = in_x ? j.x : j.w;
    if (fp16) {
      const std::size_t at = 2 * b.below(static_cast<unsigned>(bytes.size() / 2));
      bytes[at] = trial % 4 < 2 ? 0 : 1;  // infinity or NaN
      bytes[at + 1] = static_cast<std::uint8_t>(0x7c | (b.below(2) << 7));
    } else {
      const unsigned shift = 2 * b.below(4);
      std::uint8_t& byte = bytes[b.below(static_cast<unsigned>(bytes.size()))];
      byte = static_cast<std::uint8_t>((byte & ~(3u << shift)) | 2u << shift);
    }
    b.run(j, 6);
    REQUIRE(b.dut.bad_data_o);
    const EngineJob good = b.make_job(1, 2, 1, Values::kRandom);
    REQUIRE(b.run(good, 8) == good.y);
    REQUIRE_FALSE(b.dut.bad_data_o);
  }
}

TEMPLATE_TEST_CASE("tern_engine takes a weight step per token and cycle when nothing stalls",
                   "[rtl]", TERN_ENGINES) {
  EngineBench<TestType> b(10);
  const EngineJob j = b.make_job(6, 12, b.dut.config_max_tokens_o, Values::kRandom);
  const long before = b.cycles;
  REQUIRE(b.run(j, 8) == j.y);
  const long x_beats = static_cast<long>(j.x.size() / b.kBeatBytes), x_words = 12 * j.tokens;
  const long w_beats = static_cast<long>(j.w.size() / b.kBeatBytes), fires = 6 * 12 * j.tokens;
  // Load, then weights or fires, whichever are more, then the last group's results and the pipe.
  const long bound = std::max(x_beats, x_words) + std::max(w_beats, fires) +
                     static_cast<long>(b.rows() * j.tokens) + 24;
  CHECK(b.cycles - before <= bound);
}

}  // namespace
}  // namespace tern::rtl
