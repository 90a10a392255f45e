// SPDX-License-Identifier: Apache-2.0

#include "experiments/compare_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace tern::experiments {
namespace {

using nlohmann::ordered_json;

std::string csv_field(const ordered_json& value) {
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

// Where every field of `wanted` is as asked for.
const ordered_json* find(const ordered_json& records, const ordered_json& wanted) {
  for (const ordered_json& record : records) {
    bool same = true;
    for (const auto& [key, value] : wanted.items())
      same = same && record.contains(key) && record[key] == value;
    if (same) return &record;
  }
  return nullptr;
}

class Table {
 public:
  void title(const std::string& text) { text_ += "\n" + text + "\n"; }
  void line(const std::string& text) { text_ += "  " + text + "\n"; }
  void row(const std::string& what, const std::string& ternary, const std::string& fp16,
           const std::string& ratio, const std::string& evidence) {
    text_ +=
        fmt::format("  {:<44} {:>21} {:>21} {:>12}  {}\n", what, ternary, fp16, ratio, evidence);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string figure(const ordered_json& record, const std::string& field, const char* unit) {
  return si(record.at(field).get<double>()) + unit;
}

// 12.3 u (8.1..15 u)
std::string range(const ordered_json& record, const char* field) {
  const std::string name = field;
  const double nominal = record.at(name).get<double>();
  const int group = nominal > 0 ? static_cast<int>(std::floor(std::log10(nominal) / 3)) : 0;
  const double unit = std::pow(1000.0, group);
  const std::string shown = si(nominal);
  const auto end = [&](const char* which) {
    const double value = record.at(name + which).get<double>() / unit;
    return value < 999.5 ? fmt::format("{:.3g}", value) : fmt::format("{:.0f}", value);
  };
  return fmt::format("{}J ({}-{})", shown, end("_low"), end("_high"));
}

// Of the side that rests more on assumptions: "assumed (3.1 %)".
std::string evidence(const ordered_json& a, const ordered_json& b) {
  const auto share = [](const ordered_json& record) { return record.value("assumed_share", 0.0); };
  const ordered_json& weaker = share(b) > share(a) ? b : a;
  const auto name = weaker.at("evidence").get<std::string>();
  return share(weaker) > 0 ? fmt::format("{} ({:.1f} %)", name, 100 * share(weaker)) : name;
}

void pair(Table& table, const ordered_json& records, ordered_json wanted, const std::string& what,
          const char* field, const char* unit, bool less_is_better, bool ranged = false) {
  wanted["flavour"] = "ternary";
  const ordered_json* ternary = find(records, wanted);
  wanted["flavour"] = "fp16";
  const ordered_json* fp16 = find(records, wanted);
  if (ternary == nullptr || fp16 == nullptr) return;
  const double t = ternary->at(field).get<double>(), f = fp16->at(field).get<double>();
  const auto show = [&](const ordered_json& record) {
    return ranged ? range(record, field) : figure(record, field, unit);
  };
  table.row(what, show(*ternary), show(*fp16),
            fmt::format("{:.2f}x", less_is_better ? f / t : t / f), evidence(*ternary, *fp16));
}

void agreement_rows(Table& table, const ordered_json& report) {
  const ordered_json& rows = report.at("agreement");
  std::uint64_t products = 0, dots = 0;
  bool same = !rows.empty();
  for (const ordered_json& a : rows) {
    same = same && a["same"].get<bool>();
    products += a["products"].get<std::uint64_t>();
    dots += a["dot_products"].get<std::uint64_t>();
  }
  table.title(fmt::format(
      "Agreement: {}; {} products with {} dot products held side by side",
      same ? "every level gave the same tokens and the same bits" : "THE LEVELS DISAGREE", products,
      dots));
  for (const ordered_json& a : rows) {
    std::string line = fmt::format("{} {} = {}: {}", a["flavour"].get<std::string>(),
                                   a["level"].get<std::string>(), a["reference"].get<std::string>(),
                                   a["same"].get<bool>() ? "yes" : "NO, ");
    if (a["same"].get<bool>()) {
      line +=
          fmt::format(", {} tokens, {} products, {} dot products", a["tokens"].get<std::uint64_t>(),
                      a["products"].get<std::uint64_t>(), a["dot_products"].get<std::uint64_t>());
      if (a["jobs"].get<std::uint64_t>() != 0)
        line += fmt::format(", cycles of {} jobs", a["jobs"].get<std::uint64_t>());
    } else {
      line += a["difference"].get<std::string>();
    }
    table.line(line);
  }
}

}  // namespace

std::string si(double value) {
  if (value == 0 || !std::isfinite(value)) return fmt::format("{} ", value);
  struct Prefix {
    double unit;
    const char* name;
  };
  constexpr Prefix kPrefixes[] = {{1e12, "T"}, {1e9, "G"},  {1e6, "M"},  {1e3, "k"},
                                  {1, ""},     {1e-3, "m"}, {1e-6, "u"}, {1e-9, "n"}};
  for (const Prefix& prefix : kPrefixes) {
    // 999.6 is 1.00 k, not 1000.
    if (std::abs(value) < 0.9995 * prefix.unit) continue;
    const double scaled = value / prefix.unit;
    const int digits = std::abs(scaled) < 9.995 ? 2 : std::abs(scaled) < 99.95 ? 1 : 0;
    return fmt::format("{:.{}f} {}", scaled, digits, prefix.name);
  }
  return fmt::format("{:.3g} p", value * 1e12);
}

std::string to_csv(const ordered_json& records) {
  if (records.empty()) return "";
  std::string text;
  const ordered_json& head = records.front();
  for (const auto& [key, value] : head.items()) text += (text.empty() ? "" : ",") + key;
  text += "\n";
  for (const ordered_json& record : records) {
    bool first = true;
    for (const auto& [key, value] : head.items()) {
      if (!first) text += ",";
      first = false;
      if (record.contains(key)) text += csv_field(record[key]);
    }
    text += "\n";
  }
  return text;
}

std::string to_table(const ordered_json& report) {
  Table table;
  agreement_rows(table, report);

  table.title("Figures; the factor is in favour of ternary where above 1");
  table.row("", "ternary", "FP16", "factor", "evidence (share of joules at assumed prices)");
  const ordered_json& footprint = report.at("footprint");
  pair(table, footprint, {}, "weights of the linear layers", "linear_bytes", "B", true);
  pair(table, footprint, {}, "bits per weight there", "linear_bits_per_weight", "", true);
  pair(table, footprint, {}, "all weights", "weight_bytes", "B", true);
  pair(table, footprint, {}, "KV cache at full context", "kv_cache_bytes_at_context", "B", true);

  for (const char* phase : {"prefill", "decode"})
    for (const auto& isa : report.at("isas"))
      pair(table, report.at("cpu_speed"), {{"phase", phase}, {"isa", isa}},
           fmt::format("CPU {}, {}", isa.get<std::string>(), phase), "tokens_per_s", "tok/s",
           false);
  for (const char* phase : {"prefill", "decode"})
    pair(table, report.at("cpu_energy"), {{"phase", phase}, {"isa", report.at("isas").back()}},
         fmt::format("CPU {}, {}, per token", report.at("isas").back().get<std::string>(), phase),
         "energy_j_per_token", "J", true, true);

  for (const auto& level : report.at("simulated_levels"))
    for (const char* phase : {"prefill", "decode"})
      for (const char* work : {"linear layers", "whole token"})
        pair(table, report.at("accelerator_speed"),
             {{"level", level}, {"phase", phase}, {"work", work}},
             fmt::format("{}, {}, {}", level.get<std::string>(), phase, work), "tokens_per_s",
             "tok/s", false);

  if (!report.at("simulated_levels").empty())
    for (const auto& technology : report.at("technologies")) {
      const auto name = technology.at("name").get<std::string>();
      table.title(fmt::format("Accelerator joules per token, {} with {}, low-high in brackets",
                              technology.at("title").get<std::string>(),
                              report.at("dram").at("name").get<std::string>()));
      for (const char* phase : {"prefill", "decode"})
        for (const char* work : {"linear layers", "whole token"})
          for (const char* scope : {"arithmetic", "core", "system"})
            pair(table, report.at("energy"),
                 {{"level", report.at("simulated_levels").back()},
                  {"technology", name},
                  {"phase", phase},
                  {"work", work},
                  {"scope", scope}},
                 fmt::format("{}, {}, {}", phase, work, scope), "energy_j_per_token", "J", true,
                 true);
    }
  return table.text();
}

}  // namespace tern::experiments
