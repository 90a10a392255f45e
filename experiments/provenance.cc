// SPDX-License-Identifier: Apache-2.0

#include "experiments/provenance.h"

#include <sched.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <memory>

#include "experiments/level.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

// The first line of a command's output; "" where it fails.
std::string first_line(const std::string& command) {
  FILE* pipe = popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return "";
  std::array<char, 256> buffer{};
  std::string line;
  if (std::fgets(buffer.data(), static_cast<int>(buffer.size()), pipe) != nullptr)
    line = buffer.data();
  while (std::fgets(buffer.data(), static_cast<int>(buffer.size()), pipe) != nullptr) continue;
  if (pclose(pipe) != 0) return "";
  while (!line.empty() && line.back() == '\n') line.pop_back();
  return line;
}

}  // namespace

std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) {
      const std::size_t colon = line.find(": ");
      if (colon != std::string::npos) return line.substr(colon + 2);
    }
  return "unknown CPU";
}

unsigned online_cpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(CPU_COUNT(&set));
}

std::string git_commit() {
  const std::string git = "git -C '" TERN_SOURCE_DIR "' ";
  const std::string commit = first_line(git + "rev-parse --short=12 HEAD");
  if (commit.empty()) return "";
  return commit + (first_line(git + "status --porcelain -uno").empty() ? "" : "-dirty");
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

std::string tern_version() { return TERN_VERSION; }

std::string hash_of_file(const std::string& path) {
  const models::MappedFile file = models::map_file(path);
  return hex(hash_bytes(file.bytes.data(), file.bytes.size()));
}

nlohmann::ordered_json provenance() {
  return {{"tern_version", tern_version()},
          {"git_commit", git_commit()},
          {"compiler", "g++ " __VERSION__},
          {"build_type", TERN_BUILD_TYPE},
          {"cpu", cpu_name()},
          {"cpus", online_cpus()},
          {"created_utc", utc_now()}};
}

}  // namespace tern::experiments
