// SPDX-License-Identifier: Apache-2.0
//
// Reads a price table, strictly: an unknown key, a missing field or an unsourced price is an
// error of one line.

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <optional>
#include <stdexcept>
#include <tuple>

#include "energy/technology.h"

namespace tern::energy {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& where, const std::string& what) {
  throw std::runtime_error(where + ": " + what);
}

template <typename T>
constexpr const char* kTypeName = "a number";
template <>
constexpr const char* kTypeName<std::string> = "a string";
template <>
constexpr const char* kTypeName<std::int64_t> = "an integer";

template <typename T>
std::optional<T> get(const toml::table& table, const char* key, const std::string& where) {
  const toml::node* node = table.get(key);
  if (node == nullptr) return std::nullopt;
  // value<double> takes an integer too, but neither takes a string or a boolean.
  const std::optional<T> value = node->is_boolean() ? std::nullopt : node->value<T>();
  if (!value) fail(where, std::string("field '") + key + "' must be " + kTypeName<T>);
  return value;
}

template <typename T>
T need(const toml::table& table, const char* key, const std::string& where) {
  const std::optional<T> value = get<T>(table, key, where);
  if (!value) fail(where, std::string("field '") + key + "' is missing");
  return *value;
}

std::string need_text(const toml::table& table, const char* key, const std::string& where) {
  const auto text = need<std::string>(table, key, where);
  if (text.empty()) fail(where, std::string("field '") + key + "' is empty");
  return text;
}

void check_keys(const toml::table& table, std::initializer_list<std::string_view> known,
                const std::string& where) {
  for (const auto& [key, node] : table)
    if (std::find(known.begin(), known.end(), key.str()) == known.end())
      fail(where, "unknown field '" + std::string(key.str()) + "'");
}

Evidence parse_evidence(const std::string& name, const std::string& where) {
  for (const Evidence evidence : {Evidence::kMeasured, Evidence::kCharacterised,
                                  Evidence::kPublished, Evidence::kSecondary, Evidence::kAssumed})
    if (evidence_name(evidence) == name) return evidence;
  fail(where, "field 'evidence' is '" + name +
                  "', expected measured, characterised, published, secondary or assumed");
}

std::uint64_t need_count(const toml::table& table, const char* key, std::int64_t least,
                         std::int64_t most, const std::string& where) {
  const auto value = need<std::int64_t>(table, key, where);
  if (value < least || value > most)
    fail(where, std::string("field '") + key + "' is " + std::to_string(value) + ", expected " +
                    std::to_string(least) + " to " + std::to_string(most));
  return static_cast<std::uint64_t>(value);
}

Range parse_range(const toml::table& table, const std::string& where) {
  const Range pj = {need<double>(table, "low", where), need<double>(table, "pj", where),
                    need<double>(table, "high", where)};
  // Written so that a NaN fails.
  if (!(0 <= pj.low && pj.low <= pj.nominal && pj.nominal <= pj.high && std::isfinite(pj.high)))
    fail(where, "expected 0 <= low <= pj <= high, all finite");
  return pj;
}

Price parse_price(const toml::table& table, const toml::table& sources, const std::string& where) {
  Price price;
  price.pj = parse_range(table, where);
  price.evidence = parse_evidence(need_text(table, "evidence", where), where);
  const std::string source = need_text(table, "source", where);
  const toml::table* entry = sources[source].as_table();
  if (entry == nullptr)
    fail(where, "field 'source' names '" + source + "', but there is no [source." + source + "]");
  price.source = need_text(*entry, "cite", where + ": source '" + source + "'");
  price.note = get<std::string>(table, "note", where).value_or("");
  if (price.evidence == Evidence::kAssumed && price.note.empty())
    fail(where, "field 'note' is missing: an assumption states its reason");
  if (price.pj.low != price.pj.high && price.note.empty())
    fail(where, "field 'note' is missing: a range states where it comes from");
  return price;
}

toml::table parse_toml(const std::string& path) {
  if (!fs::is_regular_file(path)) fail(path, "no such file");
  try {
    return toml::parse_file(path);
  } catch (const toml::parse_error& error) {
    fail(path + ":" + std::to_string(error.source().begin.line), std::string(error.description()));
  }
}

const toml::table& need_table(const toml::table& table, const char* key, const std::string& where) {
  const toml::node* node = table.get(key);
  if (node == nullptr || !node->is_table())
    fail(where, std::string("table [") + key + ".*] is missing");
  return *node->as_table();
}

