// SPDX-License-Identifier: Apache-2.0
//
// The Verilated RTL behind the engine interface: pins driven from the data mover, clock by clock.

#include <Vedge_fp16.h>
#include <Vedge_ternary.h>
#include <Vsmall_fp16.h>
#include <Vsmall_ternary.h>
#include <verilated.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <vector>

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
    model_.in_valid_i = 0;
    model_.y_ready_i = 1;
    model_.rst_ni = 0;
    model_.eval();  // the first evaluation sees no edge
    tick();
    model_.rst_ni = 1;
    model_.eval();
  }
  ~RtlEngine() override { model_.final(); }

  // Whether the RTL was built with the parameters of `config`: the RTL says so itself.
  bool is(const MachineConfig& config) {
    const unsigned parameters[] = {config.format == Format::kTernary ? 0u : 5u,
                                   0u,
                                   config.rows,
                                   config.lanes,
                                   config.max_tokens,
                                   config.max_cols,
                                   config.beat_bytes,
                                   0u};
    for (std::size_t i = 0; i < std::size(parameters); ++i)
      if (model_.config_o[i] != parameters[i]) return false;
    geometry_.emplace(config);
    return true;
  }

  bool run(const Job& job, Dma& dma, EngineCounts& counts) override {
    TERN_CHECK(model_.job_ready_o, "the job before is over");
    model_.job_valid_i = 1;
    model_.job_rows_i = job.rows;
    model_.job_cols_i = job.cols;
    model_.job_tokens_i = static_cast<CData>(job.tokens);
    model_.job_code_i = 1;  // t5, where there is a choice
    model_.job_columns_i = 0;
    tick();  // cycle 0
    model_.job_valid_i = 0;

    std::uint64_t left = geometry_->y_words(job);
    std::uint64_t last_progress = 0;
    bool fresh = true;  // the head beat is not on the pins yet
    bool good = true;
    const auto count_and_tick = [&] {
      counts.x_words += model_.event_load_o;
      counts.fires += model_.event_fire_o;
      good &= !model_.bad_weight_o;
      tick();
    };
    for (std::uint64_t cycle = 1; left != 0; ++cycle) {
      dma.advance(cycle);
      const bool valid = dma.head_valid(cycle);
      model_.in_valid_i = valid;
      if (valid && fresh) {
        std::memcpy(&model_.in_data_i, dma.head(), kBeatBytes);
        fresh = false;
      }
      if (model_.y_valid_o) {
        dma.push(model_.y_data_o, cycle);
        ++counts.y_words;
        --left;
        last_progress = cycle;
      }
      if (valid && model_.in_ready_o) {
        if (dma.head_is_weight()) {
          ++counts.w_beats;
          counts.nonzero += job.tokens * nonzero_trits(dma.head());
        } else {
          ++counts.x_beats;
        }
        dma.pop(cycle);
        fresh = true;
        last_progress = cycle;
      }
      count_and_tick();
      TERN_CHECK(cycle - last_progress < kWatchdog, "the RTL makes progress");
    }
    for (int i = 0; i < kSettle && !model_.job_ready_o; ++i) count_and_tick();
    counts.w_words = counts.w_beats * kBeatBytes / geometry_->w_word_bytes;
    return good;
  }

 private:
  static constexpr std::size_t kBeatBytes = sizeof(Model::in_data_i);
  static constexpr std::uint64_t kWatchdog = 1'000'000'000;  // longer than any memory latency
  static constexpr int kSettle = 16;

  // Of the step that this beat completes, if it does so.
  std::uint64_t nonzero_trits(const std::uint8_t* beat) {
    if (geometry_->format != Format::kTernary) return 0;
    step_.insert(step_.end(), beat, beat + kBeatBytes);
    if (step_.size() < geometry_->w_word_bytes) return 0;
    trits_.resize(std::size_t{geometry_->rows} * geometry_->lanes);
    geometry_->code->unpack(geometry_->tile(), step_.data(), trits_.data(), geometry_->lanes);
    step_.clear();
    return trits_.size() -
           static_cast<std::size_t>(std::count(trits_.begin(), trits_.end(), std::int8_t{0}));
  }
  // Inputs may change together with the rising edge: no output but a ready depends on one.
  void tick() {
    model_.clk_i = 1;
    model_.eval();
    model_.clk_i = 0;
    model_.eval();
  }

  std::optional<Geometry> geometry_;
  std::vector<std::uint8_t> step_;  // weights of the step that comes
  std::vector<std::int8_t> trits_;
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
