// SPDX-License-Identifier: Apache-2.0

#include "experiments/level.h"

#include <fmt/format.h>

#include <stdexcept>

namespace tern::experiments {
namespace {

using nlohmann::json;

json activity_to_json(const energy::Activity& activity) {
  json list = json::array();
  for (const auto& [event, count] : activity.counts)
    list.push_back({static_cast<unsigned>(event.scope), event.component, event.name, event.bits,
                    event.bytes, count});
  return list;
}

energy::Activity activity_from_json(const json& list) {
  energy::Activity activity;
  for (const json& item : list) {
    const auto scope = item.at(0).get<unsigned>();
    if (scope > static_cast<unsigned>(energy::Scope::kSystem))
      throw std::runtime_error(fmt::format("unknown scope {}", scope));
    activity.add({static_cast<energy::Scope>(scope), item.at(1).get<std::string>(),
                  item.at(2).get<std::string>(), item.at(3).get<unsigned>(),
                  item.at(4).get<std::uint64_t>()},
                 item.at(5).get<std::uint64_t>());
  }
  return activity;
}

json phase_to_json(const PhaseCost& phase) {
  json parts = json::object();
  for (const Part part : kAllParts)
    parts[std::string(part_name(part))] = {
        {"cycles", phase.part(part).cycles},
        {"activity", activity_to_json(phase.part(part).activity)}};
  return {{"tokens", phase.tokens}, {"parts", parts}};
}

PhaseCost phase_from_json(const json& object) {
  PhaseCost phase;
  phase.tokens = object.at("tokens").get<std::uint64_t>();
  for (const Part part : kAllParts) {
    const json& item = object.at("parts").at(std::string(part_name(part)));
    phase.part(part) = {item.at("cycles").get<std::uint64_t>(),
                        activity_from_json(item.at("activity"))};
  }
  return phase;
}

json timings_to_json(const std::vector<Timing>& timings) {
  json list = json::array();
  for (const Timing& timing : timings) {
    json item = {{"prefill_s", timing.prefill_s}, {"decode_s", timing.decode_s}};
    if (timing.prefill_j) item["prefill_package_j"] = *timing.prefill_j;
    if (timing.decode_j) item["decode_package_j"] = *timing.decode_j;
    list.push_back(item);
  }
  return list;
}

std::vector<Timing> timings_from_json(const json& list) {
  std::vector<Timing> timings;
  for (const json& item : list) {
    Timing timing{item.at("prefill_s").get<double>(), item.at("decode_s").get<double>(), {}, {}};
    if (item.contains("prefill_package_j"))
      timing.prefill_j = item["prefill_package_j"].get<double>();
    if (item.contains("decode_package_j")) timing.decode_j = item["decode_package_j"].get<double>();
    timings.push_back(timing);
  }
  return timings;
}

json footprint_to_json(const Footprint& f) {
  return {{"linear_weights", f.linear_weights},
          {"linear_bytes", f.linear_bytes},
          {"weights", f.weights},
          {"weight_bytes", f.weight_bytes},
          {"file_bytes", f.file_bytes},
          {"kv_bytes_per_token", f.kv_bytes_per_token},
          {"context", f.context},
          {"layers", f.layers},
          {"attention_dim", f.attention_dim}};
}

Footprint footprint_from_json(const json& f) {
  const auto get = [&](const char* key) { return f.at(key).get<std::uint64_t>(); };
  return {get("linear_weights"), get("linear_bytes"), get("weights"),
          get("weight_bytes"),   get("file_bytes"),   get("kv_bytes_per_token"),
          get("context"),        get("layers"),       get("attention_dim")};
}

}  // namespace

std::string_view part_name(Part part) noexcept {
  constexpr std::string_view kNames[] = {"linear", "head", "vector"};
  return kNames[static_cast<std::size_t>(part)];
}

json to_json(const LevelResult& r) {
  json products = json::array();
  for (const Product& p : r.products)
    products.push_back({p.tensor, p.tokens, p.dot_products, p.macs, p.hash});
  return {{"schema", "tern.level"},
          {"schema_version", 1},
          {"engine", r.engine},
          {"isa", r.isa},
          {"flavour", r.flavour},
          {"model", r.model},
          {"threads", r.threads},
          {"seed", r.seed},
          {"prompt_tokens", r.prompt_tokens},
          {"tokens", r.tokens},
          {"text", r.text},
          {"footprint", footprint_to_json(r.footprint)},
          {"products", products},
          {"job_cycles", r.job_cycles},
          {"prefill", phase_to_json(r.prefill)},
          {"decode", phase_to_json(r.decode)},
          {"timings", timings_to_json(r.timings)},
          {"no_rapl", r.no_rapl},
          {"machine", r.machine}};
}

LevelResult level_from_json(const json& j, const std::string& where) {
  try {
    if (j.at("schema") != "tern.level" || j.at("schema_version") != 1)
      throw std::runtime_error("not a tern.level of schema_version 1");
    LevelResult r;
    r.engine = j.at("engine").get<std::string>();
    r.isa = j.at("isa").get<std::string>();
    r.flavour = j.at("flavour").get<std::string>();
    r.model = j.at("model").get<std::string>();
    r.threads = j.at("threads").get<unsigned>();
    r.seed = j.at("seed").get<std::uint64_t>();
    r.prompt_tokens = j.at("prompt_tokens").get<std::vector<std::uint32_t>>();
    r.tokens = j.at("tokens").get<std::vector<std::uint32_t>>();
    r.text = j.at("text").get<std::string>();
    r.footprint = footprint_from_json(j.at("footprint"));
    for (const json& p : j.at("products"))
      r.products.push_back({p.at(0).get<std::string>(), p.at(1).get<std::uint64_t>(),
                            p.at(2).get<std::uint64_t>(), p.at(3).get<std::uint64_t>(),
                            p.at(4).get<std::uint64_t>()});
    r.job_cycles = j.at("job_cycles").get<std::vector<std::uint64_t>>();
    r.prefill = phase_from_json(j.at("prefill"));
    r.decode = phase_from_json(j.at("decode"));
    r.timings = timings_from_json(j.at("timings"));
    r.no_rapl = j.at("no_rapl").get<std::string>();
    r.machine = j.at("machine");
    return r;
  } catch (const std::exception& error) {
    throw std::runtime_error(where + ": " + error.what());
  }
}

}  // namespace tern::experiments
