// SPDX-License-Identifier: Apache-2.0
//
// The state of a training run in a file, so that a killed run goes on where it was.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tern::models {

struct TrainState {
  std::size_t step = 0;
  std::vector<float> parameters, first, second;  // master weights and Adam's two moments
};

// Writes whole or not at all. `identity` describes the run. Throws std::runtime_error.
void write_snapshot(const std::string& path, const std::string& identity, const TrainState& state);

// False when there is no such file. Throws std::runtime_error for a damaged file or another run's.
bool read_snapshot(const std::string& path, const std::string& identity, std::size_t size,
                   TrainState& state);

}  // namespace tern::models
