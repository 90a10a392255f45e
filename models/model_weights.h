// SPDX-License-Identifier: Apache-2.0
//
// From a file's tensors to a model's matrices, whatever the kind of file: readers place matrices
// whose bytes nobody has looked at, then all bytes are looked at by all threads.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "kernels/formats/dense_formats.h"
#include "models/model.h"

namespace tern::models {

// Runs every task, in any order, on as many threads as the machine has but at most 16, and one
// alone where there are few `bytes` to look at in all. Throws what the first of the tasks in the
// list threw.
void run_all(const std::vector<std::function<void()>>& tasks, std::size_t bytes);

// What error messages call a matrix: file and tensor.
using Label = std::function<std::string(const std::string& name)>;

// Finds every weight sound, or throws std::runtime_error for the first one in the model's order
// that is not. Ternary matrices come with all their bytes and a format that is not null: where a
// scale lies in the bytes it becomes gamma, and I2_S of x86 becomes t2 (models/linear.h).
void check_weights(Model& model, const Label& label);

// Dense linears become ternary, by absmean per tensor, in memory of the model; the pages of a
// mapping that they came from are given back. Throws std::runtime_error that names the tensor.
void ternarize_linears(Model& model, const Label& label);

// n values as floats. Throws std::runtime_error where one is not finite.
std::vector<float> read_floats(const kernels::DenseFormat& format, const std::uint8_t* data,
                               std::size_t n, const std::string& label);

// As messages show a shape: "[2560, 128256]".
std::string shape_text(std::span<const std::uint64_t> shape);

}  // namespace tern::models
