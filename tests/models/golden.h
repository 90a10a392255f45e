// SPDX-License-Identifier: Apache-2.0
//
// The reference implementation's outputs, used where they lie: $TERN_GOLDEN, else ../shared/golden
// beside the source tree. They are no part of the project, so tests pass without them, aloud.

#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace tern::models {

inline std::optional<std::filesystem::path> golden(const std::string& name) {
  const char* set = std::getenv("TERN_GOLDEN");
  const std::filesystem::path root = set != nullptr ? set : "../shared/golden";
  if (std::filesystem::exists(root / name)) return root / name;
  WARN("SKIP: no golden outputs at " << (root / name) << " - set TERN_GOLDEN");
  return std::nullopt;
}

inline nlohmann::json read_json(const std::filesystem::path& path) {
  std::ifstream in(path);
  return nlohmann::json::parse(in);
}

}  // namespace tern::models
