// SPDX-License-Identifier: Apache-2.0

#include "experiments/measurement_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

#include "experiments/child.h"
#include "experiments/output_option.h"
#include "experiments/provenance.h"
#include "models/whole_file.h"

namespace tern::experiments {

namespace {

namespace fs = std::filesystem;

struct Architecture {
  std::string_view vendor;
  int family, first_model, last_model;
  std::string_view name;
};

// Intel SDM volume 4, table 2-1; AMD revision guides by family. Others go by family and model.
constexpr std::array kArchitectures = {
    Architecture{"AuthenticAMD", 23, 0x00, 0x2f, "zen"},
    Architecture{"AuthenticAMD", 23, 0x30, 0xff, "zen2"},
    Architecture{"AuthenticAMD", 25, 0x00, 0x0f, "zen3"},
    Architecture{"AuthenticAMD", 25, 0x10, 0x1f, "zen4"},
    Architecture{"AuthenticAMD", 25, 0x20, 0x5f, "zen3"},
    Architecture{"AuthenticAMD", 25, 0x60, 0xaf, "zen4"},
    Architecture{"AuthenticAMD", 26, 0x00, 0xff, "zen5"},
    Architecture{"GenuineIntel", 6, 0x55, 0x55, "skylake-server"},
    Architecture{"GenuineIntel", 6, 0x6a, 0x6c, "icelake-server"},
    Architecture{"GenuineIntel", 6, 0x8f, 0x8f, "sapphire-rapids"},
    Architecture{"GenuineIntel", 6, 0xcf, 0xcf, "emerald-rapids"},
    Architecture{"GenuineIntel", 6, 0xad, 0xae, "granite-rapids"},
};

// The value of the first line with this key; "" without one.
std::string field(const std::string& cpuinfo, std::string_view key) {
  std::istringstream lines(cpuinfo);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::size_t end = line.find_last_not_of(" \t", colon - 1);
    if (colon == 0 || end == std::string::npos || line.substr(0, end + 1) != key) continue;
    const std::size_t value = line.find_first_not_of(" \t", colon + 1);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return "";
}

// Letters and digits in lower case, runs of anything else as one '-'; marks and clock left out.
std::string slug(std::string text) {
  text = text.substr(0, text.find('@'));
  for (const std::string_view noise : {"(R)", "(TM)", "(r)", "(tm)", "CPU", "Processor"})
    for (std::size_t at; (at = text.find(noise)) != std::string::npos;)
      text.replace(at, noise.size(), " ");
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) != 0)
      out += static_cast<char>(std::tolower(u));
    else if (!out.empty() && out.back() != '-')
      out += '-';
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out;
}

// Of roofline_plot.py.
void run_plot(std::vector<std::string> args) {
  // matplotlib keeps its list of fonts in a folder that it may write.
  const std::string cache =
      fmt::format("{}/tern-mpl-{}", fs::temp_directory_path().string(), getuid());
  args.insert(args.begin(), TERN_SOURCE_DIR "/experiments/roofline_plot.py");
  run_child({.program = "/usr/bin/python3",
             .label = "--plot",
             .args = std::move(args),
             .environment = {{"MPLBACKEND", "Agg"}, {"MPLCONFIGDIR", cache}}});
}

// Folders of --save, which go again unless kept.
class NewFolders {
 public:
  void make(const fs::path& folder) {
    std::error_code error;
    fs::path so_far;
    for (const fs::path& part : folder)
      if (!fs::exists(so_far /= part, error)) made_.push_back(so_far);
    fs::create_directories(folder, error);
    if (error || !fs::is_directory(folder))
      throw std::runtime_error(fmt::format("--save: {}: cannot make this folder: {}",
                                           folder.string(),
                                           error ? error.message() : "something else is there"));
  }
  void keep() { made_.clear(); }
  ~NewFolders() {
    std::error_code ignored;
    for (; !made_.empty(); made_.pop_back()) fs::remove(made_.back(), ignored);
  }

 private:
  std::vector<fs::path> made_;  // the outer ones first
};

}  // namespace

std::string cpu_slug(const std::string& cpuinfo) {
  const std::string vendor = field(cpuinfo, "vendor_id");
  if (vendor.empty()) {  // AArch64 names no model, but whose part it is
    const std::string implementer = field(cpuinfo, "CPU implementer");
    if (implementer.empty()) return "unknown-cpu";
    return slug("arm-implementer" + implementer + "-part" + field(cpuinfo, "CPU part"));
  }
  const int family = std::atoi(field(cpuinfo, "cpu family").c_str());
  const int model = std::atoi(field(cpuinfo, "model").c_str());
  std::string name = slug(field(cpuinfo, "model name"));
  for (const Architecture& a : kArchitectures)
    if (a.vendor == vendor && a.family == family && model >= a.first_model && model <= a.last_model)
      name += fmt::format("-{}", a.name);
  return fmt::format("{}{}family{}-model{}", name, name.empty() ? "" : "-", family, model);
}

