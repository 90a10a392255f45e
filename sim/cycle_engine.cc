// SPDX-License-Identifier: Apache-2.0
//
// The cycle model: values by the CPU kernels, times by sim/engine_timing.h.

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "kernels/dense/dense.h"
#include "sim/engine.h"
#include "sim/engine_timing.h"

namespace tern::sim {
namespace {

// The four trits of a byte as int8; the illegal code counts as 0, as in the RTL.
constexpr std::array<std::array<std::int8_t, 4>, 256> kTrits = [] {
  std::array<std::array<std::int8_t, 4>, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte)
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned code = byte >> (2 * i) & 3;
      table[byte][i] = static_cast<std::int8_t>(code == 1 ? 1 : code == 3 ? -1 : 0);
    }
  return table;
}();

// One row group of ternary weights, collected step by step, and its products.
struct TernaryUnit {
  using Element = std::int8_t;

  const Geometry& geometry;
  std::size_t cols;
  std::vector<std::int8_t> rows;  // [R, cols]
  std::vector<std::int32_t> y;    // [R]
  std::uint64_t nonzero = 0;      // of the weights taken
  bool bad = false;

  TernaryUnit(const Geometry& g, std::size_t k)
      : geometry(g), cols(k), rows(g.rows * k), y(g.rows) {}

  void set_activations(const std::uint8_t*, std::size_t) {}

  void take(std::size_t step, const std::uint8_t* word) {
    for (std::size_t at = 0; at < geometry.w_word_bytes; at += sizeof(std::uint32_t)) {
      std::uint32_t bits;
      std::memcpy(&bits, word + at, sizeof bits);
      nonzero += static_cast<unsigned>(std::popcount(bits & std::uint32_t{kTritLowBits & ~0u}));
      bad |= (bits >> 1 & ~bits & std::uint32_t{kTritLowBits & ~0u}) != 0;
    }
    const std::size_t row_bytes = geometry.lanes / 4;
    for (std::size_t r = 0; r < geometry.rows; ++r) {
      std::int8_t* to = rows.data() + r * cols + step * geometry.lanes;
      for (std::size_t b = 0; b < row_bytes; ++b)
        std::memcpy(to + 4 * b, kTrits[word[r * row_bytes + b]].data(), 4);
    }
  }

  const std::uint32_t* multiply(const std::uint8_t* x, std::size_t token) {
    static const auto run =
        kernels::kernel_for(kernels::matmul_i8_kernels(), kernels::selected_isa()).run;
    run({rows.data(), geometry.rows, cols}, reinterpret_cast<const std::int8_t*>(x) + token * cols,
        cols, 1, y.data(), geometry.rows);
    return reinterpret_cast<const std::uint32_t*>(y.data());  // same bits, unsigned twin
  }
};

struct Fp16Unit {
  const Geometry& geometry;
  std::size_t cols;
  std::vector<kernels::f16> rows;  // [R, cols]
  std::vector<float> x;            // [tokens, cols]
  std::vector<float> y;            // [R]
  std::vector<std::uint32_t> bits;
  std::uint64_t nonzero = 0;  // not counted: an FP16 lane always multiplies
  bool bad = false;

  Fp16Unit(const Geometry& g, std::size_t k)
      : geometry(g), cols(k), rows(g.rows * k), y(g.rows), bits(g.rows) {}

  static bool any_special(const kernels::f16* h, std::size_t n) {
    unsigned found = 0;
    for (std::size_t i = 0; i < n; ++i) found |= (h[i] & 0x7c00u) == 0x7c00u;
    return found != 0;
  }

  void set_activations(const std::uint8_t* bytes, std::size_t n) {
    std::vector<kernels::f16> halves(n);
    std::memcpy(halves.data(), bytes, n * sizeof(kernels::f16));
    bad |= any_special(halves.data(), n);
    x.resize(n);
    kernels::f16_to_f32(halves.data(), n, x.data());
  }

