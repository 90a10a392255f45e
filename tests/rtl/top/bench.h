// SPDX-License-Identifier: Apache-2.0
//
// A verilated tern_accelerator before a memory that stalls, its jobs, and what must come of them.
// Parameters: TERN_RTL_JOBS=<n> random jobs per engine and seed (default 12).

#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "tests/rtl/power_up.h"
#include "tests/rtl/top/operands.h"

namespace tern::rtl {

using sim::AxiJob;
using sim::AxiMemoryConfig;
using sim::AxiRegister;
using sim::AxiStatus;

inline constexpr std::uint64_t kBase = 0x12'3450'0000;
inline constexpr std::uint8_t kCanary = 0xff;  // as a float of any format NaN

inline int jobs() {
  const char* more = std::getenv("TERN_RTL_JOBS");
  return more != nullptr ? std::atoi(more) : 12;
}

template <typename Model>
struct Bench {
  std::mt19937 rng;
  sim::AxiDriver<Covered<Model>> d;
  Machine m;

  Bench(unsigned seed, unsigned busy, unsigned latency)
      : rng(seed),
        d({.base = kBase,
           .bytes = 1 << 20,
           .bytes_per_cycle = 0,
           .latency = latency,
           .busy = busy,
           .junk = true,
           .seed = seed}),
        m{d.read(AxiRegister::kFormat),  d.read(AxiRegister::kRows),
          d.read(AxiRegister::kLanes),   d.read(AxiRegister::kMaxTokens),
          d.read(AxiRegister::kMaxCols), d.read(AxiRegister::kBeatBytes)} {}

  unsigned below(unsigned n) { return static_cast<unsigned>(rng() % n); }

  // 1 to `limit`, often near a multiple of `tile`.
  unsigned size(unsigned tile, unsigned limit) {
    const unsigned near = tile * (1 + below(3)) + below(3) - 1;
    const unsigned n = below(2) ? near : 1 + below(limit);
    return std::clamp(n, 1u, limit);
  }

  // Puts the operands into memory at random places and strides, junk between them.
  template <typename Operands>
  AxiJob place(const Operands& o, Layout layout = Layout::kOwn) {
    for (std::size_t i = 0; i < 1 << 20; ++i) *d.memory.at(kBase + i) = kCanary;
    const unsigned row_bytes = m.steps(o.shape.cols) * m.lanes * m.act_bytes();
    AxiJob job{.rows = o.shape.rows,
               .cols = o.shape.cols,
               .tokens = o.shape.tokens,
               .code = m.code(layout),
               .x_address = kBase + m.beat_bytes * below(64),
               .w_address = kBase + (1 << 18) + m.beat_bytes * below(64),
               .y_address = kBase + (3 << 18) + 4 * below(64),
               .x_stride = row_bytes + m.beat_bytes * below(3),
               .y_stride = 4 * (o.shape.rows + below(9))};
    for (unsigned t = 0; t < o.shape.tokens; ++t) {
      const std::vector<std::uint8_t> x = o.activations(m, t);
      std::copy(x.begin(), x.end(), d.memory.at(job.x_address + t * job.x_stride));
    }
    const std::vector<std::uint8_t> w = o.weights(m, layout);
    std::copy(w.begin(), w.end(), d.memory.at(job.w_address));
    return job;
  }

  std::uint64_t limit(const Shape& s) const {
    const std::uint64_t steps = std::uint64_t{m.steps(s.cols)} * m.groups(s.rows);
    return 20'000 + 64 * steps * s.tokens * m.rows * m.lanes * m.weight_bits() / 8 / m.beat_bytes;
  }

  template <typename Operands>
  void expect_results(const Operands& o, const AxiJob& job) {
    std::uint64_t wrong = 0;
    for (unsigned t = 0; t < o.shape.tokens; ++t)
      for (unsigned r = 0; r < o.shape.rows; ++r) {
        std::uint32_t y;
        std::memcpy(&y, d.memory.at(job.y_address + t * job.y_stride + 4 * r), 4);
        wrong += y != o.y[std::size_t{t} * o.shape.rows + r];
      }
    CHECK(wrong == 0);
    // Nothing else was written.
    std::uint64_t touched = 0;
    const std::uint64_t end = kBase + (1 << 20);
    for (std::uint64_t at = kBase + (3 << 18); at < end; ++at) {
      const std::uint64_t offset = at - job.y_address;
      const bool inside = at >= job.y_address && offset / job.y_stride < o.shape.tokens &&
                          offset % job.y_stride < 4 * o.shape.rows;
      touched += !inside && *d.memory.at(at) != kCanary;
    }
    CHECK(touched == 0);
  }

  template <typename Operands>
  void good_job(const Operands& o, Layout layout) {
    const Shape& shape = o.shape;
    CAPTURE(shape.rows, shape.cols, shape.tokens, static_cast<int>(layout));
    const AxiJob job = place(o, layout);
    d.start(job);
    REQUIRE(d.finish(limit(shape)) == AxiStatus::kDone);
    expect_results(o, job);
    CHECK(d.memory.quiet());
    CHECK(d.read64(AxiRegister::kFires) == o.fires(m, layout));
  }
};

template <typename Model, typename Run>
void stall_and_run(Run&& run) {
  for (const unsigned seed : {1u, 2u, 3u}) {
    Bench<Model> b(seed, 8 - 3 * (seed - 1), seed == 1 ? 1 : 10 * seed);
    for (int i = 0; i < jobs(); ++i)
      run(b, Shape{b.size(b.m.rows, 170), b.size(b.m.lanes, b.m.max_cols),
                   b.size(b.m.max_tokens, 3 * b.m.max_tokens + 1)});
  }
}

}  // namespace tern::rtl
