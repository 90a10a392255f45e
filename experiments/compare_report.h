// SPDX-License-Identifier: Apache-2.0
//
// The comparison as one JSON document (schema "tern.compare"), and as files in a folder.

#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "experiments/metrics.h"

namespace tern::experiments {

// `observed`: the first result of a flavour is the reference of the others of that flavour.
nlohmann::ordered_json build_report(Results observed, Results timed, const Pricing& pricing);

// True when every row of report["agreement"] is.
bool all_agree(const nlohmann::ordered_json& report);

// Writes compare.json, one CSV per table and, with experiments/report.py, report.html and
// report.png into `folder`: everything is made in a temporary folder there and then renamed, so
// each file is whole or as it was. Throws std::runtime_error of one line; where only the Python
// part failed, the JSON and the CSV files are in place.
void write_report(const nlohmann::ordered_json& report, const std::string& folder);

// Creates `folder` and makes sure that files can be made in it. Throws std::runtime_error.
void prepare_folder(const std::string& folder);

}  // namespace tern::experiments
