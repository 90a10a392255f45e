// SPDX-License-Identifier: Apache-2.0
//
// Speed of whole models in the manner of llama-bench: prompts read (pp) and tokens generated (tg),
// each repetition beside what bounds it, measured just before: a plain read of memory for tg, a
// burst of multiply-adds for pp.

#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kernels/isa.h"
#include "kernels/roofline/limits.h"
#include "models/step_counts.h"
#include "models/step_times.h"

namespace tern::experiments {

struct ModelBenchOptions {
  std::vector<std::string> models;
  std::vector<std::size_t> prompts = {512}, generate = {128};  // 0: none
  std::vector<std::size_t> depths = {0};                       // tokens of context before
  std::vector<unsigned> threads;
  std::vector<std::string> layouts, kv;
  std::string isa;
  int repetitions = 5;
  bool warm_up = true;
  std::size_t limit_mb = 512;  // 10^6 bytes that the plain read passes over
  double limit_time_s = 0.05;  // of each limit in a repetition
};

// One of prompt and generate is 0.
struct ModelBenchCase {
  std::size_t prompt = 0, generate = 0, depth = 0;

  std::size_t tokens() const { return prompt + generate; }
  std::string name() const;  // "pp512", "tg128 @ d4096"
};

struct ModelBenchRecord {
  std::string model, path, layout, kv;
  std::size_t model_bytes = 0, parameters = 0;
  std::string architecture;
  unsigned threads = 1;
  kernels::Isa isa{};
  ModelBenchCase test;
  std::vector<double> times_s;  // of the repetitions
  models::StepCounts counts;    // of one of them
  models::StepTimes times;      // of all of them
  // tg: GB/s of what was moved, against the read; pp: GMAC/s of linears and head, against the peak.
  // Medians; the share is that of each repetition's pair.
  double limit = 0, share = 0;
  std::string limit_loop;
  double cpus = 0;  // that the threads had in the limits (kernels::CpuTime)
  // Of the model as it was run: from the beginning of loading to the first token after a prompt of
  // one, and of loading alone; the most memory before the limits were measured.
  double load_s = 0, first_token_s = 0;
  std::size_t peak_bytes = 0;

  double bytes_moved() const;  // in a repetition: weights of linears and head, keys and values
  double macs() const;         // likewise: linears and head
  double median_s() const;
  double rate_mean() const;       // tokens per second
  double rate_deviation() const;  // of a sample; 0 for one repetition
  double rate_median() const;
  double achieved() const;  // GB/s or GMAC/s, as limit
};

// What the options ask for, per model and setting. Throws std::runtime_error naming the option.
std::vector<ModelBenchCase> plan_model_bench(const ModelBenchOptions& o);

// Runs all and calls `done` after each; `say` gets a line when something long begins. Ends early,
// and returns false, when `stop` says so, which is asked some times in each layer of a pass. Throws
// std::runtime_error naming file or option; where the headers of any file are unsound, before the
// first is measured.
bool run_model_bench(const ModelBenchOptions& o, const std::function<bool()>& stop,
                     const std::function<void(const std::string&)>& say,
                     const std::function<void(const ModelBenchRecord&)>& done);

// A table in markdown, line by line.
std::string model_bench_head();
std::string model_bench_row(const ModelBenchRecord& r);

// How much of the head its screen (models/screened_head.h) left to look at: a line, or nothing.
std::string model_bench_screen(const ModelBenchRecord& r);

// Where the time of a pass goes, by part: a table, line by line.
std::string model_bench_profile_head();
std::string model_bench_profile_row(const ModelBenchRecord& r);

nlohmann::ordered_json to_json(const ModelBenchRecord& r);
// Schema tern.bench_model.
nlohmann::ordered_json model_bench_to_json(const ModelBenchOptions& o,
                                           const std::vector<ModelBenchRecord>& records);

}  // namespace tern::experiments
