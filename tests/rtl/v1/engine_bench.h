// SPDX-License-Identifier: Apache-2.0
//
// Drives a verilated tern_engine of any parameters: jobs as beats, stalls on every stream, junk on
// every input whose valid is low, and the products in the dumbest way.

#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "tests/rtl/power_up.h"

namespace tern::rtl {

// kBound: every product has the sign and size that takes a ternary sum to its upper end.
enum class Values { kRandom, kExtreme, kBound };

inline float half_to_float(std::uint16_t half) {
  const int exponent = half >> 10 & 31, fraction = half & 1023;
  const float magnitude = exponent != 0
                              ? std::ldexp(static_cast<float>(1024 + fraction), exponent - 25)
                              : std::ldexp(static_cast<float>(fraction), -24);
  return half >> 15 ? -magnitude : magnitude;
}

// A job's streams, and what must come out.
struct EngineJob {
  unsigned groups, steps, tokens;
  std::vector<std::uint8_t> x, w;  // as they travel
  std::vector<std::uint32_t> y;    // [groups, tokens, rows]
};

template <typename Model>
class EngineBench {
 public:
  static constexpr std::size_t kBeatBytes = sizeof(Model::w_data_i);
  static constexpr unsigned kLanes = 16;

  RandomPowerUp context;
  Model dut{&context};
  std::mt19937 rng;
  long cycles = 0;

  explicit EngineBench(unsigned seed) : context(seed), rng(seed) {
    dut.clk_i = 0;
    idle();
    dut.rst_ni = 0;
    dut.eval();
    tick();
    CHECK(dut.job_ready_o);
    CHECK_FALSE(dut.y_valid_o);
    dut.rst_ni = 1;
    dut.eval();
  }

  bool fp16() const { return dut.config_format_o == 1; }
  unsigned rows() const { return dut.config_rows_o; }
  unsigned below(unsigned n) { return static_cast<unsigned>(rng() % n); }

  EngineJob make_job(unsigned groups, unsigned steps, unsigned tokens, Values values) {
    return fp16() ? make_fp16(groups, steps, tokens, values)
                  : make_ternary(groups, steps, tokens, values);
  }

  // Offers a stream or takes a result in `busy` of 8 cycles. Returns the words that came.
  std::vector<std::uint32_t> run(const EngineJob& job, unsigned busy) {
    offer(job);
    std::vector<std::uint32_t> y;
    std::size_t x_at = 0, w_at = 0;
    bool x_on = false, w_on = false;  // an offer stands until it is taken
    const long limit =
        cycles + 1000 + 64L * static_cast<long>(job.x.size() + job.w.size() + 32 * job.y.size());
    while (y.size() < job.y.size()) {
      REQUIRE(cycles < limit);
      idle();
      x_on = x_on || (x_at < job.x.size() && below(8) < busy);
      w_on = w_on || (w_at < job.w.size() && below(8) < busy);
      if (x_on) put(dut.x_data_i, job.x, x_at);
      if (w_on) put(dut.w_data_i, job.w, w_at);
      dut.x_valid_i = x_on;
      dut.w_valid_i = w_on;
      dut.y_ready_i = below(8) < busy;
      dut.eval();
      const bool held = dut.y_valid_o && !dut.y_ready_i;
      const std::uint32_t word = dut.y_data_o;
      if (dut.y_valid_o && dut.y_ready_i) y.push_back(word);
      if (x_on && dut.x_ready_o) {
        x_at += kBeatBytes;
        x_on = false;
      }
      if (w_on && dut.w_ready_o) {
        w_at += kBeatBytes;
        w_on = false;
      }
      tick();
      if (held) REQUIRE((dut.y_valid_o && dut.y_data_o == word));
    }
    CHECK(x_at >= job.x.size());
    CHECK(w_at == job.w.size());
    return y;
  }

  void offer(const EngineJob& job) {
    idle();
    for (int i = 0; i < 64 && !dut.job_ready_o; ++i) tick();
    REQUIRE(dut.job_ready_o);
    dut.job_valid_i = 1;
    dut.job_row_groups_i = static_cast<SData>(job.groups);
    dut.job_steps_i = static_cast<SData>(job.steps);
    dut.job_tokens_i = static_cast<CData>(job.tokens);
    tick();
    idle();
  }

