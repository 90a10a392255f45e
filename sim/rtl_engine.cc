// SPDX-License-Identifier: Apache-2.0
//
// The Verilated RTL behind the engine interface: pins driven from the data mover, clock by clock.

#include <Vedge_fp16.h>
#include <Vedge_ternary.h>
#include <Vsmall_fp16.h>
#include <Vsmall_ternary.h>
#include <verilated.h>

#include <bit>
#include <cstring>
#include <stdexcept>

#include "kernels/check.h"
#include "sim/engine.h"

namespace tern::sim {
namespace {

// Registers wake with random contents, the same in every run.
struct PowerUp : VerilatedContext {
  PowerUp() {
    randReset(2);
    randSeed(1);  // 0 would mean a seed of its own choice
  }
};

template <typename Model>
class RtlEngine final : public Engine {
 public:
  RtlEngine() {
    model_.clk_i = 0;
    model_.job_valid_i = 0;
    model_.x_valid_i = 0;
    model_.w_valid_i = 0;
    model_.y_ready_i = 1;
    model_.rst_ni = 0;
    model_.eval();  // the first evaluation sees no edge
    tick();
    model_.rst_ni = 1;
    model_.eval();
  }
  ~RtlEngine() override { model_.final(); }

  // Whether the RTL was built with the parameters of `config`: the RTL says so itself.
  bool is(const MachineConfig& config) const {
    return model_.config_format_o == static_cast<unsigned>(config.format) &&
           model_.config_rows_o == config.rows && model_.config_lanes_o == config.lanes &&
           model_.config_max_tokens_o == config.max_tokens &&
           model_.config_max_cols_o == config.max_cols &&
           model_.config_beat_bits_o == 8 * config.beat_bytes;
  }

  bool run(const Job& job, Dma& dma, EngineCounts& counts) override {
    TERN_CHECK(model_.job_ready_o, "the job before is over");
    model_.job_valid_i = 1;
    model_.job_row_groups_i = static_cast<SData>(job.row_groups);
    model_.job_steps_i = static_cast<SData>(job.steps);
    model_.job_tokens_i = static_cast<CData>(job.tokens);
    tick();  // cycle 0
    model_.job_valid_i = 0;
    TERN_CHECK(!model_.refused_o, "the job was checked before it was handed over");

    std::uint64_t left = std::uint64_t{job.row_groups} * job.tokens * model_.config_rows_o;
    std::uint64_t last_progress = 0;
    bool fresh = true;  // the head beat is not on the pins yet
    for (std::uint64_t cycle = 1; left != 0; ++cycle) {
      dma.advance(cycle);
      const bool valid = dma.head_valid(cycle);
      const bool weight = valid && dma.head_is_weight();
      model_.x_valid_i = valid && !weight;
      model_.w_valid_i = weight;
      if (valid && fresh) {
        std::memcpy(weight ? &model_.w_data_i : &model_.x_data_i, dma.head(), kBeatBytes);
        fresh = false;
      }
      if (model_.y_valid_o) {
        dma.push(model_.y_data_o, cycle);
        ++counts.y_words;
        --left;
        last_progress = cycle;
      }
      if (valid && (weight ? model_.w_ready_o : model_.x_ready_o)) {
        if (weight) {
          ++counts.w_beats;
          counts.nonzero += job.tokens * nonzero_trits(dma.head());
        } else {
          ++counts.x_beats;
        }
        dma.pop(cycle);
        fresh = true;
        last_progress = cycle;
      }
      count_and_tick(counts);
      TERN_CHECK(cycle - last_progress < kWatchdog, "the RTL makes progress");
    }
    for (int i = 0; i < kSettle && !model_.job_ready_o; ++i) count_and_tick(counts);
    // A step's weights are a fixed number of beats; the RTL gathers them.
    counts.w_words = counts.w_beats * kBeatBytes / weight_word_bytes();
    return !model_.bad_data_o;
  }

 private:
  static constexpr std::size_t kBeatBytes = sizeof(Model::w_data_i);
  static constexpr std::uint64_t kWatchdog = 1'000'000'000;  // longer than any memory latency
  static constexpr int kSettle = 16;

  bool ternary() const { return model_.config_format_o == static_cast<unsigned>(Format::kTernary); }
  std::uint64_t weight_word_bytes() const {
    return model_.config_rows_o * model_.config_lanes_o * (ternary() ? 2 : 16) / 8;
  }
  std::uint64_t nonzero_trits(const std::uint8_t* beat) const {
    if (!ternary()) return 0;
    unsigned n = 0;
    for (std::size_t at = 0; at < kBeatBytes; at += sizeof(std::uint64_t)) {
      std::uint64_t bits;
      std::memcpy(&bits, beat + at, sizeof bits);
      n += static_cast<unsigned>(std::popcount(bits & kTritLowBits));
    }
    return n;
  }
  void count_and_tick(EngineCounts& counts) {
    counts.x_words += model_.event_load_o;
    counts.fires += model_.event_fire_o;
    tick();
  }
  // Inputs may change together with the rising edge: no output but a ready depends on one.
  void tick() {
    model_.clk_i = 1;
    model_.eval();
    model_.clk_i = 0;
    model_.eval();
  }

  PowerUp context_;
  Model model_{&context_};
};

template <typename Model>
std::unique_ptr<Engine> try_engine(const MachineConfig& config) {
  auto engine = std::make_unique<RtlEngine<Model>>();
  if (!engine->is(config)) return nullptr;
  return engine;
}

}  // namespace

std::unique_ptr<Engine> make_rtl_engine(const MachineConfig& config) {
  for (const auto make : {try_engine<Vedge_ternary>, try_engine<Vedge_fp16>,
                          try_engine<Vsmall_ternary>, try_engine<Vsmall_fp16>})
    if (auto engine = make(config)) return engine;
  throw std::runtime_error(
      "machine '" + config.name +
      "': no RTL was verilated with its rows, lanes, max_tokens, "
      "max_cols and beat_bytes; add it to rtl/CMakeLists.txt or use the cycle model");
}

}  // namespace tern::sim
