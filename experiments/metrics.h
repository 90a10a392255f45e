// SPDX-License-Identifier: Apache-2.0
//
// From the runs of all levels to the figures of the report. Each figure is one flat record with
// its units in the field names and its evidence beside it; a list of records is one table of the
// JSON, one CSV file and one table of the report.

#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <vector>

#include "energy/technology.h"
#include "experiments/level.h"

namespace tern::experiments {

struct Pricing {
  std::vector<energy::Technology> technologies;
  energy::Technology dram;
};

// "observed": one result per level and flavour. "timed": CPU results with repetitions.
// Every function takes both flavours and skips what is not there.
using Results = std::span<const LevelResult>;
using Records = nlohmann::ordered_json;  // an array of flat objects

Records footprint_records(Results observed);
Records cpu_speed_records(Results timed);
Records cpu_energy_records(Results timed);
Records accelerator_speed_records(Results observed);

// Joules per token by level, technology, phase, work and scope (cumulative).
Records energy_records(Results observed, const Pricing& pricing);
// The same of one level, by component; the components of a phase add up to its system energy.
Records energy_component_records(Results observed, const Pricing& pricing);
// Every event that was priced, with count, price and source.
Records energy_line_records(Results observed, const Pricing& pricing);
// What the formula of the BitNet papers says about this network.
Records paper_formula_records(Results observed, const Pricing& pricing);

// FP16 against ternary for the figures above; a ratio above 1 is in favour of ternary.
Records ratio_records(const nlohmann::ordered_json& report);

// Median and quartiles (linear between order statistics). values must not be empty.
struct Spread {
  double q1, median, q3;
};
Spread spread(std::vector<double> values);

// The level whose counts the components are taken from: the last simulated one ("rtl" over
// "cycle"), or "" where there is none.
std::string_view energy_level(Results observed);

}  // namespace tern::experiments
