// SPDX-License-Identifier: Apache-2.0

#include "experiments/engine.h"

#include <map>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

#include "experiments/hash.h"
#include "experiments/number_option.h"
#include "experiments/provenance.h"
#include "kernels/ternary/layouts.h"
#include "models/cpu_engine.h"
#include "models/reference.h"
#ifdef TERN_EDA
#include "experiments/sim_engine.h"
#endif

namespace tern::experiments {
namespace {

#ifdef TERN_EDA
constexpr bool kHasSim = true;
#else
constexpr bool kHasSim = false;
#endif

std::unique_ptr<models::LinearEngine> make_simulated([[maybe_unused]] const EngineOptions& o,
                                                     [[maybe_unused]] const models::Model& model,
                                                     [[maybe_unused]] models::LinearEngine& cpu) {
#ifdef TERN_EDA
  const sim::Level level = o.engine == "rtl" ? sim::Level::kRtl : sim::Level::kCycle;
  return std::make_unique<SimEngine>(o.machine, level, model, cpu);
#else
  return nullptr;
#endif
}

std::vector<const models::TernaryMatrix*> ternary_matrices(const models::Model& model) {
  std::vector<const models::TernaryMatrix*> matrices;
  for (const models::Layer& layer : model.layers)
    for (const models::LinearSlot& slot : models::linear_slots())
      if (const auto* w = std::get_if<models::TernaryMatrix>(&(layer.*slot.linear)))
        matrices.push_back(w);
  return matrices;
}

}  // namespace

void add_load_options(CLI::App& command, models::LoadOptions& o) {
  command
      .add_option(
          "--i2s-layout", o.i2s,
          "Of an I2_S file: x86, as all released ones are, or arm; no byte tells them apart")
      ->transform(CLI::CheckedTransformer(
                      std::map<std::string, models::I2sLayout>{{"x86", models::I2sLayout::kX86},
                                                               {"arm", models::I2sLayout::kArm}})
                      .description("{x86,arm}"))
      ->default_str("x86");
}

void add_engine_options(CLI::App& command, EngineOptions& o) {
  add_load_options(command, o.load);
  command.add_option("--engine", o.engine, "What computes the matrix products")
      ->check(CLI::IsMember({"cpu", "reference", "cycle", "rtl"}))
      ->capture_default_str();
  command.add_option("-t,--threads", o.threads, "CPU threads; default: one per CPU")
      ->check(between(1, 1024));
  std::vector<std::string> names;
  for (const kernels::Isa isa : kernels::all_isas()) names.emplace_back(kernels::isa_name(isa));
  command.add_option("--isa", o.isa, "Instructions of the CPU kernels; default: the fastest")
      ->check(CLI::IsMember(names));
  std::vector<std::string> layouts;
  for (const kernels::ComputeLayout& l : kernels::compute_layouts()) layouts.emplace_back(l.name);
  command
      .add_option("--layout", o.layout,
                  "How the CPU holds ternary weights (tern formats); the results are the same. "
                  "Default: t5p where AVX-512 VBMI decodes it, else t2p")
      ->check(CLI::IsMember(layouts));
  command
      .add_option("--kv", o.kv,
                  "How keys and values are held; f32: as the checkpoint's reference implementation "
                  "has them, f16: half the memory, i8: a quarter")
      ->check(CLI::IsMember({"f32", "f16", "i8"}))
      ->capture_default_str();
  command
      .add_option("--activations", o.activations,
                  "What dense matrices multiply: f32, or rounded to f16 as the simulated machines "
                  "do; default: f32, simulated f16")
      ->check(CLI::IsMember({"f32", "f16"}));
  command.add_option("--machine", o.machine, "The simulated machine")->capture_default_str();
}

kernels::KvFormat kv_format_from(const std::string& name) {
  using kernels::KvFormat;
  for (const KvFormat format : {KvFormat::kF32, KvFormat::kF16, KvFormat::kI8})
    if (kernels::kv_format_name(format) == name) return format;
  throw std::runtime_error("--kv " + name + ": no such format");
}

kernels::Isa isa_from(const std::string& name) {
  if (name.empty()) return kernels::selected_isa();
  for (const kernels::Isa isa : kernels::all_isas()) {
    if (kernels::isa_name(isa) != name) continue;
    if (!kernels::host_has(isa))
      throw std::runtime_error("--isa " + name + ": this CPU does not have it");
    return isa;
  }
  throw std::runtime_error("--isa " + name + ": no such instruction set");
}

const models::Tokenizer& tokenizer_of(const models::Model& model, const std::string& path) {
  if (!model.tokenizer)
    throw std::runtime_error(path +
                             ": has no tokenizer; put its tokenizer.json or tokenizer.model there, "
                             "or give ids to tern logits");
  return *model.tokenizer;
}

Engine make_engine(const EngineOptions& o, const models::Model& model,
                   std::function<bool()> go_on) {
  const bool simulated = o.engine == "cycle" || o.engine == "rtl";
  if (simulated && !kHasSim)
    throw std::runtime_error("--engine " + o.engine +
                             ": this program was built without simulators (TERN_EDA=OFF)");
  Engine engine;
  engine.name = o.engine;
  engine.isa = isa_from(o.isa);
  const kernels::ComputeLayout& layout =
      o.layout.empty() ? kernels::fastest_layout(engine.isa) : kernels::compute_layout(o.layout);
  engine.layout = layout.name;
  engine.pool = std::make_unique<kernels::ThreadPool>(o.threads == 0 ? online_cpus() : o.threads);
  if (o.engine == "reference") {
    engine.decoder = std::make_unique<models::Reference>(model, std::move(go_on));
    return engine;
  }
  auto cpu = std::make_unique<models::CpuEngine>(engine.isa, *engine.pool, layout);
  if (!simulated) cpu->reserve(ternary_matrices(model), model.head());
  engine.cpu = std::move(cpu);
  if (simulated) engine.simulated = make_simulated(o, model, *engine.cpu);
  const bool half = o.activations.empty() ? simulated : o.activations == "f16";
  auto transformer = std::make_unique<models::Transformer>(
      model, simulated ? *engine.simulated : *engine.cpu,
      models::TransformerOptions{
          .pool = engine.pool.get(),
          .isa = engine.isa,
          .kv = kv_format_from(o.kv),
          .dense_inputs = half ? models::DenseInputs::kBinary16 : models::DenseInputs::kFloat32,
          .go_on = std::move(go_on)});
  engine.transformer = transformer.get();
  engine.decoder = std::move(transformer);
  return engine;
}

double tokens_per_s(std::size_t tokens, double seconds) {
  return seconds > 0 ? static_cast<double>(tokens) / seconds : 0;
}

nlohmann::ordered_json speed_json(std::size_t tokens, double seconds) {
  return {{"tokens", tokens}, {"time_s", seconds}, {"tokens_per_s", tokens_per_s(tokens, seconds)}};
}

nlohmann::ordered_json to_json(const models::StepCounts& c) {
  return {{"tokens", c.tokens},
          {"logits", c.logits},
          {"ternary_macs", c.ternary_macs},
          {"fp16_macs", c.fp16_macs},
          {"linear_weight_bytes", c.linear_weight_bytes},
          {"head_macs", c.head_macs},
          {"head_weight_bytes", c.head_weight_bytes},
          {"screened_logits", c.screened_logits},
          {"screen_fine_rows", c.screen_fine_rows},
          {"screen_exact_rows", c.screen_exact_rows},
          {"attention_macs", c.attention_macs},
          {"kv_read_bytes", c.kv_read_bytes},
          {"kv_write_bytes", c.kv_write_bytes},
          {"elementwise_ops", c.elementwise_ops}};
}

nlohmann::ordered_json to_json(const models::Config& c) {
  return {{"architecture", c.architecture},
          {"vocab", c.vocab},
          {"context", c.context},
          {"dim", c.dim},
          {"layers", c.layers},
          {"heads", c.heads},
          {"kv_heads", c.kv_heads},
          {"head_dim", c.head_dim},
          {"ffn", c.ffn},
          {"rms_eps", c.rms_eps},
          {"rope_theta", c.rope_theta},
          {"activation", c.activation == models::Activation::kSilu ? "silu" : "relu2"},
          {"rope_pairing", c.pairing == models::RopePairing::kAdjacent ? "adjacent" : "half_split"},
          {"sub_norms", c.sub_norms},
          {"tied_head", c.tied_head}};
}

std::string config_hash(const models::Config& config) {
  const std::string text = to_json(config).dump();
  return hex(hash_bytes(text.data(), text.size()));
}

}  // namespace tern::experiments
