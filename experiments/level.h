// SPDX-License-Identifier: Apache-2.0
//
// What one run of one checkpoint on one engine gave: tokens, every product it computed, times,
// cycles and activity. The unit that `tern compare` collects, one process each.

#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "energy/activity.h"

namespace tern::experiments {

// One linear product: `tokens` activation vectors through one weight matrix.
struct Product {
  std::string tensor;
  std::uint64_t tokens = 0;
  std::uint64_t dot_products = 0;  // tokens * rows
  std::uint64_t macs = 0;          // dot_products * cols
  std::uint64_t hash = 0;          // of all output bits

  bool operator==(const Product&) const = default;
};

// The parts of a forward step that the accelerator's time and energy are split into.
enum class Part : std::uint8_t {
  kLinear,  // the linear layers
  kHead,    // the LM head
  kVector,  // attention over the KV cache, norms, elementwise work
};
inline constexpr std::array kAllParts = {Part::kLinear, Part::kHead, Part::kVector};
std::string_view part_name(Part part) noexcept;  // "linear", "head", "vector"

struct PartCost {
  std::uint64_t cycles = 0;
  energy::Activity activity;
};

struct PhaseCost {
  std::uint64_t tokens = 0;  // that went through the network in this phase
  std::array<PartCost, kAllParts.size()> parts;

  PartCost& part(Part p) { return parts[static_cast<std::size_t>(p)]; }
  const PartCost& part(Part p) const { return parts[static_cast<std::size_t>(p)]; }
};

// Wall-clock time of one repetition, and the joules of the CPU package where RAPL is there.
struct Timing {
  double prefill_s = 0, decode_s = 0;
  std::optional<double> prefill_j, decode_j;
};

// Bytes of one checkpoint, and the shape that the papers' energy formula needs.
struct Footprint {
  std::uint64_t linear_weights = 0, linear_bytes = 0;  // the linear layers alone
  std::uint64_t weights = 0, weight_bytes = 0;         // everything: embedding, head, norms
  std::uint64_t file_bytes = 0;
  std::uint64_t kv_bytes_per_token = 0;
  std::uint64_t context = 0;
  std::uint64_t layers = 0, attention_dim = 0;  // attention_dim = heads * head_dim
};

// The `isa` of a CPU that computes FP16 products as the simulated machine does; "engine" of its
// run.
inline constexpr const char* kFollowing = "as-machine";

struct LevelResult {
  std::string engine;   // "cpu", "cycle", "rtl"
  std::string isa;      // of the CPU kernels
  std::string flavour;  // "ternary", "fp16"
  std::string model;    // general.name of the checkpoint
  unsigned threads = 1;
  std::uint64_t seed = 0;
  std::vector<std::uint32_t> prompt_tokens, tokens;
  std::string text;  // prompt and continuation
  Footprint footprint;
  std::vector<Product> products;
  std::vector<std::uint64_t> job_cycles;  // of each simulated job, in order
  PhaseCost prefill, decode;
  std::vector<Timing> timings;
  std::string no_rapl;     // why timings hold no joules
  nlohmann::json machine;  // of a simulated engine, else null

  std::string label() const { return engine == "cpu" ? "cpu " + isa : engine; }
};

nlohmann::json to_json(const LevelResult& result);

// Throws std::runtime_error with one line that begins with `where`.
LevelResult level_from_json(const nlohmann::json& json, const std::string& where);

}  // namespace tern::experiments
