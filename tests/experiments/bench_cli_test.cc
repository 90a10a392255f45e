// SPDX-License-Identifier: Apache-2.0
//
// State space: `tern roofline` and `tern bench kernels` as a user runs them: help, names, files and
// what is in them, an interrupt, nobody reading; and each kind of bad input, which must end with
// its exit code, one line and nothing written.
// Parameters: TERN_BINARY, the program under test; sizes so small that the figures mean nothing.

#include <sys/wait.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "experiments/measurement_files.h"
#include "kernels/ternary/layouts.h"
#include "models/whole_file.h"
#include "tests/models/temp_folder.h"

namespace tern::experiments {
namespace {

using Catch::Contains;
using models::read_file;

struct Result {
  int code;
  std::string out, err;
};

class Shell {
 public:
  std::string file(const std::string& name) const { return work_.file(name); }
  std::size_t entries() const { return work_.entries(); }

  // A bash script in which {t} is the program; it runs in a folder of its own.
  Result run(std::string script) const {
    for (std::size_t at; (at = script.find("{t}")) != std::string::npos;)
      script.replace(at, 3, TERN_BINARY);
    const std::string out = notes_.file("out"), err = notes_.file("err"), sh = notes_.file("sh");
    models::write_whole_file(sh, "cd " + work_.file("") + "\n" + script);
    const int status = std::system(("bash " + sh + " >" + out + " 2>" + err).c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(out),
            read_file(err)};
  }

