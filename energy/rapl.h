// SPDX-License-Identifier: Apache-2.0
//
// Measured CPU energy: the RAPL counters Linux shows under /sys/class/powercap (Intel, and AMD
// since 5.11). They count the whole package, whatever runs on it. Absent in most virtual
// machines, and readable by root alone on most hosts.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tern::energy {

class Rapl {
 public:
  // nullopt where there is nothing to read; `reason` then says why in one line.
  static std::optional<Rapl> open(std::string& reason,
                                  const std::string& root = "/sys/class/powercap");

  // Joules of all packages since open() or the last restart(). The counters wrap; call at least
  // once a minute (a 32-bit counter of 15.3 uJ wraps after 270 s at 240 W).
  // Throws std::runtime_error when a counter can no longer be read.
  double joules();
  void restart();

 private:
  struct Zone {
    std::string file;        // energy_uj
    std::uint64_t range_uj;  // the counter runs from 0 to this
    std::uint64_t last_uj;
  };
  std::vector<Zone> zones_;
  double joules_ = 0;
};

}  // namespace tern::energy
