// SPDX-License-Identifier: Apache-2.0
//
// State space: every table of the report for tiny made-up results, checked against figures
// computed by hand; the sums of components; ratios in favour of either side.
// Parameters: tiny_levels(), tiny_timed(); tables n7 and cmos45 with hbm2 (prices written out).

#include "experiments/metrics.h"

#include <catch2/catch.hpp>
#include <map>

#include "tests/experiments/tiny_levels.h"

namespace tern::experiments {
namespace {

using nlohmann::ordered_json;

Pricing tiny_pricing() {
  return {{energy::find_technology("n7"), energy::find_technology("cmos45")},
          energy::find_dram("hbm2")};
}

// The one record with these fields.
ordered_json only(const Records& records, const ordered_json& wanted) {
  ordered_json found;
  int n = 0;
  for (const ordered_json& record : records) {
    bool same = true;
    for (const auto& [key, value] : wanted.items()) same = same && record.at(key) == value;
    if (same) found = record, ++n;
  }
  INFO(wanted.dump());
  REQUIRE(n == 1);
  return found;
}

TEST_CASE("median and quartiles lie between order statistics", "[experiments]") {
  CHECK(spread({5}).q1 == 5);
  CHECK(spread({3, 1}).median == 2);
  const Spread s = spread({4, 1, 3, 2, 5});
  CHECK(s.q1 == 2);
  CHECK(s.median == 3);
  CHECK(s.q3 == 4);
  CHECK(spread({0, 1, 2, 3}).q1 == 0.75);
}

TEST_CASE("bits per weight are bytes over weights", "[experiments]") {
  const Records records = footprint_records(tiny_levels());
  CHECK(records.size() == 2);
  CHECK(only(records, {{"flavour", "ternary"}})["linear_bits_per_weight"] == 2.0);
  CHECK(only(records, {{"flavour", "fp16"}})["bits_per_weight"] == 16.0);
  CHECK(only(records, {{"flavour", "fp16"}})["kv_cache_bytes_at_context"] == 16 * 64);
}

TEST_CASE("CPU speed is the median over all repetitions of all rounds", "[experiments]") {
  const Records records = cpu_speed_records(tiny_timed());
  CHECK(records.size() == 8);  // flavours x ISAs x phases
  const ordered_json fp16 =
      only(records, {{"flavour", "fp16"}, {"isa", "avx2"}, {"phase", "prefill"}});
  // 2 tokens in 1, 3, 2 and 4 seconds: 2, 2/3, 1 and 1/2 tokens/s.
  CHECK(fp16["repetitions"] == 4);
  CHECK(fp16["tokens_per_s"].get<double>() == Approx((1 + 2.0 / 3) / 2));
  CHECK(fp16["evidence"] == "measured");
  const ordered_json decode =
      only(records, {{"flavour", "ternary"}, {"isa", "scalar"}, {"phase", "decode"}});
  CHECK(decode["tokens_per_s"].get<double>() == Approx(4.0));  // 4 tokens in 1 s
}

TEST_CASE("CPU joules are RAPL's where it is and labelled assumed where it is not",
          "[experiments]") {
  std::vector<LevelResult> timed = tiny_timed();
  for (const ordered_json& record : cpu_energy_records(timed)) {
    CHECK(record["evidence"] == "assumed");
    CHECK(record["method"].get<std::string>().find("no RAPL in a test") != std::string::npos);
  }
  // ternary decode: 0.25 s per token on 1 thread at 4.4 W.
  CHECK(only(cpu_energy_records(timed),
             {{"flavour", "ternary"}, {"isa", "avx2"}, {"phase", "decode"}})["energy_j_per_token"]
            .get<double>() == Approx(1.1));
  for (LevelResult& r : timed)
    for (Timing& t : r.timings) t.prefill_j = 10, t.decode_j = 20;
  const ordered_json measured =
      only(cpu_energy_records(timed), {{"flavour", "fp16"}, {"isa", "avx2"}, {"phase", "decode"}});
  CHECK(measured["evidence"] == "measured");
  CHECK(measured["energy_j_per_token"].get<double>() == Approx(5.0));  // 20 J, 4 tokens
}

TEST_CASE("accelerator speed is tokens over cycles and clock with and without the rest",
          "[experiments]") {
  const Records records = accelerator_speed_records(tiny_levels());
  CHECK(records.size() == 16);  // levels x flavours x phases x work
  const ordered_json key = {{"flavour", "ternary"}, {"level", "rtl"}, {"phase", "decode"}};
  ordered_json linear = key, whole = key;
  linear["work"] = "linear layers";
  whole["work"] = "whole token";
  CHECK(only(records, linear)["tokens_per_s"].get<double>() == Approx(4 / 1000e-9));
  CHECK(only(records, whole)["tokens_per_s"].get<double>() == Approx(4 / 1500e-9));
  CHECK(only(records, whole)["evidence"] == "simulated");
}

TEST_CASE("joules per token are counts times prices by scope", "[experiments]") {
  const Records records = energy_records(tiny_levels(), tiny_pricing());
  const auto joules = [&](const char* flavour, const char* work, const char* scope) {
    return only(records, {{"flavour", flavour},
                          {"level", "cycle"},
                          {"technology", "n7"},
                          {"phase", "decode"},
                          {"work", work},
                          {"scope", scope}})["energy_j_per_token"]
        .get<double>();
  };
  // 4 tokens; 1000 int32 adds of 0.03 pJ; 10 reads of 7.5 pJ; 40 + 4 DRAM words of 350 pJ.
  CHECK(joules("ternary", "linear layers", "arithmetic") == Approx(30e-12 / 4));
  CHECK(joules("ternary", "linear layers", "core") == Approx(105e-12 / 4));
  CHECK(joules("ternary", "linear layers", "system") == Approx((105 + 14000) * 1e-12 / 4));
  CHECK(joules("ternary", "whole token", "system") == Approx((105 + 15400) * 1e-12 / 4));
  for (const ordered_json& record : records) CHECK(record["assumed_share"] == 0.0);
  // 1000 x (0.34 + 0.38) pJ.
  CHECK(joules("fp16", "linear layers", "arithmetic") == Approx(720e-12 / 4));
}

TEST_CASE("the share of joules that rests on assumed prices is said", "[experiments]") {
  std::vector<LevelResult> levels = {tiny_level("cycle", "avx2", "ternary")};
  // 30 pJ of published additions beside 1000 x 0.0056 pJ of assumed selections.
  levels[0]
      .decode.part(Part::kLinear)
      .activity.add({energy::Scope::kArithmetic, "dot_product", "trit_select", 8, 0}, 1000);
  for (const ordered_json& record : energy_records(levels, tiny_pricing())) {
    if (record["technology"] != "n7" || record["work"] != "linear layers" ||
        record["scope"] != "arithmetic")
      continue;
    const bool decode = record["phase"] == "decode";
    CHECK(record["assumed_share"].get<double>() == Approx(decode ? 5.6 / 35.6 : 0.0));
    CHECK(record["evidence"] == (decode ? "assumed" : "published"));
  }
}

TEST_CASE("components of a phase add up to its system energy", "[experiments]") {
  const std::vector<LevelResult> levels = tiny_levels();
  const Records components = energy_component_records(levels, tiny_pricing());
  std::map<std::string, std::pair<double, double>> sums;  // joules, shares
  for (const ordered_json& c : components) {
    CHECK(c["level"] == "rtl");
    auto& sum = sums[c["flavour"].get<std::string>() + c["technology"].get<std::string>() +
                     c["phase"].get<std::string>()];
    sum.first += c["energy_j_per_token"].get<double>();
    sum.second += c["share"].get<double>();
  }
  int compared = 0;
  for (const ordered_json& e : energy_records(levels, tiny_pricing())) {
    if (e["level"] != "rtl" || e["work"] != "whole token" || e["scope"] != "system") continue;
    const auto& sum = sums[e["flavour"].get<std::string>() + e["technology"].get<std::string>() +
                           e["phase"].get<std::string>()];
    CHECK(sum.first == Approx(e["energy_j_per_token"].get<double>()).epsilon(1e-12));
    CHECK(sum.second == Approx(1.0).epsilon(1e-12));
    ++compared;
  }
  CHECK(compared == 8);
  CHECK(sums.size() == 8);
}

TEST_CASE("every priced line has a source and the lines add up to the phase", "[experiments]") {
  const std::vector<LevelResult> levels = tiny_levels();
  double sum = 0;
  for (const ordered_json& line : energy_line_records(levels, tiny_pricing())) {
    CHECK(!line["source"].get<std::string>().empty());
    if (line["flavour"] == "fp16" && line["level"] == "cycle" && line["technology"] == "n7" &&
        line["phase"] == "prefill")
      sum += line["energy_j"].get<double>();
  }
  // 720 pJ arithmetic, 75 pJ SRAM, 254 DRAM words.
  CHECK(sum == Approx((720 + 75 + 254 * 350.0) * 1e-12));
}

TEST_CASE("a factor above one is in favour of ternary for every metric", "[experiments]") {
  ordered_json report;
  const std::vector<LevelResult> levels = tiny_levels(), timed = tiny_timed();
  report["footprint"] = footprint_records(levels);
  report["cpu_speed"] = cpu_speed_records(timed);
  report["cpu_energy"] = cpu_energy_records(timed);
  report["accelerator_speed"] = accelerator_speed_records(levels);
  report["energy"] = energy_records(levels, tiny_pricing());
  const Records ratios = ratio_records(report);
  for (const ordered_json& r : ratios) {
    INFO(r.dump());
    CHECK(r["ratio"].get<double>() > 1);
    CHECK(r["ratio_low"].get<double>() <= r["ratio"].get<double>());
    CHECK(r["ratio"].get<double>() <= r["ratio_high"].get<double>());
  }
  const ordered_json bytes = only(ratios, {{"metric", "bytes of the linear layers"}});
  CHECK(bytes["ratio"] == 8.0);
  const ordered_json arithmetic = only(ratios, {{"metric", "accelerator joules/token"},
                                                {"level", "rtl"},
                                                {"technology", "n7"},
                                                {"phase", "decode"},
                                                {"work", "linear layers"},
                                                {"scope", "arithmetic"}});
  CHECK(arithmetic["ratio"].get<double>() == Approx(24.0));
  // At the low prices (0.281 + 0.38) / 0.03, at the high ones (0.34 + 0.63) / 0.07.
  CHECK(arithmetic["ratio_low"].get<double>() == Approx(0.97 / 0.07));
  CHECK(arithmetic["ratio_high"].get<double>() == Approx(24.0));
}

TEST_CASE("the formula of the papers is that of the network at hand", "[experiments]") {
  const Records records = paper_formula_records(tiny_levels(), tiny_pricing());
  const ordered_json n7 = only(records, {{"technology", "n7"}});
  // (0.34 + 0.16) / 0.007, the papers' 71.4.
  CHECK(n7["operation_ratio"].get<double>() == Approx(71.43).epsilon(1e-3));
  // 512 x 1000 weights and 2 x 2 x 512 x 512 x 8 products of attention.
  const double linear = 512e3, attention = 2.0 * 2 * 512 * 512 * 8;
  CHECK(n7["fp16_energy_j"].get<double>() == Approx((linear + attention) * 0.5e-12));
  CHECK(n7["ternary_energy_j"].get<double>() == Approx((linear * 0.007 + attention * 0.5) * 1e-12));
}

TEST_CASE("an event that no table prices stops the report", "[experiments]") {
  std::vector<LevelResult> levels = tiny_levels();
  levels[2]
      .decode.part(Part::kVector)
      .activity.add({energy::Scope::kCore, "vector_unit", "warp", 4, 0}, 1);
  CHECK_THROWS_WITH(energy_records(levels, tiny_pricing()),
                    Catch::Contains("vector_unit") && Catch::Contains("warp"));
}

}  // namespace
}  // namespace tern::experiments
