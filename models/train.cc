// SPDX-License-Identifier: Apache-2.0

#include "models/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <stdexcept>
#include <thread>

#include "models/snapshot.h"

namespace tern::models {
namespace {

struct Worker {
  explicit Worker(const Config& config, Flavour flavour) : backprop(config, flavour) {}
  Backprop backprop;
  std::vector<float> gradients;
  double loss = 0;
};

// Adds up the workers' losses; their gradients land in the first one, added in worker order.
double gradients_of(std::vector<Worker>& workers, const std::vector<float>& effective,
                    const Batch& batch) {
  const auto scale = 1.0f / static_cast<float>(batch.tokens());
  const std::size_t n = batch.sequences(), parts = std::min(workers.size(), n);
  const auto work = [&](std::size_t part) {
    Worker& worker = workers[part];
    worker.gradients.assign(effective.size(), 0.0f);
    const Batch own = batch.slice(part * n / parts, (part + 1) * n / parts);
    worker.loss = worker.backprop.run(effective, own, scale, &worker.gradients);
  };
  std::vector<std::jthread> threads;
  for (std::size_t part = 1; part < parts; ++part) threads.emplace_back(work, part);
  work(0);
  threads.clear();
  double loss = workers[0].loss;
  for (std::size_t part = 1; part < parts; ++part) {
    loss += workers[part].loss;
    for (std::size_t i = 0; i < effective.size(); ++i)
      workers[0].gradients[i] += workers[part].gradients[i];
  }
  return loss;
}

double norm_of(const std::vector<float>& v) {
  double squares = 0;
  for (const float x : v) squares += double{x} * double{x};
  return std::sqrt(squares);
}

// AdamW (Loshchilov and Hutter, arXiv 1711.05101); only linears decay.
void adamw(const TrainOptions& o, const ParameterLayout& layout, std::size_t step, double clip,
           const std::vector<float>& gradients, TrainState& state) {
  const auto rate = static_cast<float>(learning_rate_at(o, step));
  const auto t = static_cast<double>(step);
  const auto b1 = static_cast<float>(o.beta1), b2 = static_cast<float>(o.beta2);
  const auto correct1 = static_cast<float>(1 / (1 - std::pow(o.beta1, t)));
  const auto correct2 = static_cast<float>(1 / (1 - std::pow(o.beta2, t)));
  const auto epsilon = static_cast<float>(o.epsilon), c = static_cast<float>(clip);
  const bool decays = o.flavour == Flavour::kF16 || 2 * step <= o.steps;
  for (const TensorSlot& slot : layout.all) {
    const float decay =
        slot.kind == TensorKind::kLinear && decays ? rate * static_cast<float>(o.weight_decay) : 0;
    for (std::size_t i = slot.offset; i < slot.offset + slot.size(); ++i) {
      const float g = gradients[i] * c;
      const float m = state.first[i] = b1 * state.first[i] + (1 - b1) * g;
      const float v = state.second[i] = b2 * state.second[i] + (1 - b2) * g * g;
      float& w = state.parameters[i];
      w -= rate * (m * correct1) / (std::sqrt(v * correct2) + epsilon) + decay * w;
    }
  }
}

}  // namespace

std::mt19937_64 story_generator(std::uint64_t seed, std::uint64_t stream) {
  std::seed_seq seeds{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                      static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)};
  return std::mt19937_64(seeds);
}

double learning_rate_at(const TrainOptions& o, std::size_t step) {
  const auto t = static_cast<double>(step), warmup = static_cast<double>(o.warmup_steps);
  if (t < warmup) return o.learning_rate * t / warmup;
  const double done = (t - warmup) / std::max(1.0, static_cast<double>(o.steps) - warmup);
  const double stage = o.flavour == Flavour::kTernary && 2 * step > o.steps ? 2.0 / 3.0 : 1.0;
  return stage * o.learning_rate * 0.5 * (1 + std::cos(std::numbers::pi * std::min(done, 1.0)));
}

