// SPDX-License-Identifier: Apache-2.0
//
// State space: a tiny model of either flavour told on the CPU, the cycle model and the RTL; a
// prompt longer than the machine's max_tokens; the account of cycles and activity by part.
// Parameters: tests/models/tiny_model.h, seed 3; machine "small".

#include "experiments/sim_engine.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "experiments/agreement.h"
#include "experiments/observed_engine.h"
#include "models/checkpoint.h"
#include "models/cpu_engine.h"
#include "models/transformer.h"
#include "tests/models/as_format.h"
#include "tests/models/temp_folder.h"
#include "tests/models/tiny_model.h"
#include "tests/sim/fresh_kernel.h"

namespace tern::experiments {
namespace {

using models::TokenId;

const std::vector<TokenId> kPrompt = {5, 250, 17, 99, 4};  // small machines share 2 tokens

std::unique_ptr<const models::Model> tiny(models::Flavour flavour) {
  const models::Config config = models::tiny_config();
  return models::build_model(models::random_master(config, 3),
                             models::Tokenizer(models::tiny_tokenizer(config.vocab)), flavour);
}

struct Told {
  LevelResult result;
  std::vector<models::StepCounts> steps;
};

// The prompt and two more tokens.
Told tell(const std::string& name, const models::Model& model, models::LinearEngine& engine,
          SimEngine* simulated) {
  ObservedEngine observed(engine);
  models::Transformer transformer(model, observed,
                                  {.dense_inputs = models::DenseInputs::kBinary16});
  Told told;
  told.result.engine = name;
  told.result.prompt_tokens = kPrompt;
  std::vector<TokenId> next = kPrompt;
  for (int step = 0; step < 3; ++step) {
    const auto logits = transformer.forward(next);
    next = {static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin())};
    told.result.tokens.push_back(next[0]);
    told.steps.push_back(transformer.counts());
    if (simulated != nullptr) {
      simulated->vector_work(transformer.counts());
      if (step == 0) told.result.prefill = simulated->take_phase(kPrompt.size());
    }
    transformer.reset_counts();
  }
  if (simulated != nullptr) {
    told.result.decode = simulated->take_phase(2);
    told.result.job_cycles = simulated->job_cycles();
  }
  told.result.products = observed.products();
  return told;
}

std::uint64_t count_of(const energy::Activity& activity, const std::string& event) {
  std::uint64_t sum = 0;
  for (const auto& [key, count] : activity.counts)
    if (key.name == event) sum += count;
  return sum;
}

TEST_CASE("CPU cycle model and RTL compute the same products and the last two the same cycles",
          "[experiments]") {
  for (const models::Flavour flavour : {models::Flavour::kTernary, models::Flavour::kF16}) {
    const sim::FreshKernel kernel;
    const auto model = tiny(flavour);
    kernels::ThreadPool pool(1);
    models::CpuEngine cpu(kernels::Isa::kScalar, pool);
    SimEngine cycle("small", sim::Level::kCycle, *model, cpu);
    SimEngine rtl("small", sim::Level::kRtl, *model, cpu);
    FollowingEngine following("small", cpu);
    models::LinearEngine* reference = &cpu;  // also of the ternary machine's FP16 head
    if (flavour == models::Flavour::kF16) reference = &following;
    const Told on_cpu = tell("cpu", *model, *reference, nullptr);
    const Told on_cycle = tell("cycle", *model, cycle, &cycle);
    const Told on_rtl = tell("rtl", *model, rtl, &rtl);

    // Per step 2 layers of 7 products and the head.
    CHECK(on_cpu.result.products.size() == 3 * 15);
    Agreement a = compare_levels(on_cpu.result, on_cycle.result);
    INFO(a.difference);
    CHECK(a.same);
    CHECK(a.products == 45);
    a = compare_levels(on_cycle.result, on_rtl.result);
    INFO(a.difference);
    CHECK(a.same);
    // The prompt of 5 takes 2 jobs per product, but the head 1, and so what only its last token
    // goes through, 5 products of the last layer; each step has its vector work.
    CHECK(a.jobs == (9 * 2 + 5 + 1 + 1) + 2 * (14 + 1 + 1));

    for (const Part part : kAllParts) {
      CHECK(on_cycle.result.prefill.part(part).cycles > 0);
      CHECK(on_cycle.result.decode.part(part).activity.counts ==
            on_rtl.result.decode.part(part).activity.counts);
    }
    std::uint64_t cycles = 0;
    for (const Part part : kAllParts)
      cycles += on_rtl.result.prefill.part(part).cycles + on_rtl.result.decode.part(part).cycles;
    CHECK(cycles == a.cycles);
  }
}

TEST_CASE("activity of each part is what the step did", "[experiments]") {
  const sim::FreshKernel kernel;
  const auto ternary = tiny(models::Flavour::kTernary), fp16 = tiny(models::Flavour::kF16);
  kernels::ThreadPool pool(1);
  models::CpuEngine cpu(kernels::Isa::kScalar, pool);
  SimEngine on_ternary("small", sim::Level::kCycle, *ternary, cpu);
  SimEngine on_fp16("small", sim::Level::kCycle, *fp16, cpu);
  const Told t = tell("cycle", *ternary, on_ternary, &on_ternary);
  const Told f = tell("cycle", *fp16, on_fp16, &on_fp16);

  const PhaseCost &tp = t.result.prefill, &fp = f.result.prefill;
  CHECK(tp.tokens == 5);
  // No multiplication of any kind in the linear layers of the ternary machine.
  CHECK(count_of(tp.part(Part::kLinear).activity, "fp_mul") == 0);
  CHECK(count_of(tp.part(Part::kLinear).activity, "trit_select") > 0);
  // Lane operations are multiply-accumulates and those of the rows that fill up a group of 20: of
  // 64 and more rows at most a quarter more.
  const auto padded = [](std::uint64_t lane_ops, std::uint64_t macs) {
    return lane_ops >= macs && 4 * lane_ops <= 5 * macs;
  };
  CHECK(padded(count_of(tp.part(Part::kLinear).activity, "trit_select") +
                   count_of(tp.part(Part::kLinear).activity, "trit_zero"),
               t.steps[0].ternary_macs));
  CHECK(padded(count_of(fp.part(Part::kLinear).activity, "fp_mul"), f.steps[0].fp16_macs));
  // Both heads multiply in FP16: the ternary machine's in its vector unit.
  CHECK(count_of(tp.part(Part::kHead).activity, "fp_mul") == t.steps[0].head_macs);
  CHECK(count_of(fp.part(Part::kHead).activity, "fp_mul") == f.steps[0].head_macs);
  CHECK(count_of(tp.part(Part::kVector).activity, "fp_mul") ==
        t.steps[0].attention_macs + t.steps[0].elementwise_ops);
  // Eight bytes per DRAM word, whole bursts.
  CHECK(count_of(tp.part(Part::kHead).activity, "dram_read") * 8 >= 300 * 128 * 2);
  CHECK(count_of(tp.part(Part::kVector).activity, "dram_write") * 8 >= t.steps[0].kv_write_bytes);
}

TEST_CASE("weights of a file of any format come to the same products", "[experiments]") {
  const sim::FreshKernel kernel;
  models::Config c = models::tiny_config();
  c.dim = c.ffn = 256;
  c.layers = 1;
  c.heads = 8;
  c.kv_heads = 4;
  const models::TempFolder folder;
  const std::string from = folder.file("m"), i2s = folder.file("i2_s"), tq1 = folder.file("tq1_0");
  models::write_checkpoint(from, models::random_master(c, 3), models::tiny_tokenizer(c.vocab),
                           models::Flavour::kTernary);
  models::write_as(from, models::TensorType::kI2S, i2s);
  models::write_as(from, models::TensorType::kTq1, tq1);
  const auto on_cpu = models::load_checkpoint(i2s), simulated = models::load_checkpoint(tq1);
  kernels::ThreadPool pool(1);
  models::CpuEngine cpu(kernels::Isa::kScalar, pool);
  SimEngine cycle("small", sim::Level::kCycle, *simulated, cpu);
  const Agreement a = compare_levels(tell("cpu", *on_cpu, cpu, nullptr).result,
                                     tell("cycle", *simulated, cycle, &cycle).result);
  INFO(a.difference);
  CHECK(a.same);
  CHECK(a.products == 3 * 8);
}

TEST_CASE("a machine that does not exist and a model that does not fit are refused",
          "[experiments]") {
  const sim::FreshKernel kernel;
  kernels::ThreadPool pool(1);
  models::CpuEngine cpu(kernels::Isa::kScalar, pool);
  const auto model = tiny(models::Flavour::kTernary);
  CHECK_THROWS_WITH(SimEngine("moon", sim::Level::kCycle, *model, cpu), Catch::Contains("moon"));
  models::Config wide = models::tiny_config();
  wide.ffn = 384;  // small machines hold 256 columns
  const auto too_wide = models::build_model(models::random_master(wide, 3),
                                            models::Tokenizer(models::tiny_tokenizer(wide.vocab)),
                                            models::Flavour::kTernary);
  CHECK_THROWS_WITH(SimEngine("small", sim::Level::kCycle, *too_wide, cpu),
                    Catch::Contains("256 columns"));
}

}  // namespace
}  // namespace tern::experiments
