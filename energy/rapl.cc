// SPDX-License-Identifier: Apache-2.0

#include "energy/rapl.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace tern::energy {
namespace {

namespace fs = std::filesystem;

std::optional<std::uint64_t> read_number(const fs::path& path) {
  std::ifstream file(path);
  std::uint64_t value = 0;
  if (!(file >> value)) return std::nullopt;
  return value;
}

std::string read_word(const fs::path& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

}  // namespace

std::optional<Rapl> Rapl::open(std::string& reason, const std::string& root) {
  std::error_code error;
  if (!fs::is_directory(root, error)) {
    reason = root + " does not exist: no RAPL here (usual in a virtual machine)";
    return std::nullopt;
  }
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(root, error)) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());

  Rapl rapl;
  for (const fs::path& folder : folders) {
    // package-<n> are the outermost zones; core, uncore and dram lie inside or beside them.
    if (!read_word(folder / "name").starts_with("package")) continue;
    const fs::path file = folder / "energy_uj";
    const auto range = read_number(folder / "max_energy_range_uj");
    const auto now = read_number(file);
    if (!range || *range == 0 || !now) {
      reason = file.string() + " cannot be read (it is for root alone on most hosts)";
      return std::nullopt;
    }
    rapl.zones_.push_back({file.string(), *range, *now});
  }
  if (rapl.zones_.empty()) {
    reason = root + " has no package zone: no RAPL here (usual in a virtual machine)";
    return std::nullopt;
  }
  return rapl;
}

double Rapl::joules() {
  for (Zone& zone : zones_) {
    const auto now = read_number(zone.file);
    if (!now) throw std::runtime_error(zone.file + ": cannot be read any more");
    const std::uint64_t step =
        *now >= zone.last_uj ? *now - zone.last_uj : *now + (zone.range_uj - zone.last_uj);
    zone.last_uj = *now;
    joules_ += static_cast<double>(step) * 1e-6;
  }
  return joules_;
}

void Rapl::restart() {
  joules();
  joules_ = 0;
}

}  // namespace tern::energy
