// SPDX-License-Identifier: Apache-2.0
//
// Where measurements of this machine go: files that were named, and the folder of its CPU.

#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>

namespace tern::experiments {

// A folder name for the CPU that /proc/cpuinfo (its text) describes: maker and model as sold, the
// micro-architecture where it is known, family and model: amd-epyc-zen4-family25-model17.
std::string cpu_slug(const std::string& cpuinfo);
std::string cpu_slug();  // of this machine

struct MeasurementFiles {
  std::string json, csv, plot;
  bool save = false;
  std::string root = "measurements";
};

// --json, --csv, --plot and --save.
void add_measurement_files(CLI::App& cmd, MeasurementFiles& files);

// Checks before the work that the files can be written and are not the same, and with --save makes
// the folder and names in it <stem>.json, <stem>.csv and <stem>.png where none was named.
void prepare_files(MeasurementFiles& files, const std::string& stem);

// A line of names and one line for each row: objects of the same fields, null for an empty one,
// lists left out.
std::string csv_of(const nlohmann::ordered_json& rows);

// `csv` without its first line, which says where the figures come from.
void write_files(const MeasurementFiles& files, const nlohmann::ordered_json& json,
                 const std::string& csv);

}  // namespace tern::experiments
