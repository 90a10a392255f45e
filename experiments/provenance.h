// SPDX-License-Identifier: Apache-2.0
//
// Who made a result, where and from what.

#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace tern::experiments {

std::string cpu_name();  // "AMD EPYC ...", of /proc/cpuinfo; "unknown CPU" without it
unsigned online_cpus();  // this process may use
// Of a measurement: throws std::runtime_error naming --threads for 0 and for more than
// online_cpus(), whose threads would wait for each other.
void check_threads(unsigned threads);
std::string git_commit();    // that was built, "-dirty" behind it where the tree differed; or ""
double load_average();       // of the last minute; 0 where the host does not say
std::string utc_now();       // 2026-01-31T12:00:00Z
std::string tern_version();  // of the build

// {tern_version, git_commit, compiler, build_type, cpu, cpus, created_utc}
nlohmann::ordered_json provenance();

}  // namespace tern::experiments
