// SPDX-License-Identifier: Apache-2.0
//
// State space: what every command writes to standard output where an option names it as its file,
// by "-" and by a path; with a reader that went away; two options at once; outputs that it cannot
// be.
// Parameters: one small random checkpoint, and an embedded one of stories; sizes so small that
// figures mean nothing.

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/experiments/cli.h"

namespace tern::experiments {
namespace {

using Catch::Contains;
using nlohmann::json;

// With a JSON output, whose name follows.
const std::vector<std::string> kCommands = {
    "tokenize {m} --text AB --json ",
    "detokenize {m} --ids 65,66 --json ",
    "inspect {m} --json ",
    "formats --rows 256 --cols 256 --json ",
    "logits {m} --ids 65,66 --json ",
    "perplexity {m} --file {d}/text --context 16 --json ",
    "generate {m} --prompt AB -n 3 --json ",
    "stories -n 2 --json ",
    "stories --json ",
    "evaluate " TERN_SOURCE_DIR
    "/models/checkpoints/tern-stories-ternary.gguf --stories 2 --generate 1 --json ",
    "train --out {d}/trained.gguf --dim 128 --heads 2 --ffn 128 --layers 1 --steps 1 --context 512 "
    "--vocab 300 --vocab-stories 50 --stories-per-step 1 --json ",
    "convert {m} {d}/copy.gguf --json ",
    "synth --shape bitnet-2b4t --vocab 512 --layers 1 --context 64 --out {d}/synth.gguf --json ",
    "chat {m} --template llama3 -n 3 --json ",
#ifdef TERN_BENCH
    "bench {m} -p 8 -n 4 -t 1 -r 1 --limit-mb 1 --limit-time 0.0001 --json ",
    "bench {m} -p 8 -n 4 -t 1 -r 1 --limit-mb 1 --limit-time 0.0001 -o csv --json ",
    "bench kernels --quick --threads 1 --shapes 64x128 --cold-mb 1 --min-time 0.00001 "
    "--repetitions 3 --filter t2p --json ",
    "bench repack --weights 1 --repetitions 1 --threads 1 --json ",
#endif
    "roofline --quick --threads 1 --max-mb 1 --json ",
};

TEST_CASE("a file on standard output stands there alone", "[experiments]") {
  const Cli cli;
  models::write_whole_file(cli.file("text"), std::string(100, 'a'));
  for (const std::string& command : kCommands) {
    INFO(command);
    const Result r = cli.shell("cd {d}/; echo /help | {t} " + command + "-");
    INFO(r.err);
    CHECK(r.code == 0);
    REQUIRE(json::accept(r.out));
    CHECK(json::parse(r.out).contains("schema"));
    CHECK_FALSE(r.err.empty());  // what else the command says
    CHECK(r.err.find("tern: ") == r.err.npos);
  }
  CHECK_FALSE(std::filesystem::exists(cli.file("-")));
}

TEST_CASE("standard output is known by any of its names and other files leave it as it was",
          "[experiments]") {
  const Cli cli;
  const std::string command = "{t} tokenize {m} --no-special --text AB --json ";
  for (const char* name : {"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}) {
    INFO(name);
    const Result r = cli.shell(command + name + " | cat");
    CHECK(json::accept(r.out));
    CHECK(r.err == "65,66\n");
  }
  for (const char* name : {"{d}/j", "/dev/null", "./-", "/dev/fd/3 3>{d}/j"}) {
    INFO(name);
    const Result r = cli.shell("cd {d}/; " + command + name);
    CHECK(r.out == "65,66\n");
    CHECK(r.err.empty());
  }
  CHECK(json_of(cli.file("-"))["ids"].size() == 2);
  // Nobody reads the report: the file is what counts.
  CHECK(json::accept(cli.shell(command + "- 2>&-").out));
  CHECK(cli.shell(command + "- | true; exit ${PIPESTATUS[0]}").code == 0);
}

TEST_CASE("tables stories and checkpoints go to standard output as well", "[experiments]") {
  const Cli cli;
  const Result csv =
      cli.run("roofline --quick --threads 1 --max-mb 1 --csv - --json {d}/roofline.json");
  CHECK(csv.out.starts_with("# tern.roofline "));
  CHECK(csv.out.find("medians of") == csv.out.npos);
  const Result stories = cli.run("stories -n 3 --out -");
  CHECK(stories.out == cli.run("stories -n 3").out);
  CHECK(cli.shell("{t} convert {m} - | cat >{d}/piped.gguf").code == 0);
  CHECK(cli.run("convert {m} {d}/file.gguf").code == 0);
  CHECK(models::read_file(cli.file("piped.gguf")) == models::read_file(cli.file("file.gguf")));
}

TEST_CASE("standard output is refused where it cannot be what is written", "[experiments]") {
  const Cli cli;
  check_refused(cli.run("convert {m} - --to hf"), 1, "a directory is to be written");
  check_refused(cli.run("convert {m} - --json -"), 1,
                "named by OUT and --json, which need files of their own");
  check_refused(cli.run("roofline --json - --csv /dev/stdout"), 1,
                "named by --json and --csv, which need files of their own");
  check_refused(cli.run("roofline --plot -"), 1, "--plot: -: expected a name that ends in .png");
  check_refused(cli.run("roofline --save -"), 2, "--save: expected a folder");
  check_refused(cli.run("compare --out -"), 2, "--out: expected a folder");
  check_refused(cli.run("train --out {d}/m.gguf --snapshot -"), 2,
                "--snapshot: expected a file that is read again");
  const Result save = cli.shell("echo '/save -' | {t} chat {m} --template llama3");
  CHECK(save.code == 1);
  CHECK_THAT(save.err, Contains("/save: expected the name of a file, found -"));
  CHECK_THAT(cli.run("tokenize --help").out, Contains("-: standard output"));
}

}  // namespace
}  // namespace tern::experiments
