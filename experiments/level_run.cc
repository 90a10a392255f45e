// SPDX-License-Identifier: Apache-2.0

#include "experiments/level_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>

#include "energy/rapl.h"
#include "experiments/observed_engine.h"
#include "models/checkpoint.h"
#include "models/cpu_engine.h"
#include "models/transformer.h"
#ifdef TERN_EDA
#include "experiments/sim_engine.h"
#endif

namespace tern::experiments {
namespace {

using Clock = std::chrono::steady_clock;
using models::TokenId;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

TokenId most_probable(std::span<const float> logits) {
  return static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

std::vector<TokenId> encode_prompt(const models::Tokenizer& tokenizer, const models::Model& model,
                                   const LevelOptions& options) {
  const std::vector<TokenId> ids = tokenizer.encode(options.prompt, true);
  if (options.prompt.empty() || ids.empty()) throw std::runtime_error("--prompt is empty");
  const std::size_t need = ids.size() + options.tokens;
  if (need > model.config.context)
    throw std::runtime_error(fmt::format(
        "--prompt and --tokens: {} + {} tokens, but the context of {} is {}; ask for fewer",
        ids.size(), options.tokens, options.checkpoint, model.config.context));
  if (options.tokens < 2)
    throw std::runtime_error("--tokens is less than 2: there would be no decode step");
  return ids;
}

// The text up to an end of text.
std::string text_of(const models::Tokenizer& tokenizer, std::span<const TokenId> ids) {
  const auto eos = tokenizer.data().eos;
  const auto end = eos ? std::find(ids.begin(), ids.end(), *eos) : ids.end();
  return tokenizer.decode(ids.first(static_cast<std::size_t>(end - ids.begin())));
}

struct Story {
  Timing timing;
  std::vector<TokenId> tokens;
};

// One prefill and at most tokens - 1 decode steps, but one at least: generation ends with the token
// `end`, where there is one. `after_step` is told when each forward pass is done, and whether it
// was the prefill.
template <typename AfterStep>
Story tell(models::Transformer& transformer, std::span<const TokenId> prompt, unsigned tokens,
           std::optional<TokenId> end, energy::Rapl* rapl, AfterStep after_step) {
  Story story;
  transformer.reset();
  if (rapl != nullptr) rapl->restart();
  auto start = Clock::now();
  TokenId next = most_probable(transformer.forward(prompt));
  after_step(true);
  story.timing.prefill_s = seconds_since(start);
  if (rapl != nullptr) {
    story.timing.prefill_j = rapl->joules();
    rapl->restart();
  }

  start = Clock::now();
  story.tokens.push_back(next);
  while (story.tokens.size() < tokens && (next != end || story.tokens.size() < 2)) {
    next = most_probable(transformer.forward(std::span(&next, 1)));
    after_step(false);
    story.tokens.push_back(next);
  }
  story.timing.decode_s = seconds_since(start);
  if (rapl != nullptr) story.timing.decode_j = rapl->joules();
  return story;
}

void run_timed(const LevelOptions& options, std::span<const TokenId> prompt,
               models::Transformer& transformer, LevelResult& result) {
  std::optional<energy::Rapl> rapl = energy::Rapl::open(result.no_rapl);
  for (unsigned i = 0; i <= options.repetitions; ++i) {
    Story story = tell(transformer, prompt, options.tokens, std::nullopt, rapl ? &*rapl : nullptr,
                       [](bool) {});
    if (i > 0) result.timings.push_back(story.timing);
    result.tokens = std::move(story.tokens);
  }
}

// All levels of a comparison compute what the simulated machines do.
models::TransformerOptions as_simulated(kernels::ThreadPool* pool) {
  return {.pool = pool, .dense_inputs = models::DenseInputs::kBinary16};
}

#ifdef TERN_EDA
void run_simulated(const LevelOptions& options, const models::Model& model,
                   models::LinearEngine& cpu, std::span<const TokenId> prompt,
                   LevelResult& result) {
  const sim::Level level = options.engine == "rtl" ? sim::Level::kRtl : sim::Level::kCycle;
  SimEngine engine(options.machine, level, model, cpu);
  ObservedEngine observed(engine);
  models::Transformer transformer(model, observed, as_simulated(nullptr));
  Story story = tell(transformer, prompt, options.tokens, model.tokenizer->data().eos, nullptr,
                     [&](bool prefill) {
                       engine.vector_work(transformer.counts());
                       transformer.reset_counts();
                       if (prefill) result.prefill = engine.take_phase(prompt.size());
                     });
  result.decode = engine.take_phase(story.tokens.size() - 1);
  result.tokens = std::move(story.tokens);
  result.products = observed.products();
  result.job_cycles = engine.job_cycles();
  result.machine = to_json(engine.machine());
}

std::unique_ptr<models::LinearEngine> following_engine(const LevelOptions& options,
                                                       models::LinearEngine& cpu) {
  return std::make_unique<FollowingEngine>(options.machine, cpu);
}
#else
void run_simulated(const LevelOptions& options, const models::Model&, models::LinearEngine&,
                   std::span<const TokenId>, LevelResult&) {
  throw std::runtime_error("--engine " + options.engine +
                           ": this program was built without the simulator (TERN_EDA=OFF)");
}

std::unique_ptr<models::LinearEngine> following_engine(const LevelOptions& options,
                                                       models::LinearEngine&) {
  throw std::runtime_error("--engine " + options.engine +
                           ": this program was built without the simulator (TERN_EDA=OFF)");
}
#endif

}  // namespace

std::string flavour_of(const models::Model& model) {
  return std::holds_alternative<models::TernaryMatrix>(model.layers.front().attn_q) ? "ternary"
                                                                                    : "fp16";
}

Footprint footprint_of(const models::Model& model, const std::string& checkpoint) {
  Footprint f;
  const auto norm = [&](const std::vector<float>& weights) {
    f.weights += weights.size();
    f.weight_bytes += weights.size() * sizeof(float);
  };
  const auto dense = [&](const models::DenseMatrix& w) {
    f.weights += w.rows * w.cols;
    f.weight_bytes += w.bytes();
  };
  for (const models::Layer& layer : model.layers) {
    for (const models::LinearSlot& slot : models::linear_slots()) {
      const models::Linear& linear = layer.*slot.linear;
      f.linear_weights += models::rows_of(linear) * models::cols_of(linear);
      if (const auto* w = std::get_if<models::TernaryMatrix>(&linear))
        f.linear_bytes += w->t2_bytes() + sizeof(float);  // and gamma
      else
        f.linear_bytes += std::get<models::DenseMatrix>(linear).bytes();
    }
    for (const models::NormSlot& slot : models::norm_slots()) norm(layer.*slot.norm);
  }
  f.weights += f.linear_weights;
  f.weight_bytes += f.linear_bytes;
  dense(model.token_embd);
  if (model.output) dense(*model.output);
  norm(model.output_norm);

  const models::Config& c = model.config;
  f.file_bytes = std::filesystem::file_size(checkpoint);
  f.kv_bytes_per_token = 2 * c.layers * c.kv_dim() * models::kKvBytesPerValue;
  f.context = c.context;
  f.layers = c.layers;
  f.attention_dim = c.q_dim();
  return f;
}

LevelResult run_level(const LevelOptions& options) {
  const std::unique_ptr<const models::Model> model = models::load_checkpoint(options.checkpoint);
  if (!model->tokenizer) throw std::runtime_error(options.checkpoint + ": has no tokenizer");
  const models::Tokenizer& tokenizer = *model->tokenizer;
  const std::vector<TokenId> prompt = encode_prompt(tokenizer, *model, options);

  LevelResult result;
  result.engine = options.engine;
  result.isa = kernels::isa_name(kernels::selected_isa());
  result.flavour = flavour_of(*model);
  result.model = model->config.name;
  result.threads = options.threads;
  result.prompt_tokens = prompt;
  result.footprint = footprint_of(*model, options.checkpoint);
  result.prefill.tokens = prompt.size();

  kernels::ThreadPool pool(options.threads);
  models::CpuEngine cpu(kernels::selected_isa(), pool);
  const bool follows = options.engine == kFollowing;
  if (follows) {
    result.engine = "cpu";
    result.isa = kFollowing;
  }
  if (options.engine != "cpu" && !follows) {
    run_simulated(options, *model, cpu, prompt, result);
  } else if (options.repetitions > 0) {
    models::Transformer transformer(*model, cpu, as_simulated(&pool));
    run_timed(options, prompt, transformer, result);
  } else {
    const std::unique_ptr<models::LinearEngine> following =
        follows ? following_engine(options, cpu) : nullptr;
    ObservedEngine observed(follows ? *following : cpu);
    models::Transformer transformer(*model, observed, as_simulated(&pool));
    result.tokens =
        tell(transformer, prompt, options.tokens, tokenizer.data().eos, nullptr, [](bool) {
        }).tokens;
    result.products = observed.products();
  }
  result.decode.tokens = result.tokens.size() - 1;
  std::vector<TokenId> all = prompt;
  all.insert(all.end(), result.tokens.begin(), result.tokens.end());
  result.text = text_of(tokenizer, all);
  return result;
}

}  // namespace tern::experiments
