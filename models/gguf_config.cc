// SPDX-License-Identifier: Apache-2.0

#include "models/gguf_config.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>

#include "models/architecture.h"
#include "models/rope_scaling.h"

namespace tern::models {
namespace {

// Keys "<architecture>.<name>".
class Keys {
 public:
  Keys(const Gguf& file, std::string prefix) : file_(file), prefix_(std::move(prefix)) {}

  bool has(const std::string& name) const { return file_.find(prefix_ + name) != nullptr; }
  std::size_t size(const std::string& name) const {
    return static_cast<std::size_t>(file_.number(prefix_ + name));
  }
  std::size_t size(const std::string& name, std::size_t otherwise) const {
    return has(name) ? size(name) : otherwise;
  }
  float real(const std::string& name) const {
    return static_cast<float>(file_.real(prefix_ + name));
  }
  // A number of any type; nothing where the key is missing.
  std::optional<double> any_number(const std::string& name) const {
    const GgufValue* value = file_.find(prefix_ + name);
    if (value == nullptr) return std::nullopt;
    return value->type == GgufType::kF32 || value->type == GgufType::kF64
               ? file_.real(prefix_ + name)
               : static_cast<double>(file_.number(prefix_ + name));
  }
  bool boolean(const std::string& name, bool otherwise) const {
    return has(name) ? file_.boolean(prefix_ + name) : otherwise;
  }
  void must_equal(const std::string& name, std::size_t expected) const {
    if (has(name) && size(name) != expected)
      file_.fail(prefix_ + name,
                 "is " + std::to_string(size(name)) + ", expected " + std::to_string(expected));
  }
  [[noreturn]] void fail(const std::string& name, const std::string& what) const {
    file_.fail(prefix_ + name, what);
  }

 private:
  const Gguf& file_;
  std::string prefix_;
};

// Keys of llama.cpp's that change what is computed, with the values that change nothing (0 means,
// as there, that the key is not used). Architectures of ours do without them.
struct Neutral {
  const char* name;
  double value;
};
constexpr Neutral kNeutral[] = {
    {"attn_logit_softcapping", 0},   {"final_logit_softcapping", 0},  {"logit_scale", 1},
    {"residual_scale", 1},           {"embedding_scale", 1},          {"attention.clamp_kqv", 0},
    {"attention.max_alibi_bias", 0}, {"rope.scaling.attn_factor", 1}, {"expert_count", 0},
};

std::string text_of(double value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

void refuse_what_changes_results(const Keys& keys, const Config& c) {
  const auto refuse_unless = [&](const char* name, double neutral) {
    const auto found = keys.any_number(name);
    if (found && *found != 0 && std::fabs(*found - neutral) > 1e-5 * neutral)
      keys.fail(name, "is " + text_of(*found) +
                          ", which changes the results and is not supported; expected " +
                          text_of(neutral));
  };
  for (const Neutral& n : kNeutral) refuse_unless(n.name, n.value);
  refuse_unless("attention.scale", 1 / std::sqrt(static_cast<double>(c.head_dim)));
  if (!keys.boolean("attention.causal", true))
    keys.fail("attention.causal", "is false; tokens see only those before them here");
  if (keys.boolean("use_parallel_residual", false))
    keys.fail("use_parallel_residual", "is true, which is not supported");
}

}  // namespace

Config read_gguf_config(const Gguf& file) {
  Config c;
  c.architecture = file.text("general.architecture");
  const Architecture* architecture = find_architecture(c.architecture);
  if (architecture == nullptr) {
    std::string names;
    for (const Architecture& a : architectures())
      names += (names.empty() ? "" : ", ") + std::string(a.name);
    file.fail("general.architecture", "is '" + c.architecture + "', expected one of " + names);
  }
  c.activation = architecture->activation;
  c.pairing = architecture->pairing;
  c.sub_norms = architecture->sub_norms;
  if (file.find("general.name") != nullptr) c.name = file.text("general.name");

  const Keys keys(file, c.architecture + ".");
  c.context = keys.size("context_length");
  c.dim = keys.size("embedding_length");
  c.layers = keys.size("block_count");
  c.ffn = keys.size("feed_forward_length");
  c.heads = keys.size("attention.head_count");
  c.kv_heads = keys.size("attention.head_count_kv", c.heads);
  c.rms_eps = keys.real("attention.layer_norm_rms_epsilon");
  if (keys.has("rope.freq_base")) c.rope_theta = keys.real("rope.freq_base");
  if (c.heads == 0) keys.fail("attention.head_count", "is 0");
  if (!keys.has("attention.key_length") && c.dim % c.heads != 0)
    keys.fail("attention.head_count", "is " + std::to_string(c.heads) +
                                          ", which does not divide embedding_length, " +
                                          std::to_string(c.dim));
  c.head_dim = keys.size("attention.key_length", c.dim / c.heads);
  keys.must_equal("attention.value_length", c.head_dim);
  keys.must_equal("rope.dimension_count", c.head_dim);
  refuse_what_changes_results(keys, c);
  // Nothing is out of a window in a context that is no longer.
  if (const std::size_t window = keys.size("attention.sliding_window", 0); window > 0)
    c.context = std::min(c.context, window);
  c.vocab = file.strings("tokenizer.ggml.tokens").size();
  keys.must_equal("vocab_size", c.vocab);
  c.tied_head = file.find_tensor("output.weight") == nullptr;
  check(c, file.where() + ": " + c.architecture);
  return c;
}

std::vector<float> read_gguf_rope_scaling(const Gguf& file, const Config& config) {
  const Keys keys(file, config.architecture + ".");
  // Files from before the type had a key of its own have the factor of linear scaling here.
  const bool old = keys.has("rope.scale_linear");
  const std::string type = keys.has("rope.scaling.type")
                               ? file.text(config.architecture + ".rope.scaling.type")
                               : (old ? "linear" : "none");
  if (type == "none") return {};
  if (type != "linear")
    keys.fail("rope.scaling.type",
              "is '" + type + "', expected none or linear (or rope_freqs.weight)");
  const std::string name =
      keys.has("rope.scaling.factor") || !old ? "rope.scaling.factor" : "rope.scale_linear";
  const float factor = keys.real(name);
  if (!(factor > 0) || !std::isfinite(factor)) keys.fail(name, "is not above 0");
  return linear_rope_divisors(config, static_cast<double>(factor));
}

}  // namespace tern::models
