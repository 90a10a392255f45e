// SPDX-License-Identifier: Apache-2.0
//
// State space: `tern compare` as a user runs it, on the embedded checkpoints with few tokens; and
// each kind of bad input, which must end with exit 1, one line and nothing written.
// Parameters: TERN_BINARY, the program under test.

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "experiments/child.h"
#include "experiments/compare.h"
#include "tests/energy/temp_folder.h"

namespace tern::experiments {
namespace {

Child tern(std::vector<std::string> args) {
  args.insert(args.begin(), "compare");
  return {.program = TERN_BINARY, .label = "tern", .args = std::move(args), .environment = {}};
}

TEST_CASE("compare on the embedded checkpoints agrees on every level and writes its report",
          "[experiments]") {
  const energy::TempFolder folder;
  const std::string out = folder.path() + "/results";
  CHECK_NOTHROW(run_child(tern({"--quick", "--tokens", "3", "--out", out})));
  std::ifstream file(out + "/compare.json");
  const nlohmann::json report = nlohmann::json::parse(file);
  CHECK(report["schema"] == "tern.compare");
  std::size_t simulated = 0;
  for (const auto& row : report["agreement"]) {
    INFO(row.dump());
    CHECK(row["same"] == true);
    // A prefill and 2 decode steps of 7 products a layer and a head; 4 layers.
    CHECK(row["products"] == 3 * 29);
    CHECK(row["tokens"] == 3);
    if (row["jobs"] != 0) ++simulated;
  }
#ifdef TERN_EDA
  CHECK(simulated == 2);  // RTL against cycle model, both flavours
#else
  CHECK(simulated == 0);
#endif
  CHECK(std::filesystem::file_size(out + "/report.html") > 50000);
  CHECK(std::filesystem::exists(out + "/report.png"));
  CHECK(std::filesystem::exists(out + "/energy.csv") == (simulated != 0));
}

TEST_CASE("bad input ends compare with one line that names it and writes nothing",
          "[experiments]") {
  using Catch::Matchers::Contains;
  const energy::TempFolder folder;
  const std::string out = folder.path() + "/results";
  const std::string broken = folder.write("broken.gguf", "GGUF but not really");
  std::string endless;
  for (int i = 0; i < 400; ++i) endless += "word ";
  struct Bad {
    std::vector<std::string> args;
    std::string expected;
  };
  const Bad bad[] = {
      {{"--ternary", "/nowhere.gguf"}, "/nowhere.gguf"},
      {{"--fp16", broken}, broken},
      {{"--ternary", default_checkpoint("fp16")}, "expected the ternary checkpoint"},
      {{"--prompt", ""}, "--prompt is empty"},
      {{"--prompt", endless}, "context"},
      {{"--technology", "n3"}, "n3"},
      {{"--dram", "ddr9"}, "ddr9"},
#ifdef TERN_EDA
      {{"--machine", "moon"}, "moon"},
#endif
      {{"--tokens", "1"}, "--tokens"},
  };
  for (const Bad& one : bad) {
    std::vector<std::string> args = one.args;
    args.insert(args.end(), {"--quick", "--out", out});
    INFO(one.expected);
    CHECK_THROWS_WITH(run_child(tern(args)), Contains(one.expected));
    const bool empty = !std::filesystem::exists(out) || std::filesystem::is_empty(out);
    CHECK(empty);
  }
  CHECK_THROWS_WITH(run_child(tern({"--quick", "--out", broken})), Contains(broken));
}

}  // namespace
}  // namespace tern::experiments