std::string story_corpus(const Grammar& grammar, std::uint64_t seed, std::size_t stories) {
  std::mt19937_64 rng = story_generator(seed, 0);
  std::string text;
  for (std::size_t i = 0; i < stories; ++i) text += grammar.sample(rng).text + "\n";
  return text;
}

Batch story_batch(const Grammar& grammar, const Tokenizer& tokenizer, std::uint64_t seed,
                  std::uint64_t step, std::size_t stories, std::size_t* bytes) {
  std::mt19937_64 rng = story_generator(seed, step);
  Batch batch;
  for (std::size_t i = 0; i < stories; ++i) {
    const std::string text = grammar.sample(rng).text;
    std::vector<TokenId> ids = {tokenizer.data().bos.value()};
    const auto body = tokenizer.encode(text, false);
    ids.insert(ids.end(), body.begin(), body.end());
    ids.push_back(tokenizer.data().eos.value());
    batch.append(ids);
    if (bytes != nullptr) *bytes += text.size();
  }
  return batch;
}

MasterWeights train(const Config& config, const Grammar& grammar, const Tokenizer& tokenizer,
                    const TrainOptions& options,
                    const std::function<bool(const StepReport&)>& report) {
  check(config, "training configuration");
  const ParameterLayout layout(config);
  const std::string identity = fmt::format(
      "{} {} {} {} {} {} {} {} {} | {} {} {} {} {} {} {} {}", config.vocab, config.context,
      config.dim, config.layers, config.heads, config.kv_heads, config.head_dim, config.ffn,
      static_cast<int>(config.activation), static_cast<int>(options.flavour), options.seed,
      options.steps, options.stories_per_step, options.learning_rate, options.warmup_steps,
      options.weight_decay, options.threads);

  TrainState state;
  if (options.snapshot.empty() || !read_snapshot(options.snapshot, identity, layout.size, state)) {
    state.parameters = initial_parameters(layout, options.seed);
    state.first.assign(layout.size, 0.0f);
    state.second.assign(layout.size, 0.0f);
  }

  std::vector<Worker> workers;
  for (unsigned i = 0; i < std::max(1u, options.threads); ++i)
    workers.emplace_back(config, options.flavour);
  std::vector<float> effective;
  while (state.step < options.steps) {
    const std::size_t step = ++state.step;
    std::size_t bytes = 0;
    const Batch batch =
        story_batch(grammar, tokenizer, options.seed, step, options.stories_per_step, &bytes);
    for (std::size_t i = 0; i < batch.sequences(); ++i)
      if (const std::size_t l = batch.starts[i + 1] - batch.starts[i]; l > config.context)
        throw std::runtime_error(fmt::format(
            "a story of {} tokens exceeds the context of {}: raise --context", l, config.context));
    effective_parameters(layout, options.flavour, state.parameters, effective);
    const double loss = gradients_of(workers, effective, batch);
    const double norm = norm_of(workers[0].gradients);
    if (!std::isfinite(loss) || !std::isfinite(norm))
      throw std::runtime_error(
          fmt::format("step {}: the loss is not finite: lower --learning-rate", step));
    adamw(options, layout, step, std::min(1.0, options.clip_norm / norm), workers[0].gradients,
          state);

    const auto tokens = static_cast<double>(batch.tokens());
    const bool go_on =
        report({step, loss / tokens, loss / std::numbers::ln2 / static_cast<double>(bytes),
                learning_rate_at(options, step), norm, batch.tokens()});
    const bool due = step % std::max<std::size_t>(1, options.snapshot_every) == 0;
    if (!options.snapshot.empty() && (due || !go_on || step == options.steps))
      write_snapshot(options.snapshot, identity, state);
    if (!go_on) break;
  }
  return to_master_weights(config, layout, state.parameters);
}

}  // namespace tern::models
