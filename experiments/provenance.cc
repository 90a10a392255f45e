// SPDX-License-Identifier: Apache-2.0

#include "experiments/provenance.h"

#include <sched.h>
#include <tern_commit.h>  // made by cmake/commit.cmake

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "experiments/level.h"
#include "models/whole_file.h"

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

std::string hash_of_file(const std::string& path) {
  namespace fs = std::filesystem;
  if (fs::is_directory(path)) {
    // A Hugging Face checkpoint: what of it is read.
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(path))
      if (entry.is_regular_file() &&
          (entry.path().extension() == ".safetensors" || entry.path().extension() == ".json" ||
           entry.path().extension() == ".model"))
        files.push_back(entry.path().filename());
    std::sort(files.begin(), files.end());
    std::string all;
    for (const std::string& name : files)
      all += name + ' ' + hash_of_file(path + '/' + name) + '\n';
    return hex(hash_bytes(all.data(), all.size()));
  }
  const models::MappedFile file = models::map_file(path);
  // Part by part, so that a model of gigabytes takes no memory for it.
  constexpr std::size_t kPart = std::size_t{16} << 20;
  std::uint64_t hash = kHashSeed;
  for (std::size_t at = 0; at < file.bytes.size(); at += kPart) {
    const auto part = file.bytes.subspan(at, std::min(kPart, file.bytes.size() - at));
    hash = hash_bytes(part.data(), part.size(), hash);
    models::drop_pages(part.data(), part.size());
  }
  return hex(hash);
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
