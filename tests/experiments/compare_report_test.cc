// SPDX-License-Identifier: Apache-2.0
//
// State space: the report of tiny made-up results with and without a disagreement; its files in a
// fresh, an existing and an impossible folder; CSV quoting; figures with SI prefixes.
// Parameters: tiny_levels(), tiny_timed().

#include "experiments/compare_report.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "experiments/compare_text.h"
#include "tests/energy/temp_folder.h"
#include "tests/experiments/tiny_levels.h"

namespace tern::experiments {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

Pricing tiny_pricing() {
  return {{energy::find_technology("n7"), energy::find_technology("cmos45")},
          energy::find_dram("lpddr4-3200")};
}

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_CASE("a report of equal levels agrees and one wrong product anywhere breaks it",
          "[experiments]") {
  const std::vector<LevelResult> good = tiny_levels();
  const ordered_json report = build_report(good, tiny_timed(), tiny_pricing());
  CHECK(all_agree(report));
  // Per flavour: avx2, cycle and rtl against scalar, and rtl against cycle.
  CHECK(report["agreement"].size() == 8);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::vector<LevelResult> bad = good;
    bad[i].products.back().hash ^= 1;
    const ordered_json broken = build_report(bad, tiny_timed(), tiny_pricing());
    CHECK(!all_agree(broken));
    CHECK(to_table(broken).find("NO, product 2, token_embd.weight") != std::string::npos);
  }
  std::vector<LevelResult> slower = good;
  slower[3].job_cycles[0] += 1;
  CHECK(!all_agree(build_report(slower, tiny_timed(), tiny_pricing())));
}

TEST_CASE("no compared level is no agreement", "[experiments]") {
  CHECK(!all_agree(build_report({}, {}, tiny_pricing())));
}

TEST_CASE("a report without simulated levels is whole", "[experiments]") {
  std::vector<LevelResult> cpu_only;
  for (const LevelResult& r : tiny_levels())
    if (r.engine == "cpu") cpu_only.push_back(r);
  const ordered_json report = build_report(cpu_only, tiny_timed(), tiny_pricing());
  CHECK(all_agree(report));
  CHECK(report["accelerator_speed"].empty());
  CHECK(to_table(report).find("CPU avx2, decode") != std::string::npos);
  const energy::TempFolder temp;
  write_report(report, temp.path());
  CHECK(contents(temp.path() + "/report.html").find("</html>") != std::string::npos);
}

TEST_CASE("the files of a report are written together and nothing else is left", "[experiments]") {
  const energy::TempFolder temp;
  const std::string folder = temp.path() + "/new/deeper";
  const ordered_json report = build_report(tiny_levels(), tiny_timed(), tiny_pricing());
  prepare_folder(folder);
  for (int round = 0; round < 2; ++round) {
    write_report(report, folder);
    CHECK(ordered_json::parse(contents(folder + "/compare.json")) == report);
    for (const char* name : {"agreement.csv", "footprint.csv", "cpu_speed.csv", "cpu_energy.csv",
                             "accelerator_speed.csv", "energy.csv", "energy_components.csv",
                             "energy_lines.csv", "paper_formula.csv", "ratios.csv"})
      CHECK(contents(folder + "/" + name).size() > 20);
    const std::string html = contents(folder + "/report.html");
    CHECK(html.find("</html>") != std::string::npos);
    CHECK(html.find("src=\"http") == std::string::npos);  // self-contained
    CHECK(contents(folder + "/report.png").substr(1, 3) == "PNG");
    int files = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
      INFO(entry.path());
      CHECK(entry.path().filename().string()[0] != '.');
      ++files;
    }
    CHECK(files == 13);
  }
}

TEST_CASE("a folder that cannot be is refused with one line before anything runs",
          "[experiments]") {
  const energy::TempFolder temp;
  const std::string file = temp.write("file", "x");
  CHECK_THROWS_WITH(prepare_folder(file), Catch::StartsWith(file + ": "));
  CHECK_THROWS_WITH(prepare_folder(file + "/below"), Catch::StartsWith(file + "/below: "));
  CHECK_THROWS_WITH(prepare_folder("/proc/tern"), Catch::StartsWith("/proc/tern: "));
}

TEST_CASE("CSV has one line per record and quotes what needs it", "[experiments]") {
  const ordered_json records = {{{"a", 1}, {"b", "x,y"}}, {{"a", 2.5}, {"b", "say \"so\""}}};
  CHECK(to_csv(records) == "a,b\n1,\"x,y\"\n2.5,\"say \"\"so\"\"\"\n");
  CHECK(to_csv(ordered_json::array()).empty());
}

TEST_CASE("figures have three digits and a prefix", "[experiments]") {
  CHECK(si(0) == "0 ");
  CHECK(si(1) == "1.00 ");
  CHECK(si(1234567) == "1.23 M");
  CHECK(si(999.6) == "1.00 k");
  CHECK(si(99.96) == "100 ");
  CHECK(si(9.996) == "10.0 ");
  CHECK(si(12e-6) == "12.0 u");
  CHECK(si(3.456e-9) == "3.46 n");
  CHECK(si(3.456e-12) == "3.46 p");
}

}  // namespace
}  // namespace tern::experiments
