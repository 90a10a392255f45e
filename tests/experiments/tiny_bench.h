// SPDX-License-Identifier: Apache-2.0
//
// The least of what tern bench kernels measures, for tests.

#pragma once

#include "experiments/bench_kernels.h"

namespace tern::experiments {

inline BenchOptions tiny() {
  BenchOptions o;
  o.threads = {1};
  o.tokens = {1};
  o.shapes = "48x128";
  o.cold_mb = 1;
  o.min_time_s = 1e-5;
  o.repetitions = 2;
  return o;
}

}  // namespace tern::experiments
