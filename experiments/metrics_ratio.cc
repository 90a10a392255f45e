// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <string>

#include "experiments/metrics.h"

namespace tern::experiments {
namespace {

using nlohmann::ordered_json;

// Which records of which table are held side by side, and by which figure.
struct Compared {
  const char* table;
  const char* figure;
  const char* metric;  // for people
  bool less_is_better;
};
constexpr std::array kCompared = {
    Compared{"footprint", "linear_bytes", "bytes of the linear layers", true},
    Compared{"footprint", "weight_bytes", "bytes of all weights", true},
    Compared{"cpu_speed", "tokens_per_s", "CPU tokens/s", false},
    Compared{"cpu_energy", "energy_j_per_token", "CPU joules/token", true},
    Compared{"accelerator_speed", "tokens_per_s", "accelerator tokens/s", false},
    Compared{"energy", "energy_j_per_token", "accelerator joules/token", true},
};
constexpr std::array kKeys = {"isa", "level", "technology", "dram", "phase", "work", "scope"};

bool same_case(const ordered_json& a, const ordered_json& b) {
  return std::all_of(kKeys.begin(), kKeys.end(),
                     [&](const char* key) { return a.value(key, "") == b.value(key, ""); });
}

// The ratio of `figure` between two records, as a factor in favour of ternary.
double factor(const Compared& c, const ordered_json& ternary, const ordered_json& fp16,
              const std::string& suffix) {
  const std::string figure = c.figure + suffix;
  const double t = ternary.at(figure).get<double>(), f = fp16.at(figure).get<double>();
  return c.less_is_better ? f / t : t / f;
}

std::string weaker(const std::string& a, const std::string& b) {
  constexpr std::array kOrder = {"measured",  "simulated", "characterised",
                                 "published", "secondary", "assumed"};
  const auto rank = [&](const std::string& name) {
    return std::find(kOrder.begin(), kOrder.end(), name) - kOrder.begin();
  };
  return rank(a) < rank(b) ? b : a;
}

}  // namespace

Records ratio_records(const ordered_json& report) {
  Records records = Records::array();
  for (const Compared& c : kCompared) {
    const ordered_json& table = report.at(c.table);
    for (const ordered_json& ternary : table) {
      if (ternary["flavour"] != "ternary") continue;
      const auto fp16 = std::find_if(table.begin(), table.end(), [&](const ordered_json& other) {
        return other["flavour"] == "fp16" && same_case(ternary, other);
      });
      if (fp16 == table.end()) continue;
      ordered_json record = {{"metric", c.metric}};
      for (const char* key : kKeys) record[key] = ternary.value(key, "");
      record["fp16"] = fp16->at(c.figure);
      record["ternary"] = ternary.at(c.figure);
      record["ratio"] = factor(c, ternary, *fp16, "");
      double low = record["ratio"].get<double>(), high = low;
      // Both sides at the low and at the high end: what one set of prices would give.
      if (ternary.contains(std::string(c.figure) + "_low"))
        for (const char* end : {"_low", "_high"}) {
          const double at_end = factor(c, ternary, *fp16, end);
          low = std::min(low, at_end);
          high = std::max(high, at_end);
        }
      // Of repeated measurements: the quartiles that favour either side most.
      if (const std::string q1 = std::string(c.figure) + "_q1", q3 = std::string(c.figure) + "_q3";
          ternary.contains(q1)) {
        low = ternary.at(q1).get<double>() / fp16->at(q3).get<double>();
        high = ternary.at(q3).get<double>() / fp16->at(q1).get<double>();
      }
      record["ratio_low"] = low;
      record["ratio_high"] = high;
      record["assumed_share"] =
          std::max(ternary.value("assumed_share", 0.0), fp16->value("assumed_share", 0.0));
      record["evidence"] = weaker(ternary["evidence"], (*fp16)["evidence"]);
      records.push_back(record);
    }
  }
  return records;
}

}  // namespace tern::experiments
