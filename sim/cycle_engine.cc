// SPDX-License-Identifier: Apache-2.0
//
// The cycle model: values by the CPU kernels, times by sim/engine_timing.h.

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "kernels/dense/dense.h"
#include "sim/engine.h"
#include "sim/engine_timing.h"
#include "sim/fp16_dot.h"

namespace tern::sim {
namespace {

// One row group of ternary weights, collected step by step, and its products.
struct TernaryUnit {
  const Geometry& geometry;
  std::size_t cols;               // of whole steps
  std::vector<std::int8_t> rows;  // [R, cols]
  std::vector<std::int8_t> x;     // [tokens, cols]
  std::vector<std::int32_t> y;    // [R]
  std::uint64_t nonzero = 0;      // of the weights taken
  bool bad = false;

  TernaryUnit(const Geometry& g, std::size_t k)
      : geometry(g), cols(k), rows(g.rows * k), y(g.rows) {}

  void set_activations(const std::uint8_t* bytes, std::size_t n, std::size_t live) {
    x.resize(n);
    std::memcpy(x.data(), bytes, n);
    for (std::size_t at = 0; at < n; at += cols)
      std::fill_n(x.data() + at + live, cols - live, std::int8_t{0});
  }

  void take(std::size_t step, const std::uint8_t* word) {
    std::int8_t* to = rows.data() + step * geometry.lanes;
    bad |= geometry.code->unpack(geometry.tile(), word, to, cols) !=
           std::size_t{geometry.rows} * geometry.lanes;
    for (std::size_t r = 0; r < geometry.rows; ++r)
      for (std::size_t l = 0; l < geometry.lanes; ++l) nonzero += to[r * cols + l] != 0;
  }

  const std::uint32_t* multiply(std::size_t token) {
    static const auto run =
        kernels::kernel_for(kernels::matmul_i8_kernels(), kernels::selected_isa()).run;
    run({rows.data(), geometry.rows, cols}, x.data() + token * cols, cols, 1, y.data(),
        geometry.rows);
    return reinterpret_cast<const std::uint32_t*>(y.data());  // same bits, unsigned twin
  }
};

struct Fp16Unit {
  const Geometry& geometry;
  std::size_t cols;                  // of whole steps
  std::vector<kernels::f16> halves;  // [R, N], of a step
  std::vector<float> rows;           // [R, cols]
  std::vector<float> x;              // [tokens, cols]
  std::vector<std::uint32_t> bits;
  std::uint64_t nonzero = 0;  // not counted: an FP16 lane always multiplies
  bool bad = false;           // never: every code is a weight

  Fp16Unit(const Geometry& g, std::size_t k)
      : geometry(g), cols(k), halves(g.rows * g.lanes), rows(g.rows * k), bits(g.rows) {}

  void set_activations(const std::uint8_t* bytes, std::size_t n, std::size_t live) {
    std::vector<kernels::f16> all(n);
    std::memcpy(all.data(), bytes, n * sizeof(kernels::f16));
    x.resize(n);
    kernels::f16_to_f32(all.data(), n, x.data());
    for (std::size_t at = 0; at < n; at += cols)
      std::fill_n(x.data() + at + live, cols - live, 0.0f);
  }

  void take(std::size_t step, const std::uint8_t* word) {
    geometry.code->unpack(geometry.tile(), word, halves.data(), geometry.lanes);
    for (std::size_t r = 0; r < geometry.rows; ++r)
      kernels::f16_to_f32(halves.data() + r * geometry.lanes, geometry.lanes,
                          rows.data() + r * cols + step * geometry.lanes);
  }

  const std::uint32_t* multiply(std::size_t token) {
    for (std::size_t r = 0; r < geometry.rows; ++r)
      bits[r] = std::bit_cast<std::uint32_t>(
          fp16_dot(rows.data() + r * cols, x.data() + token * cols, cols, geometry.lanes));
    return bits.data();
  }
};

template <typename Unit>
class CycleEngine final : public Engine {
 public:
  explicit CycleEngine(const Geometry& geometry) : geometry_(geometry) {}

  bool run(const Job& job, Dma& dma, EngineCounts& counts) override {
    EngineTiming timing(geometry_, job);
    const std::size_t cols = geometry_.steps(job) * geometry_.lanes;
    Unit unit(geometry_, cols);
    load(job, dma, timing);
    unit.set_activations(x_.data(), job.tokens * cols, job.cols);

    for (std::uint32_t row = 0; row < job.rows; row += geometry_.rows) {
      for (std::size_t step = 0; step < geometry_.steps(job); ++step)
        unit.take(step, next_step(dma, timing, step == 0));
      const std::uint32_t rows = std::min<std::uint32_t>(geometry_.rows, job.rows - row);
      std::uint64_t cycle = timing.drain(rows);
      for (std::uint32_t token = 0; token < job.tokens; ++token) {
        const std::uint32_t* y = unit.multiply(token);
        for (std::uint32_t r = 0; r < rows; ++r) dma.push(y[r], cycle++);
      }
    }

    const std::uint64_t steps = geometry_.row_groups(job) * geometry_.steps(job);
    counts += {.x_beats = geometry_.x_bytes(job) / geometry_.beat_bytes,
               .x_words = job.tokens * geometry_.steps(job),
               .w_beats = geometry_.w_bytes(job) / geometry_.beat_bytes,
               .w_words = steps,
               .fires = steps * job.tokens,
               .nonzero = unit.nonzero * job.tokens,
               .y_words = geometry_.y_words(job)};
    return !unit.bad;
  }

 private:
  void load(const Job& job, Dma& dma, EngineTiming& timing) {
    x_.resize(geometry_.x_bytes(job));
    for (std::size_t at = 0; at < x_.size(); at += geometry_.beat_bytes) {
      const std::uint64_t ready = dma.head_ready();
      std::memcpy(x_.data() + at, dma.head(), geometry_.beat_bytes);
      dma.pop(timing.pop(ready));
    }
  }

  // The weights of the next step; valid until the next call.
  const std::uint8_t* next_step(Dma& dma, EngineTiming& timing, bool first_step) {
    w_.resize(geometry_.w_word_bytes);
    const unsigned last = geometry_.w_word_bytes - geometry_.beat_bytes;
    for (unsigned at = 0; at <= last; at += geometry_.beat_bytes) {
      const std::uint64_t ready = dma.head_ready();
      std::memcpy(w_.data() + at, dma.head(), geometry_.beat_bytes);
      dma.pop(at == last ? timing.fire(ready, first_step) : timing.pop(ready));
    }
    return w_.data();
  }

  const Geometry geometry_;
  std::vector<std::uint8_t> x_;  // [tokens, cols]
  std::vector<std::uint8_t> w_;
};

}  // namespace

EngineCounts& EngineCounts::operator+=(const EngineCounts& other) {
  x_beats += other.x_beats;
  x_words += other.x_words;
  w_beats += other.w_beats;
  w_words += other.w_words;
  fires += other.fires;
  nonzero += other.nonzero;
  y_words += other.y_words;
  return *this;
}

std::unique_ptr<Engine> make_cycle_engine(const Geometry& geometry) {
  if (geometry.format == Format::kFp16) return std::make_unique<CycleEngine<Fp16Unit>>(geometry);
  return std::make_unique<CycleEngine<TernaryUnit>>(geometry);
}

}  // namespace tern::sim