std::string cpu_slug() {
  std::ifstream file("/proc/cpuinfo");
  return cpu_slug(std::string(std::istreambuf_iterator<char>(file), {}));
}

void add_measurement_files(CLI::App& cmd, MeasurementFiles& files) {
  add_output(cmd, "--json", files.json, "Write the figures here as JSON");
  add_output(cmd, "--csv", files.csv, "Write the figures here as CSV");
  cmd.add_option("--plot", files.plot, "Draw them here (PNG, SVG or PDF)");
  cmd.add_option_function<std::string>(
         "--save",
         [&files](const std::string& root) {
           // CLI11 checks no value where there may be none.
           if (root.empty())
             throw CLI::ValidationError("--save", "expected the name of a folder, found none");
           files.save = true;
           files.root = root;
         },
         "Write all three into FOLDER/<name of this CPU>; FOLDER is ./measurements by default")
      ->expected(0, 1)
      ->check(no_standard_output("a folder"))
      ->type_name("FOLDER")
      ->default_str(files.root)
      ->trigger_on_parse();
}

void prepare_files(MeasurementFiles& files, const std::string& stem) {
  constexpr std::string_view kPictures[] = {".png", ".svg", ".pdf"};
  const std::string ending = fs::path(files.plot).extension().string();
  if (!files.plot.empty() &&
      std::find(std::begin(kPictures), std::end(kPictures), ending) == std::end(kPictures))
    throw std::runtime_error(
        fmt::format("--plot: {}: expected a name that ends in .png, .svg or .pdf", files.plot));
  NewFolders made;
  if (files.save) {
    const std::string folder = files.root + "/" + cpu_slug();
    made.make(folder);
    for (const auto& [path, suffix] : {std::pair(&files.json, "json"), std::pair(&files.csv, "csv"),
                                       std::pair(&files.plot, "png")})
      if (path->empty()) *path = fmt::format("{}/{}.{}", folder, stem, suffix);
  }
  models::check_outputs({{"--json", files.json}, {"--csv", files.csv}, {"--plot", files.plot}});
  if (!files.plot.empty()) run_plot({"--check"});
  made.keep();
}

std::string csv_of(const nlohmann::ordered_json& rows) {
  std::string text;
  for (const nlohmann::ordered_json& row : rows) {
    std::string names, values;
    for (const auto& [name, value] : row.items()) {
      if (value.is_array()) continue;
      names += (names.empty() ? "" : ",") + name;
      std::string field = value.is_null()     ? ""
                          : value.is_string() ? value.get<std::string>()
                                              : value.dump();
      if (field.find_first_of(",\"\n") != field.npos) {
        for (std::size_t at = 0; (at = field.find('"', at)) != field.npos; at += 2)
          field.insert(at, 1, '"');
        field = '"' + field + '"';
      }
      values += (values.empty() && names == name ? "" : ",") + field;
    }
    if (text.empty()) text = names + "\n";
    text += values + "\n";
  }
  return text;
}

void write_files(const MeasurementFiles& files, const nlohmann::ordered_json& json,
                 const std::string& csv) {
  const std::string text =
      json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  const auto& p = json.at("provenance");
  const std::string from =
      fmt::format("# {} {}, commit {}, {}, {}, {} CPUs, {}\n", json.at("schema").get<std::string>(),
                  p.at("tern_version").get<std::string>(), p.at("git_commit").get<std::string>(),
                  p.at("compiler").get<std::string>(), p.at("cpu").get<std::string>(),
                  p.at("cpus").get<unsigned>(), p.at("created_utc").get<std::string>());
  if (!files.json.empty()) models::write_whole_file(files.json, text);
  if (!files.csv.empty()) models::write_whole_file(files.csv, from + csv);
  if (files.plot.empty()) return;
  const fs::path temporary =
      fs::temp_directory_path() /
      fmt::format("tern-{}-{}.json", json.at("schema").get<std::string>(), getpid());
  models::write_whole_file(temporary.string(), text);
  try {
    run_plot({temporary.string(), files.plot});
  } catch (...) {
    fs::remove(temporary);
    throw;
  }
  fs::remove(temporary);
}

}  // namespace tern::experiments
