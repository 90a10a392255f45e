// SPDX-License-Identifier: Apache-2.0
//
// The comparison as text: CSV of a list of records, and the table for the terminal.

#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace tern::experiments {

// One line per record under a head line of the first record's keys; "" for no record.
// Fields with a comma, a quote or a line break are quoted (RFC 4180).
std::string to_csv(const nlohmann::ordered_json& records);

std::string to_table(const nlohmann::ordered_json& report);

// 1234567 -> "1.23 M", 0.000012 -> "12.0 u": three digits and a prefix of SI.
std::string si(double value);

}  // namespace tern::experiments
