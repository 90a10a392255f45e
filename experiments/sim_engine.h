// SPDX-License-Identifier: Apache-2.0
//
// The simulated accelerator behind the seam of models/linear.h, and its account: cycles and
// activity of a phase, split into linear layers, head and the vector unit's work.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "experiments/level.h"
#include "models/linear.h"
#include "models/model.h"
#include "models/step_counts.h"
#include "sim/accelerator.h"

namespace tern::experiments {

class SimEngine final : public models::LinearEngine {
 public:
  // `machine` names the machine; its dot-product unit is that of the model's linear layers.
  // Matrices are put into simulated DRAM here. On a ternary machine the FP16 head is computed by
  // `cpu` and timed as work of the vector unit. Model and cpu are borrowed.
  // Throws std::runtime_error when the model does not fit the machine.
  SimEngine(const std::string& machine, sim::Level level, const models::Model& model,
            models::LinearEngine& cpu);

  void ternary(const models::TernaryMatrix& w, const models::TernaryInput& in,
               std::int32_t* acc) override;
  void dense(const models::DenseMatrix& w, const float* x, std::size_t tokens, float* y) override;

  // What a forward step does beside its products: attention over the KV cache, norms, residuals.
  // Timed and counted; the numbers are the CPU's.
  void vector_work(const models::StepCounts& step);

  const sim::MachineConfig& machine() const { return accelerator_.config(); }
  const std::vector<std::uint64_t>& job_cycles() const { return job_cycles_; }

  // The costs since the last call; `tokens` went through the network meanwhile.
  PhaseCost take_phase(std::uint64_t tokens);

 private:
  bool ternary_machine() const { return machine().format == sim::Format::kTernary; }
  Part part_of(const void* matrix) const;
  void load(const models::Linear& linear);
  void account(Part part, const sim::JobReport& job);
  void run(const models::DenseMatrix& w, const float* x, std::size_t tokens, float* y);
  void run_on_vector_unit(const models::DenseMatrix& w, std::size_t tokens);

  const models::Model& model_;
  models::LinearEngine& cpu_;
  sim::Accelerator accelerator_;
  std::unordered_map<const void*, sim::MatrixId> ids_;  // by address of the matrix
  std::vector<std::uint64_t> job_cycles_;
  std::vector<std::int8_t> dense_;  // [tokens, columns] of a job
  PhaseCost phase_;
};

// The engine called "cycle" or "rtl" on the machine "edge", with a CPU of its own for the head.
std::unique_ptr<models::LinearEngine> make_sim_engine(const std::string& name,
                                                      const models::Model& model);

// The CPU in the numerics of the named FP16 machine (sim/fp16_dot.h): what its simulations are held
// to, bit by bit. Ternary products have one numerics, and are `cpu`'s.
class FollowingEngine final : public models::LinearEngine {
 public:
  FollowingEngine(const std::string& machine, models::LinearEngine& cpu);

  void ternary(const models::TernaryMatrix& w, const models::TernaryInput& in,
               std::int32_t* acc) override;
  void dense(const models::DenseMatrix& w, const float* x, std::size_t tokens, float* y) override;

 private:
  const std::size_t lanes_;
  models::LinearEngine& cpu_;
};

// As a result's `machine` states it.
nlohmann::json to_json(const sim::MachineConfig& machine);

}  // namespace tern::experiments
