// SPDX-License-Identifier: Apache-2.0

#include "experiments/provenance.h"

#include <sched.h>
#include <tern_commit.h>  // made by cmake/commit.cmake

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <stdexcept>

namespace tern::experiments {

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

void check_threads(unsigned threads) {
  const unsigned cpus = online_cpus();
  if (threads == 0 || threads > cpus)
    throw std::runtime_error("--threads: found " + std::to_string(threads) +
                             ", expected 1 to the " + std::to_string(cpus) +
                             " CPUs this process may use");
}

std::string git_commit() { return TERN_COMMIT; }

double load_average() {
  double load = 0;
  return getloadavg(&load, 1) == 1 ? load : 0;
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