  // No valid, and junk wherever nothing is meant.
  void idle() {
    dut.job_valid_i = dut.x_valid_i = dut.w_valid_i = dut.y_ready_i = 0;
    dut.job_row_groups_i = static_cast<SData>(rng());
    dut.job_steps_i = static_cast<SData>(rng());
    dut.job_tokens_i = static_cast<CData>(rng());
    std::vector<std::uint8_t> junk(kBeatBytes);
    for (auto& byte : junk) byte = static_cast<std::uint8_t>(rng());
    put(dut.x_data_i, junk, 0);
    put(dut.w_data_i, junk, 0);
  }

  void tick() {
    dut.clk_i = 1;
    dut.eval();
    dut.clk_i = 0;
    dut.eval();
    ++cycles;
  }

 private:
  template <typename Port>
  static void put(Port& port, const std::vector<std::uint8_t>& bytes, std::size_t at) {
    std::memset(&port, 0xa5, kBeatBytes);  // the end of the last beat
    std::memcpy(&port, bytes.data() + at, std::min(kBeatBytes, bytes.size() - at));
  }

  EngineJob make_ternary(unsigned groups, unsigned steps, unsigned tokens, Values values) {
    const std::size_t cols = steps * kLanes, r = rows();
    EngineJob job{groups, steps, tokens, {}, {}, {}};
    std::vector<int> x(tokens * cols), w(groups * r * cols);
    for (int& one : x) {
      one = static_cast<int>(below(256)) - 128;
      if (values == Values::kExtreme) one = below(16) ? -128 : 127;
      if (values == Values::kBound) one = -128;
    }
    for (int& one : w) {
      one = static_cast<int>(below(3)) - 1;
      if (values == Values::kExtreme) one = below(16) ? -1 : 1;
      if (values == Values::kBound) one = -1;
    }
    for (const int one : x) job.x.push_back(static_cast<std::uint8_t>(one));
    job.w.resize(w.size() / 4);
    for (std::size_t i = 0; i < w.size(); ++i)  // w is in stream order
      job.w[i / 4] = static_cast<std::uint8_t>(job.w[i / 4] | (w[i] & 3) << (2 * (i % 4)));
    for (std::size_t g = 0; g < groups; ++g)
      for (std::size_t t = 0; t < tokens; ++t)
        for (std::size_t row = 0; row < r; ++row) {
          int sum = 0;
          for (std::size_t k = 0; k < cols; ++k)
            sum += w[((g * steps + k / kLanes) * r + row) * kLanes + k % kLanes] * x[t * cols + k];
          job.y.push_back(static_cast<std::uint32_t>(sum));
        }
    return job;
  }

  EngineJob make_fp16(unsigned groups, unsigned steps, unsigned tokens, Values values) {
    const std::size_t cols = steps * kLanes, r = rows();
    EngineJob job{groups, steps, tokens, {}, {}, {}};
    std::vector<std::uint16_t> x(tokens * cols), w(groups * r * cols);
    const auto draw = [&] {
      const auto bits = static_cast<std::uint16_t>(rng());
      if (values != Values::kRandom)
        return static_cast<std::uint16_t>((bits & 0x8000) | (bits & 1 ? 0x7bff : 0x0001));
      return static_cast<std::uint16_t>((bits & 0x7c00) == 0x7c00 ? bits & 0x83ff : bits);
    };
    for (auto& one : x) one = draw();
    for (auto& one : w) one = draw();
    job.x.resize(2 * x.size());
    std::memcpy(job.x.data(), x.data(), job.x.size());
    job.w.resize(2 * w.size());
    std::memcpy(job.w.data(), w.data(), job.w.size());
    for (std::size_t g = 0; g < groups; ++g)
      for (std::size_t t = 0; t < tokens; ++t)
        for (std::size_t row = 0; row < r; ++row) {
          float a[16] = {};
          for (std::size_t k = 0; k < cols; ++k)
            a[k % 16] +=
                half_to_float(w[((g * steps + k / kLanes) * r + row) * kLanes + k % kLanes]) *
                half_to_float(x[t * cols + k]);
          for (int s = 8; s >= 1; s /= 2)
            for (int i = 0; i < s; ++i) a[i] += a[i + s];
          std::uint32_t word;
          std::memcpy(&word, a, sizeof word);
          job.y.push_back(word);
        }
    return job;
  }
};

}  // namespace tern::rtl
