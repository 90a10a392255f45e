// SPDX-License-Identifier: Apache-2.0
//
// Runs one checkpoint on one engine: the body of a child process of `tern compare`.

#pragma once

#include <string>

#include "experiments/level.h"
#include "models/model.h"

namespace tern::experiments {

struct LevelOptions {
  std::string checkpoint;
  std::string engine = "cpu";  // cpu, cycle, rtl
  std::string machine = "edge";
  std::string prompt;
  unsigned tokens = 16;  // to generate at most: the most probable one each time, to an end of text
  unsigned threads = 1;
  // 0: every product is observed. Else that many timed repetitions after one to warm up, on the
  // CPU, with nothing watching and no regard to an end of text.
  unsigned repetitions = 0;
};

// Throws std::runtime_error of one line.
LevelResult run_level(const LevelOptions& options);

std::string flavour_of(const models::Model& model);  // "ternary" or "fp16", as its linear layers

Footprint footprint_of(const models::Model& model, const std::string& checkpoint);

}  // namespace tern::experiments
