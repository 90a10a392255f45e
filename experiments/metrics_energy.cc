// SPDX-License-Identifier: Apache-2.0
//
// The joules of the report: simulated activity priced by the tables of energy/, the papers'
// formula on the same network, and the CPU's package energy.

#include <fmt/format.h>

#include <algorithm>

#include "energy/price.h"
#include "energy/published.h"
#include "experiments/metrics.h"

namespace tern::experiments {
namespace {

constexpr double kJoulesPerPj = 1e-12;

// What a CPU core in use draws, where nothing can be read. From published package figures:
// 2.7 W  i7-13700H, 37 W over 14 cores: joules per token times tokens per second of bitnet.cpp
//        (arXiv 2410.16144, Tables 4 and 6);
// 4.4 W  EPYC 7763, 280 W TDP over 64 cores;
// 6.8 W  Xeon 8380, 270 W TDP over 40 cores.
constexpr energy::Range kWattsPerCore = {2.7, 4.4, 6.8};
constexpr const char* kWattsReason =
    "time x threads x 4.4 W per core (2.7 to 6.8: package power over cores of i7-13700H, EPYC "
    "7763 and Xeon 8380), no RAPL: ";

struct PhaseOf {
  const char* name;
  const PhaseCost& cost;
};

std::array<PhaseOf, 2> phases(const LevelResult& r) {
  return {{{"prefill", r.prefill}, {"decode", r.decode}}};
}

energy::Activity activity_of(const PhaseCost& phase, bool whole) {
  energy::Activity sum;
  for (const Part part : kAllParts)
    if (whole || part == Part::kLinear) sum += phase.part(part).activity;
  return sum;
}

void put_range(nlohmann::ordered_json& record, const energy::Range& joules) {
  record["energy_j_per_token_low"] = joules.low;
  record["energy_j_per_token"] = joules.nominal;
  record["energy_j_per_token_high"] = joules.high;
}

// The weakest evidence of what `within` selects, and the share of its joules that rests on
// assumed prices.
template <typename Within>
void put_evidence(nlohmann::ordered_json& record, const energy::Bill& bill, Within within) {
  energy::Evidence evidence = energy::Evidence::kMeasured;
  double total = 0, assumed = 0;
  for (const energy::BillLine& line : bill.lines) {
    if (!within(line.event)) continue;
    evidence = std::max(evidence, line.price.evidence);
    total += line.pj.nominal;
    if (line.price.evidence == energy::Evidence::kAssumed) assumed += line.pj.nominal;
  }
  record["assumed_share"] = total > 0 ? assumed / total : 0.0;
  record["evidence"] = energy::evidence_name(evidence);
}

}  // namespace

Records energy_records(Results observed, const Pricing& pricing) {
  Records records = Records::array();
  for (const LevelResult& r : observed) {
    if (r.engine == "cpu") continue;
    for (const energy::Technology& technology : pricing.technologies)
      for (const PhaseOf& phase : phases(r)) {
        if (phase.cost.tokens == 0) continue;
        for (const bool whole : {false, true}) {
          const energy::Bill bill =
              energy::price(activity_of(phase.cost, whole), technology, pricing.dram);
          for (const energy::Scope scope : energy::kAllScopes) {
            nlohmann::ordered_json record = {{"flavour", r.flavour},
                                             {"level", r.engine},
                                             {"technology", technology.name()},
                                             {"dram", pricing.dram.name()},
                                             {"phase", phase.name},
                                             {"work", whole ? "whole token" : "linear layers"},
                                             {"scope", energy::scope_name(scope)}};
            put_range(record,
                      bill.total(scope) * (kJoulesPerPj / static_cast<double>(phase.cost.tokens)));
            put_evidence(record, bill,
                         [&](const energy::Event& event) { return event.scope <= scope; });
            records.push_back(record);
          }
        }
      }
  }
  return records;
}

Records energy_component_records(Results observed, const Pricing& pricing) {
  Records records = Records::array();
  for (const LevelResult& r : observed) {
    if (r.engine != energy_level(observed)) continue;
    for (const energy::Technology& technology : pricing.technologies)
      for (const PhaseOf& phase : phases(r)) {
        if (phase.cost.tokens == 0) continue;
        const energy::Bill bill =
            energy::price(activity_of(phase.cost, true), technology, pricing.dram);
        const double total = bill.total().nominal;
        for (const energy::BillItem& item : bill.items) {
          nlohmann::ordered_json record = {{"flavour", r.flavour},
                                           {"level", r.engine},
                                           {"technology", technology.name()},
                                           {"dram", pricing.dram.name()},
                                           {"phase", phase.name},
                                           {"scope", energy::scope_name(item.scope)},
                                           {"component", item.component}};
          put_range(record, item.pj * (kJoulesPerPj / static_cast<double>(phase.cost.tokens)));
          record["share"] = total > 0 ? item.pj.nominal / total : 0.0;
          put_evidence(record, bill, [&](const energy::Event& event) {
            return event.scope == item.scope && event.component == item.component;
          });
          records.push_back(record);
        }
      }
  }
  return records;
}

Records energy_line_records(Results observed, const Pricing& pricing) {
  Records records = Records::array();
  for (const LevelResult& r : observed) {
    if (r.engine == "cpu") continue;
    for (const energy::Technology& technology : pricing.technologies)
      for (const PhaseOf& phase : phases(r))
        for (const Part part : kAllParts) {
          const energy::Bill bill =
              energy::price(phase.cost.part(part).activity, technology, pricing.dram);
          for (const energy::BillLine& line : bill.lines)
            records.push_back({{"flavour", r.flavour},
                               {"level", r.engine},
                               {"technology", technology.name()},
                               {"dram", pricing.dram.name()},
                               {"phase", phase.name},
                               {"part", part_name(part)},
                               {"scope", energy::scope_name(line.event.scope)},
                               {"component", line.event.component},
                               {"event", line.event.name},
                               {"bits", line.event.bits},
                               {"memory_bytes", line.event.bytes},
                               {"count", line.count},
                               {"price_pj_low", line.price.pj.low},
                               {"price_pj", line.price.pj.nominal},
                               {"price_pj_high", line.price.pj.high},
                               {"energy_j", line.pj.nominal * kJoulesPerPj},
                               {"evidence", energy::evidence_name(line.price.evidence)},
                               {"source", line.price.source},
                               {"note", line.price.note}});
        }
  }
  return records;
}

Records paper_formula_records(Results observed, const Pricing& pricing) {
  constexpr std::uint64_t kTokens = 512;  // as in the papers
  Records records = Records::array();
  if (observed.empty()) return records;
  const Footprint& f = observed.front().footprint;
  const energy::NetworkShape shape = {f.layers, f.attention_dim, f.linear_weights};
  for (const energy::Technology& technology : pricing.technologies) {
    const double fp16 =
        energy::paper_energy(shape, kTokens, energy::PaperFormat::kFp16, technology).total_j();
    const double ternary =
        energy::paper_energy(shape, kTokens, energy::PaperFormat::kBitNet, technology).total_j();
    // The "71.4x" of arXiv 2402.17764: a multiply and an add in FP16 against an int8 add.
    const auto pj = [&](const char* event, unsigned bits) {
      return technology.price(event, bits).pj.nominal;
    };
    const double operation = (pj("fp_mul", 16) + pj("fp_add", 16)) / pj("int_add", 8);
    records.push_back({{"technology", technology.name()},
                       {"tokens", kTokens},
                       {"fp16_energy_j", fp16},
                       {"ternary_energy_j", ternary},
                       {"ratio", fp16 / ternary},
                       {"operation_ratio", operation},
                       {"scope", "arithmetic of one pass; no head, no memory"},
                       {"evidence", "published"}});
  }
  return records;
}

Records cpu_energy_records(Results timed) {
  Records records = Records::array();
  const Records speeds = cpu_speed_records(timed);
  for (const auto& speed : speeds) {
    const bool prefill = speed["phase"] == "prefill";
    std::vector<double> joules;
    std::string no_rapl;
    for (const LevelResult& r : timed) {
      if (r.isa != speed["isa"] || r.flavour != speed["flavour"]) continue;
      no_rapl = r.no_rapl;
      const std::uint64_t tokens = prefill ? r.prefill.tokens : r.decode.tokens;
      for (const Timing& t : r.timings)
        if (const auto& j = prefill ? t.prefill_j : t.decode_j; j)
          joules.push_back(*j / static_cast<double>(tokens));
    }
    nlohmann::ordered_json record = {{"flavour", speed["flavour"]},
                                     {"isa", speed["isa"]},
                                     {"threads", speed["threads"]},
                                     {"phase", speed["phase"]}};
    if (!joules.empty()) {
      const Spread s = spread(joules);
      put_range(record, {s.q1, s.median, s.q3});
      record["method"] = "RAPL, all packages, quartiles of the repetitions";
      record["evidence"] = "measured";
    } else {
      const double seconds = 1.0 / speed["tokens_per_s"].get<double>();
      put_range(record, kWattsPerCore * (seconds * speed["threads"].get<double>()));
      record["method"] = kWattsReason + no_rapl;
      record["evidence"] = "assumed";
    }
    records.push_back(record);
  }
  return records;
}

}  // namespace tern::experiments