const toml::array& need_array(const toml::table& table, const char* key, const std::string& where) {
  const toml::node* node = table.get(key);
  if (node == nullptr || !node->is_array() || node->as_array()->empty())
    fail(where, std::string("list '") + key + "' is missing or empty");
  return *node->as_array();
}

const toml::table& item_table(const toml::node& node, const std::string& where) {
  if (!node.is_table()) fail(where, "expected a table");
  return *node.as_table();
}

Technology find(const std::string& name, const char* folder, const char* flag,
                Technology::Kind kind) {
  const bool is_path = name.find('/') != std::string::npos || name.ends_with(".toml");
  const fs::path home = fs::path(TERN_SOURCE_DIR) / "energy" / folder;
  const fs::path path = is_path ? fs::path(name) : home / (name + ".toml");
  if (!is_path && !fs::exists(path)) {
    if (!fs::is_directory(home))
      fail(
          home.string(),
          std::string(
              "no such folder (it is that of the source tree this program was built from); give ") +
              flag + " FILE.toml");
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(home))
      names.push_back(entry.path().stem().string());
    std::sort(names.begin(), names.end());
    std::string known;
    for (const std::string& one : names) known += (known.empty() ? "" : ", ") + one;
    fail(std::string(flag) + " " + name,
         "no such table in " + home.string() + ", which has " + known);
  }
  Technology technology = Technology::load(path.string());
  if (technology.kind() != kind)
    fail(path.string(), std::string("field 'kind' is not that of a table for ") + flag);
  return technology;
}

}  // namespace

Technology Technology::load(const std::string& path) {
  const toml::table root = parse_toml(path);
  check_keys(root, {"schema", "kind", "name", "title", "node_nm", "supply_v", "source", "event"},
             path);
  if (const auto schema = need<std::int64_t>(root, "schema", path); schema != 1)
    fail(path, "field 'schema' is " + std::to_string(schema) + ", expected 1");

  Technology technology;
  technology.path_ = path;
  technology.name_ = need_text(root, "name", path);
  technology.title_ = need_text(root, "title", path);
  if (technology.name_ != fs::path(path).stem().string())
    fail(path, "field 'name' is '" + technology.name_ + "', expected the name of the file");
  const std::string kind = need_text(root, "kind", path);
  if (kind != "logic" && kind != "dram")
    fail(path, "field 'kind' is '" + kind + "', expected logic or dram");
  technology.kind_ = kind == "logic" ? Kind::kLogic : Kind::kDram;
  if (technology.kind_ == Kind::kLogic) {
    if (!(need<double>(root, "node_nm", path) > 0)) fail(path, "field 'node_nm' must be positive");
    if (!(need<double>(root, "supply_v", path) > 0))
      fail(path, "field 'supply_v' must be positive");
  }

  const toml::table& sources = need_table(root, "source", path);
  for (const auto& [key, node] : sources) {
    const std::string where = path + ": source '" + std::string(key.str()) + "'";
    const toml::table& source = item_table(node, where);
    check_keys(source, {"cite", "doi"}, where);
    need_text(source, "cite", where);
  }

  for (const toml::node& node : need_array(root, "event", path)) {
    const toml::table& event = item_table(node, path + ": [[event]]");
    const std::string name = need_text(event, "name", path + ": [[event]]");
    const std::string at_event = path + ": event '" + name + "'";
    check_keys(event, {"name", "prices"}, at_event);
    if (technology.events_.contains(name)) fail(at_event, "appears twice");
    std::vector<Point>& points = technology.events_[name];
    for (const toml::node& item : need_array(event, "prices", at_event)) {
      const toml::table& row = item_table(item, at_event + ": prices");
      const auto bits = static_cast<unsigned>(need_count(row, "bits", 1, 65536, at_event));
      const std::string where = at_event + ", " + std::to_string(bits) + " bits";
      check_keys(row, {"bits", "bytes", "pj", "low", "high", "source", "evidence", "note"}, where);
      std::uint64_t bytes = 0;
      if (row.contains("bytes"))
        bytes = need_count(row, "bytes", 1, std::numeric_limits<std::int64_t>::max(), where);
      for (const Point& point : points)
        if (point.bits == bits && point.bytes == bytes) fail(where, "is priced twice");
      points.push_back({bits, bytes, parse_price(row, sources, where)});
    }
    std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) {
      return std::tie(a.bits, a.bytes) < std::tie(b.bits, b.bytes);
    });
  }
  return technology;
}

Technology find_technology(const std::string& name) {
  return find(name, "technology", "--technology", Technology::Kind::kLogic);
}

Technology find_dram(const std::string& name) {
  return find(name, "dram", "--dram", Technology::Kind::kDram);
}

}  // namespace tern::energy
