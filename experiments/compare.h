// SPDX-License-Identifier: Apache-2.0
//
// The comparison: which runs there are, and running them.

#pragma once

#include <string>
#include <vector>

#include "experiments/metrics.h"

namespace tern::experiments {

// The prompt begins as the training stories do.
inline constexpr const char* kComparePrompt =
    "Once upon a time, there was a little girl named Lily. She had a";

struct CompareOptions {
  std::string ternary, fp16;  // checkpoints
  std::string prompt = kComparePrompt;
  // Generated at most on every level, for agreement, cycles and energy: a story of the embedded
  // checkpoints ends before.
  unsigned tokens = 128;
  unsigned timed_tokens = 64;            // generated per repetition of the CPU's timing
  unsigned rounds = 3, repetitions = 3;  // of timing: interleaved rounds of repetitions
  unsigned threads = 1;                  // of the CPU
  std::string machine = "edge";
  std::vector<std::string> technologies = {"cmos45", "n7"};
  std::string dram;
  std::string out = "results/compare";
};

// The embedded checkpoints, in the source tree this program was built from.
std::string default_checkpoint(const std::string& flavour);

// Runs everything, says on stderr what it does, and returns the report.
// Throws std::runtime_error of one line when a run fails; a disagreement is in the report.
nlohmann::ordered_json compare(const CompareOptions& options);

}  // namespace tern::experiments
