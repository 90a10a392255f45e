// SPDX-License-Identifier: Apache-2.0
//
// How fast weights are repacked at load.

#pragma once

#include <cstddef>
#include <string>

namespace tern::experiments {

struct RepackOptions {
  std::size_t weights = 2'000'000'000;  // rounded up to whole matrices
  unsigned threads = 1;
  unsigned repetitions = 5;
  std::string json;  // "": none
};

// Prints a table, a row per file format and compute layout, and writes it where asked to.
void bench_repack(const RepackOptions& o);

}  // namespace tern::experiments
