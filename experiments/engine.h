// SPDX-License-Identifier: Apache-2.0
//
// What computes a model, by name, and the options that every command which runs one shares.

#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "kernels/attention/attention.h"
#include "kernels/isa.h"
#include "kernels/thread_pool.h"
#include "models/checkpoint.h"
#include "models/decoder.h"
#include "models/linear.h"
#include "models/model.h"
#include "models/tokenizer.h"
#include "models/transformer.h"

namespace tern::experiments {

struct EngineOptions {
  models::LoadOptions load = {.must_fit = true};
  std::string engine = "cpu";    // "cpu", "reference", "cycle", "rtl"
  unsigned threads = 0;          // 0: one per CPU
  std::string isa;               // kernels::isa_name; empty: TERN_ISA, else the fastest
  std::string layout;            // of ternary weights on the CPU (kernels::ComputeLayout); empty:
                                 // kernels::fastest_layout()
  std::string activations;       // of dense matrices: "f32", "f16"; empty: as the engine has them
  std::string kv = "f16";        // of the cache of keys and values: "f32", "f16", "i8"
  std::string machine = "edge";  // of a simulated engine (sim/accelerator.h)
};

// --i2s-layout alone.
void add_load_options(CLI::App& command, models::LoadOptions& options);
// Adds --i2s-layout, --engine, --threads, --isa, --layout, --kv, --activations and --machine, with
// the defaults that `options` has.
void add_engine_options(CLI::App& command, EngineOptions& options);

// A decoder and all that it borrows, but for the model.
struct Engine {
  std::string name;
  kernels::Isa isa;
  std::string layout;
  std::unique_ptr<kernels::ThreadPool> pool;
  std::unique_ptr<models::LinearEngine> cpu;        // null for "reference"
  std::unique_ptr<models::LinearEngine> simulated;  // null but for "cycle" and "rtl"
  std::unique_ptr<models::Decoder> decoder;
  models::Transformer* transformer = nullptr;  // the decoder, null for "reference"
};

// The tokenizer of the model at `path`. Throws std::runtime_error naming it where it has none, as a
// directory of weights alone.
const models::Tokenizer& tokenizer_of(const models::Model& model, const std::string& path);

// Throws std::runtime_error naming the option. `go_on`: of models::Reference and
// models::Transformer.
Engine make_engine(const EngineOptions& options, const models::Model& model,
                   std::function<bool()> go_on = {});

// Throws std::runtime_error naming --kv.
kernels::KvFormat kv_format_from(const std::string& name);

// --isa, TERN_ISA or the fastest. Throws std::runtime_error naming the option.
kernels::Isa isa_from(const std::string& name);

// 0 where no time has passed.
double tokens_per_s(std::size_t tokens, double seconds);
// "tokens", "time_s", "tokens_per_s".
nlohmann::ordered_json speed_json(std::size_t tokens, double seconds);

nlohmann::ordered_json to_json(const models::StepCounts& counts);
nlohmann::ordered_json to_json(const models::Config& config);

// Of the config's JSON: equal shapes have equal hashes.
std::string config_hash(const models::Config& config);

}  // namespace tern::experiments
