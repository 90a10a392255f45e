// SPDX-License-Identifier: Apache-2.0

#include "experiments/sim_engine.h"

#include <algorithm>
#include <utility>

#include "kernels/check.h"
#include "models/cpu_engine.h"
#include "models/packing.h"
#include "sim/fp16_dot.h"

namespace tern::experiments {
namespace {

sim::Format format_of(const models::Model& model) {
  TERN_CHECK(!model.layers.empty(), "a model has layers");
  return std::holds_alternative<models::TernaryMatrix>(model.layers.front().attn_q)
             ? sim::Format::kTernary
             : sim::Format::kFp16;
}

// A SimEngine and the CPU kernels it borrows.
class OwningSimEngine final : public models::LinearEngine {
 public:
  OwningSimEngine(const std::string& machine, sim::Level level, const models::Model& model)
      : pool_(1), cpu_(kernels::selected_isa(), pool_), engine_(machine, level, model, cpu_) {}

  void ternary(const models::TernaryMatrix& w, const models::TernaryInput& in,
               std::int32_t* acc) override {
    engine_.ternary(w, in, acc);
  }
  void dense(const models::DenseMatrix& w, const float* x, std::size_t tokens, float* y) override {
    engine_.dense(w, x, tokens, y);
  }

 private:
  kernels::ThreadPool pool_;
  models::CpuEngine cpu_;
  SimEngine engine_;
};

}  // namespace

SimEngine::SimEngine(const std::string& machine, sim::Level level, const models::Model& model,
                     models::LinearEngine& cpu)
    : model_(model), cpu_(cpu), accelerator_(sim::machine(machine, format_of(model)), level) {
  for (const models::Layer& layer : model.layers)
    for (const models::LinearSlot& slot : models::linear_slots()) load(layer.*slot.linear);
  if (!ternary_machine()) ids_[&model.head()] = accelerator_.load(models::f16_view(model.head()));
}

void SimEngine::load(const models::Linear& linear) {
  if (const auto* w = std::get_if<models::TernaryMatrix>(&linear)) {
    if (w->format == nullptr) {
      ids_[w] = accelerator_.load(w->t2(), w->cols);
      return;
    }
    const models::PackedTernary packed =
        models::repack_t2(*w->format, std::as_bytes(w->bytes), w->rows, w->cols, w->name);
    ids_[w] = accelerator_.load({packed.t2.data(), w->rows, kernels::t2_blocks(w->cols)}, w->cols);
    return;
  }
  if (!ternary_machine()) {
    const auto& f = std::get<models::DenseMatrix>(linear);
    ids_[&f] = accelerator_.load(models::f16_view(f));
  }
}

Part SimEngine::part_of(const void* matrix) const {
  return matrix == &model_.head() ? Part::kHead : Part::kLinear;
}

void SimEngine::account(Part part, const sim::JobReport& job) {
  job_cycles_.push_back(job.cycles);
  PartCost& cost = phase_.part(part);
  cost.cycles += job.cycles;
  cost.activity += accelerator_.activity();
  accelerator_.reset_activity();
}

void SimEngine::ternary(const models::TernaryMatrix& w, const models::TernaryInput& in,
                        std::int32_t* acc) {
  const sim::MatrixId id = ids_.at(&w);
  const std::size_t cols = kernels::t2_blocks(w.cols) * kernels::kT2BlockTrits;
  for (std::size_t at = 0; at < in.tokens; at += machine().max_tokens) {
    const std::size_t n = std::min<std::size_t>(machine().max_tokens, in.tokens - at);
    // The machine wants the tokens of a job without gaps.
    dense_.resize(n * cols);
    for (std::size_t t = 0; t < n; ++t)
      std::copy_n(in.q + (at + t) * in.stride, cols,
                  dense_.begin() + static_cast<std::ptrdiff_t>(t * cols));
    account(part_of(&w), accelerator_.run(id, dense_.data(), n, acc + at * w.rows));
  }
}

void SimEngine::dense(const models::DenseMatrix& w, const float* x, std::size_t tokens, float* y) {
  if (!ternary_machine()) return run(w, x, tokens, y);
  cpu_.dense(w, x, tokens, y);
  run_on_vector_unit(w, tokens);
}

void SimEngine::run(const models::DenseMatrix& w, const float* x, std::size_t tokens, float* y) {
  const sim::MatrixId id = ids_.at(&w);
  for (std::size_t at = 0; at < tokens; at += machine().max_tokens) {
    const std::size_t n = std::min<std::size_t>(machine().max_tokens, tokens - at);
    account(part_of(&w), accelerator_.run(id, x + at * w.cols, n, y + at * w.rows));
  }
}

void SimEngine::run_on_vector_unit(const models::DenseMatrix& w, std::size_t tokens) {
  // The weights are read once for each group of tokens that a matrix job would share them with.
  const std::uint64_t passes = (tokens + machine().max_tokens - 1) / machine().max_tokens;
  sim::Accelerator::VectorWork work;
  work.read_bytes = passes * w.rows * w.cols * sizeof(kernels::f16);
  work.write_bytes = tokens * w.rows * sizeof(float);
  work.fp16_macs = tokens * w.rows * w.cols;
  account(part_of(&w), accelerator_.run(work));
}

void SimEngine::vector_work(const models::StepCounts& step) {
  sim::Accelerator::VectorWork work;
  work.read_bytes = step.kv_read_bytes;
  work.write_bytes = step.kv_write_bytes;
  work.fp16_macs = step.attention_macs;
  work.fp32_ops = step.elementwise_ops;
  account(Part::kVector, accelerator_.run(work));
}

PhaseCost SimEngine::take_phase(std::uint64_t tokens) {
  phase_.tokens = tokens;
  return std::exchange(phase_, {});
}

FollowingEngine::FollowingEngine(const std::string& machine, models::LinearEngine& cpu)
    : lanes_(sim::machine(machine, sim::Format::kFp16).lanes), cpu_(cpu) {}

void FollowingEngine::ternary(const models::TernaryMatrix& w, const models::TernaryInput& in,
                              std::int32_t* acc) {
  cpu_.ternary(w, in, acc);
}

void FollowingEngine::dense(const models::DenseMatrix& w, const float* x, std::size_t tokens,
                            float* y) {
  const std::size_t cols = (w.cols + lanes_ - 1) / lanes_ * lanes_;
  const kernels::F16View view = models::f16_view(w);
  std::vector<float> row(cols), in(tokens * cols);
  for (std::size_t t = 0; t < tokens; ++t)
    std::copy_n(x + t * w.cols, w.cols, in.begin() + static_cast<std::ptrdiff_t>(t * cols));
  for (std::size_t r = 0; r < w.rows; ++r) {
    kernels::f16_to_f32(view.data + r * w.cols, w.cols, row.data());
    for (std::size_t t = 0; t < tokens; ++t)
      y[t * w.rows + r] = sim::fp16_dot(row.data(), in.data() + t * cols, cols, lanes_);
  }
}

std::unique_ptr<models::LinearEngine> make_sim_engine(const std::string& name,
                                                      const models::Model& model) {
  const sim::Level level = name == "rtl" ? sim::Level::kRtl : sim::Level::kCycle;
  return std::make_unique<OwningSimEngine>("edge", level, model);
}

nlohmann::json to_json(const sim::MachineConfig& m) {
  return {{"name", m.name},
          {"format", m.format == sim::Format::kTernary ? "ternary" : "fp16"},
          {"rows", m.rows},
          {"lanes", m.lanes},
          {"max_tokens", m.max_tokens},
          {"max_cols", m.max_cols},
          {"beat_bytes", m.beat_bytes},
          {"clock_ghz", m.clock_ghz},
          {"dram_gb_per_s", m.dram_gb_per_s},
          {"dram_latency_ns", m.dram_latency_ns},
          {"burst_bytes", m.burst_bytes},
          {"outstanding", m.outstanding}};
}

}  // namespace tern::experiments
