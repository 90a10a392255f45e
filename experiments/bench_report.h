// SPDX-License-Identifier: Apache-2.0
//
// The figures of `tern bench kernels` as table, CSV and JSON (schema tern.bench_kernels).

#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "experiments/bench_kernels.h"

namespace tern::experiments {

// Lines of an aligned table; `name_width` is that of the longest kernel name.
std::string bench_table_head(std::size_t name_width);
std::string bench_table_row(const BenchRecord& r, std::size_t name_width);

nlohmann::ordered_json bench_to_json(const BenchOptions& o, std::span<const BenchRecord> records);
std::string bench_to_csv(std::span<const BenchRecord> records);

}  // namespace tern::experiments