  void take(std::size_t step, const std::uint8_t* word) {
    const std::size_t row_bytes = geometry.lanes * sizeof(kernels::f16);
    for (std::size_t r = 0; r < geometry.rows; ++r) {
      kernels::f16* to = rows.data() + r * cols + step * geometry.lanes;
      std::memcpy(to, word + r * row_bytes, row_bytes);
      bad |= any_special(to, geometry.lanes);
    }
  }

  const std::uint32_t* multiply(const std::uint8_t*, std::size_t token) {
    static const auto run = kernels::kernel_for(kernels::matmul_f16_kernels(),
                                                kernels::defined_order_isa(kernels::selected_isa()))
                                .run;
    run({rows.data(), geometry.rows, cols}, x.data() + token * cols, cols, 1, y.data(),
        geometry.rows);
    std::memcpy(bits.data(), y.data(), bits.size() * sizeof(float));
    return bits.data();
  }
};

template <typename Unit>
class CycleEngine final : public Engine {
 public:
  explicit CycleEngine(const Geometry& geometry) : geometry_(geometry) {}

  bool run(const Job& job, Dma& dma, EngineCounts& counts) override {
    EngineTiming timing(geometry_, job);
    Unit unit(geometry_, std::size_t{job.steps} * geometry_.lanes);
    load(job, dma, timing);
    unit.set_activations(x_.data(), std::size_t{job.tokens} * job.steps * geometry_.lanes);

    for (std::uint32_t group = 0; group < job.row_groups; ++group) {
      for (std::uint32_t step = 0; step < job.steps; ++step)
        unit.take(step, next_step(dma, timing, step == 0));
      std::uint64_t cycle = timing.drain();
      for (std::uint32_t token = 0; token < job.tokens; ++token) {
        const std::uint32_t* y = unit.multiply(x_.data(), token);
        for (unsigned r = 0; r < geometry_.rows; ++r) dma.push(y[r], cycle++);
      }
    }

    const std::uint64_t steps = std::uint64_t{job.row_groups} * job.steps;
    counts += {.x_beats = geometry_.x_bytes(job) / geometry_.beat_bytes,
               .x_words = std::uint64_t{job.tokens} * job.steps,
               .w_beats = geometry_.w_bytes(job) / geometry_.beat_bytes,
               .w_words = steps,
               .fires = steps * job.tokens,
               .nonzero = unit.nonzero * job.tokens,
               .y_words = geometry_.y_words(job)};
    return !unit.bad;
  }

 private:
  void load(const Job& job, Dma& dma, EngineTiming& timing) {
    const std::uint64_t bytes = geometry_.x_bytes(job);
    const std::uint64_t words = std::uint64_t{job.tokens} * job.steps;
    const std::uint64_t words_per_beat = geometry_.beat_bytes / geometry_.x_word_bytes;
    x_.resize(bytes);
    for (std::uint64_t at = 0, beat = 0; at < bytes; at += geometry_.beat_bytes, ++beat) {
      const std::uint64_t left = words_per_beat == 0 ? 0 : words - beat * words_per_beat;
      const std::uint64_t ready = dma.head_ready();
      std::memcpy(x_.data() + at, dma.head(), geometry_.beat_bytes);
      dma.pop(timing.pop_activations(ready, std::min(words_per_beat, left)));
    }
  }

  // The weights of the next step; valid until the next call.
  const std::uint8_t* next_step(Dma& dma, EngineTiming& timing, bool first_step) {
    w_.resize(geometry_.w_word_bytes);
    const unsigned last = geometry_.w_word_bytes - geometry_.beat_bytes;
    for (unsigned at = 0; at <= last; at += geometry_.beat_bytes) {
      const std::uint64_t ready = dma.head_ready();
      std::memcpy(w_.data() + at, dma.head(), geometry_.beat_bytes);
      dma.pop(at == last ? timing.fire(ready, first_step) : timing.pop_weights(ready));
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
