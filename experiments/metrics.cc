// SPDX-License-Identifier: Apache-2.0

#include "experiments/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "kernels/check.h"

namespace tern::experiments {
namespace {

using nlohmann::ordered_json;

double per(double value, std::uint64_t n) { return value / static_cast<double>(n); }

}  // namespace

Spread spread(std::vector<double> values) {
  TERN_CHECK(!values.empty(), "spread of nothing");
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const double position = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(position);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (position - std::floor(position)) * (values[above] - values[below]);
  };
  return {at(0.25), at(0.5), at(0.75)};
}

std::string_view energy_level(Results observed) {
  std::string_view level;
  for (const LevelResult& r : observed)
    if (r.engine == "rtl" || (r.engine == "cycle" && level.empty())) level = r.engine;
  return level;
}

Records footprint_records(Results observed) {
  Records records = Records::array();
  for (const char* flavour : {"ternary", "fp16"})
    for (const LevelResult& r : observed) {
      if (r.flavour != flavour) continue;
      const Footprint& f = r.footprint;
      records.push_back(
          {{"flavour", r.flavour},
           {"linear_weights", f.linear_weights},
           {"linear_bytes", f.linear_bytes},
           {"linear_bits_per_weight",
            per(8.0 * static_cast<double>(f.linear_bytes), f.linear_weights)},
           {"weights", f.weights},
           {"weight_bytes", f.weight_bytes},
           {"bits_per_weight", per(8.0 * static_cast<double>(f.weight_bytes), f.weights)},
           {"file_bytes", f.file_bytes},
           {"kv_cache_bytes_per_token", f.kv_bytes_per_token},
           {"context_tokens", f.context},
           {"kv_cache_bytes_at_context", f.kv_bytes_per_token * f.context},
           {"evidence", "measured"}});
      break;
    }
  return records;
}

Records cpu_speed_records(Results timed) {
  Records records = Records::array();
  // Repetitions of one flavour and ISA may come from several interleaved runs.
  std::map<std::pair<std::string, std::string>, std::vector<const LevelResult*>> groups;
  std::vector<std::pair<std::string, std::string>> order;
  for (const LevelResult& r : timed) {
    auto& group = groups[{r.isa, r.flavour}];
    if (group.empty()) order.push_back({r.isa, r.flavour});
    group.push_back(&r);
  }
  for (const auto& key : order)
    for (const bool prefill : {true, false}) {
      const LevelResult& first = *groups[key].front();
      const std::uint64_t tokens = prefill ? first.prefill.tokens : first.decode.tokens;
      std::vector<double> rates;
      for (const LevelResult* r : groups[key])
        for (const Timing& t : r->timings)
          rates.push_back(static_cast<double>(tokens) / (prefill ? t.prefill_s : t.decode_s));
      if (rates.empty() || tokens == 0) continue;
      const Spread s = spread(rates);
      records.push_back({{"flavour", key.second},
                         {"isa", key.first},
                         {"threads", first.threads},
                         {"phase", prefill ? "prefill" : "decode"},
                         {"tokens", tokens},
                         {"repetitions", rates.size()},
                         {"tokens_per_s", s.median},
                         {"tokens_per_s_q1", s.q1},
                         {"tokens_per_s_q3", s.q3},
                         {"evidence", "measured"}});
    }
  return records;
}

Records accelerator_speed_records(Results observed) {
  Records records = Records::array();
  for (const LevelResult& r : observed) {
    if (r.engine == "cpu") continue;
    const double hz = r.machine.at("clock_ghz").get<double>() * 1e9;
    for (const bool prefill : {true, false}) {
      const PhaseCost& phase = prefill ? r.prefill : r.decode;
      if (phase.tokens == 0) continue;
      for (const bool whole : {false, true}) {
        std::uint64_t cycles = 0;
        for (const Part part : kAllParts)
          if (whole || part == Part::kLinear) cycles += phase.part(part).cycles;
        const double seconds = static_cast<double>(cycles) / hz;
        records.push_back({{"flavour", r.flavour},
                           {"level", r.engine},
                           {"phase", prefill ? "prefill" : "decode"},
                           {"work", whole ? "whole token" : "linear layers"},
                           {"tokens", phase.tokens},
                           {"cycles", cycles},
                           {"clock_ghz", hz * 1e-9},
                           {"time_s_per_token", per(seconds, phase.tokens)},
                           {"tokens_per_s", static_cast<double>(phase.tokens) / seconds},
                           {"evidence", "simulated"}});
      }
    }
  }
  return records;
}

}  // namespace tern::experiments