 private:
  models::TempFolder work_, notes_;
};

const std::string kTiny =
    "{t} bench kernels --quick --threads 1 --shapes 64x128 --cold-mb 1 --min-time 0.00001 "
    "--repetitions 3 ";
const std::string kTinyRoof = "{t} roofline --quick --threads 1 --max-mb 1 ";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST_CASE("roofline writes the limits of this machine with their units", "[experiments]") {
  const Shell shell;
  const Result r = shell.run(kTinyRoof + "--json r.json --csv r.csv --plot r.png");
  INFO(r.err);
  REQUIRE(r.code == 0);
  CHECK_THAT(r.out, Contains("GB/s") && Contains("GMAC/s") && Contains(cpu_slug()));
  const auto json = nlohmann::json::parse(read_file(shell.file("r.json")));
  CHECK(json["schema"] == "tern.roofline");
  CHECK(json["schema_version"] == 1);
  CHECK(json["provenance"].contains("cpu"));
  REQUIRE(json["bandwidth"].size() >= 4);
  for (const auto& row : json["bandwidth"]) {
    CHECK(row["read_gb_per_s"].get<double>() > 0);
    CHECK(row["read_gb_per_s_q1"] <= row["read_gb_per_s"]);
    CHECK(row["read_gb_per_s"] <= row["read_gb_per_s_q3"]);
    CHECK(row["working_set_bytes"] <= 1 << 20);
    CHECK(row["huge_bytes"] <= row["working_set_bytes"]);
    if (row["pages"] == "normal") CHECK(row["huge_bytes"] == 0);
  }
  REQUIRE_FALSE(json["peaks"].empty());
  bool scalar = false;
  for (const auto& row : json["peaks"]) {
    CHECK(row["peak_gmac_per_s"].get<double>() > 0);
    scalar = scalar || (row["isa"] == "scalar" && row["datatype"] == "int8");
  }
  CHECK(scalar);
  for (const auto& row : json["skipped"])
    CHECK_THAT(r.out, Contains(row["isa"].get<std::string>()) && Contains("skipped"));
  const auto csv = lines_of(read_file(shell.file("r.csv")));
  CHECK(csv.size() == 2 + json["bandwidth"].size() + json["peaks"].size() + json["steps"].size());
  for (const auto& row : json["steps"]) CHECK(row["step_gmac_per_s"].get<double>() > 0);
  CHECK(csv[0].starts_with("# tern.roofline "));
  for (std::size_t i = 1; i < csv.size(); ++i)
    CHECK(std::count(csv[i].begin(), csv[i].end(), ',') == 11);
  CHECK(read_file(shell.file("r.png")).substr(1, 3) == "PNG");
}

TEST_CASE("bench repack times every file format into every compute layout", "[experiments]") {
  const Shell shell;
  const Result r =
      shell.run("{t} bench repack --weights 1 --repetitions 1 --threads 2 --json p.json");
  INFO(r.err);
  REQUIRE(r.code == 0);
  const auto json = nlohmann::json::parse(read_file(shell.file("p.json")));
  CHECK(json["schema"] == "tern.bench_repack");
  CHECK(json["weights"] == 6912 * 2560);
  std::size_t files = 0;
  for (const auto& format : kernels::ternary_formats())
    files += format.file_type != "compute only" ? 1 : 0;
  CHECK(json["rows"].size() == files * kernels::compute_layouts().size());
  for (const auto& row : json["rows"]) {
    CHECK(row["time_s"].get<double>() > 0);
    CHECK_THAT(r.out, Contains(row["from"].get<std::string>()));
  }
  for (const char* bad :
       {"--weights 0", "--threads 0", "--repetitions 0", "--json no/such/folder/p"}) {
    const Result refused = shell.run(std::string("{t} bench repack ") + bad);
    INFO(bad << ": " << refused.err);
    CHECK(refused.code != 0);
    CHECK(lines_of(refused.err).size() == 1);
  }
}

TEST_CASE("bench kernels writes every case with its limit and consistent figures",
          "[experiments]") {
  const Shell shell;
  const Result r = shell.run(kTiny + "--json k.json --csv k.csv --plot k.png");
  INFO(r.err);
  REQUIRE(r.code == 0);
  const Result list = shell.run(kTiny + "--list");
  const std::vector<std::string> names = lines_of(list.out);
  const auto json = nlohmann::json::parse(read_file(shell.file("k.json")));
  CHECK(json["schema"] == "tern.bench_kernels");
  CHECK(json["schema_version"] == 1);
  CHECK(json["provenance"].contains("git_commit"));
  CHECK(json["cold_bytes"] == 1000000);
  REQUIRE(json["records"].size() == names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& row = json["records"][i];
    INFO(row.dump());
    CHECK(names[i].starts_with(row["kernel"].get<std::string>() + "/64x128/"));
    CHECK(row["pairs"] == 3);
    const double time = row["time_s"], bytes = row["weight_bytes"], macs = row["macs"];
    CHECK(macs == 64.0 * 128.0 * row["tokens"].get<double>());
    CHECK(row["weights_gb_per_s"].get<double>() == Approx(bytes / time / 1e9));
    CHECK(row["gmac_per_s"].get<double>() == Approx(macs / time / 1e9));
    // A median of ratios lies between the ratios of the extremes: of three pairs, what the
    // quartiles of time and percent leave open.
    CHECK(row["percent_of_limit_q1"] <= row["percent_of_limit"]);
    CHECK(row["percent_of_limit"] <= row["percent_of_limit_q3"]);
    CHECK(row["percent_of_limit"].get<double>() > 0);
    CHECK(row["limit_time_s"].get<double>() * 1.0001 >=
          std::max(bytes / row["read_gb_per_s"].get<double>(),
                   macs / row["peak_gmac_per_s"].get<double>()) /
              1e9);
    if (row["cache"] == "cold") {
      CHECK(row["working_set_bytes"] >= 1000000);
      CHECK(row["tokens"] <= 16);
    } else {
      CHECK(row["working_set_bytes"] == row["weight_bytes"]);
    }
    CHECK_THAT(r.out, Contains(row["kernel"].get<std::string>()));
  }
  const auto csv = lines_of(read_file(shell.file("k.csv")));
  REQUIRE(csv.size() == 2 + names.size());
  CHECK(csv[0].starts_with("# tern.bench_kernels "));
  CHECK(csv[1].starts_with("kernel,family,isa,"));
  CHECK(read_file(shell.file("k.png")).substr(1, 3) == "PNG");
  CHECK(shell.entries() == 3);
}

TEST_CASE("saved figures lie in the folder of this CPU", "[experiments]") {
  const Shell shell;
  CHECK(shell.run(kTiny + "--filter t2p_scalar --save").code == 0);
  CHECK(shell.run(kTinyRoof + "--save elsewhere").code == 0);
  for (const char* name : {"kernels.json", "kernels.csv", "kernels.png"})
    CHECK_FALSE(read_file(shell.file("measurements/" + cpu_slug() + "/" + name)).empty());
  for (const char* name : {"roofline.json", "roofline.csv", "roofline.png"})
    CHECK_FALSE(read_file(shell.file("elsewhere/" + cpu_slug() + "/" + name)).empty());
  CHECK(shell.entries() == 2);
}

TEST_CASE("both commands explain themselves", "[experiments]") {
  const Shell shell;
  CHECK_THAT(shell.run("{t} roofline --help").out, Contains("--threads") && Contains("--save"));
  CHECK_THAT(shell.run("{t} bench --help").out, Contains("kernels"));
  const Result kernels = shell.run("{t} bench kernels --help");
  CHECK(kernels.code == 0);
  for (const char* option : {"--filter", "--threads", "--tokens", "--shapes", "--cold-mb",
                             "--min-time", "--repetitions", "--quick", "--json", "--csv", "--plot"})
    CHECK_THAT(kernels.out, Contains(option));
}

TEST_CASE("bad options end with one line that names them and nothing written", "[experiments]") {
  const Shell shell;
  struct Bad {
    std::string script;
    int code;
    const char* expected;
  };
  const Bad bad[] = {
      {kTiny + "--shapes 64by128", 2, "--shapes"},  // given twice
      {"{t} bench kernels --plot x.txt", 1, "--plot: x.txt: expected a name"},
      {"{t} roofline --csv ''", 2, "--csv: expected the name of a file"},
      {"{t} bench kernels --shapes 64by128", 1, "64by128"},
      {"{t} bench kernels --shapes 0x128", 1, "0x128"},
      {"{t} bench kernels --filter '('", 1, "--filter"},
      {"{t} bench kernels --filter nothing_is_called_so", 1, "nothing_is_called_so"},
      {"{t} bench kernels --threads 0", 1, "--threads"},
      {"{t} bench kernels --threads 1,99999", 1, "--threads"},
      {"{t} bench kernels --threads many", 2, "--threads"},
      {"{t} bench kernels --threads 1,", 2, "--threads: found an empty entry"},
      {"{t} bench kernels --threads -1", 2, "--threads"},
      {"{t} bench kernels --tokens 0", 1, "--tokens"},
      {"{t} bench kernels --tokens 32,,5", 2, "--tokens: found an empty entry"},
      {"{t} bench kernels --tokens ''", 2, "--tokens: found an empty entry"},
      {"{t} bench kernels --tokens 99999999999999999999", 2,
       "expected at most 18446744073709551615"},
      {"{t} bench kernels --tokens 9x", 2, "--tokens: found '9x', expected whole numbers"},
      {"{t} bench kernels --shapes 64x64,,64x128", 1, "--shapes: found \"\""},
      {"{t} bench kernels --repetitions 0", 2, "--repetitions: found 0, expected 1 to 10000"},
      {"{t} bench kernels --cold-mb 0", 2, "--cold-mb"},
      {"{t} bench kernels --pages giant", 2, "--pages"},
      {"{t} bench kernels --min-time nan", 2, "--min-time: found nan, expected 1e-06 to 10"},
      {"{t} bench kernels --max-time nan", 2, "--max-time: found nan"},
      {"{t} bench kernels --cold-mb 1000000000", 1, "--cold-mb"},
      {"{t} bench kernels --json /nowhere/k.json", 1, "/nowhere/k.json"},
      {"{t} bench kernels --save /dev/null", 1, "/dev/null"},
      {"{t} bench", 2, "subcommand"},
      {"{t} roofline --threads 0", 1, "--threads"},
      {"{t} roofline --threads 1000", 1, "--threads"},
      {"{t} roofline --max-mb 0", 2, "--max-mb"},
      {"{t} roofline --csv /nowhere/r.csv", 1, "/nowhere/r.csv"},
      {"{t} roofline --json r --csv ./r", 1, "./r: named by --json and --csv"},
      {kTiny + "--json r.png --plot $PWD/r.png", 1, "/r.png: named by --json and --plot"},
      {"{t} bench repack --threads 0", 1, "--threads: found 0"},
      {"{t} bench repack --threads 1024", 1, "--threads: found 1024"},
      {"{t} bench repack --weights 68719476736", 1, "the weights of --weights: needs"},
      {"{t} roofline --save ''", 2, "--save: expected the name of a folder"},
      {"{t} roofline --json x --save x", 1, "x: "},
      {"{t} roofline --csv /nowhere/r --save deep/folder", 1, "/nowhere/r"},
      {"{t} stories -n 1 --out r --json r", 1, "r: named by --out and --json"},
      {"{t} train --out r --snapshot r", 1, "r: named by --out and --snapshot"},
      {"{t} train --out ''", 2, "--out: expected the name"},
      {"{t} train --out r --dim 192 --heads 4 --kv-heads 2", 1,
       "--dim: I2_S, which ternary checkpoints hold, needs columns in multiples of 128, found 192"},
  };
  for (const Bad& one : bad) {
    const Result r = shell.run(one.script);
    INFO(one.script << "\n" << r.err);
    CHECK(r.code == one.code);
    CHECK_THAT(r.err, Contains(one.expected));
    CHECK(lines_of(r.err).size() == 1);
    CHECK(shell.entries() == 0);
  }
  // Before anything is measured.
  for (const std::string& command : {kTiny, kTinyRoof})
    CHECK(shell.run(command + "--plot x.txt").out.empty());
}

TEST_CASE("an interrupted measurement ends with 130 and writes nothing", "[experiments]") {
  const Shell shell;
  for (const std::string command : {"{t} bench kernels --threads 1 --cold-mb 20 --json k.json",
                                    "{t} roofline --threads 1 --max-mb 64 --json r.json"}) {
    const Result r = shell.run("set -m\n" + command + " &\nsleep 0.7\nkill -INT $!\nwait $!");
    INFO(command << "\n" << r.err);
    CHECK(r.code == 130);
    CHECK(shell.entries() == 0);
  }
}

TEST_CASE("a measurement that nobody reads ends quietly", "[experiments]") {
  const Shell shell;
  const Result r = shell.run("set -o pipefail\n" + kTiny + "| head -1");
  CHECK(r.code == 0);
  CHECK(r.err.empty());
}

}  // namespace
}  // namespace tern::experiments
