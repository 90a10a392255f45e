// SPDX-License-Identifier: Apache-2.0
//
// State space: commands under limits of their user: of addresses (ulimit -v), from those that hold
// no model to those that hold it in any case; of patience (Ctrl-C) in the midst of steps that take
// seconds.
// Parameters: a checkpoint of one layer of BitNet b1.58 2B4T with random weights.

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <utility>

#include "tests/experiments/cli.h"

namespace tern::experiments {
namespace {

using Catch::Contains;

// {d}/large: 20 MB, 70 M weights.
void make_large(const Cli& cli) {
  REQUIRE(cli.run("synth --shape bitnet-2b4t --layers 1 --vocab 512 --context 2048 --out {d}/large")
              .code == 0);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they take all addresses
TEST_CASE("a model within the limit of addresses runs and beyond it says how much it needs",
          "[experiments]") {
  const Cli cli;
  make_large(cli);
  const std::string command = "{t} generate {d}/large --prompt hello -n 12 --threads 1";
  const Result free = cli.shell(command);
  REQUIRE(free.code == 0);
  const auto within = [&](int mib, const std::string& what) {
    return cli.shell("ulimit -v $((" + std::to_string(mib) + " << 10)); " + what);
  };
  int file_refused = 0, weights_refused = 0, least = 0;
  std::string would_do;
  for (int mib = 16; mib < 240; mib += 8) {
    INFO(mib);
    if (within(mib, "{t} --version").code != 0) continue;  // not even the program
    const Result r = within(mib, command);
    if (r.code == 0) {
      CHECK(r.out == free.out);
      if (least == 0) least = mib;
      continue;
    }
    INFO(r.err);
    CHECK(least == 0);  // who has more is not refused
    CHECK(r.code == 1);
    CHECK(r.err.starts_with("tern: "));
    file_refused += r.err.find("large: needs 20 MiB of memory, ") != r.err.npos;
    weights_refused += r.err.find("the ternary weights in layout t") != r.err.npos;
    CHECK(r.out.empty());  // before any text
    if (r.err.find("the ternary weights") == r.err.npos) continue;
    const std::string before = " MiB; ulimit -v ";
    const auto at = r.err.find(before);
    REQUIRE(at != r.err.npos);
    CHECK(r.err.ends_with(" would do\n"));
    would_do = r.err.substr(at + before.size());
    would_do.resize(would_do.find(' '));
  }
  CHECK(cli.shell("ulimit -v " + would_do + "; " + command).out == free.out);
  CHECK(file_refused > 0);
  CHECK(weights_refused > 0);
  REQUIRE(least > 0);
  CHECK(least <= 120);  // the file, its weights once more, and what any program takes
}
#endif

// Milliseconds from Ctrl-C to the end of a command that works for long, and its exit code.
Result interrupted(const Cli& cli, const std::string& command) {
  return cli.shell("{t} " + command +
                   " >{d}/o 2>{d}/e & pid=$!\n"
                   // Once it takes the signal: not before its work begins.
                   "until (( 0x$(awk '/SigCgt/{print $2}' /proc/$pid/status) & 2 )); do sleep "
                   "0.02; [ -d /proc/$pid/fd ] || exit 99; done; sleep 0.4\n"
                   "begin=$(date +%s%N); kill -INT $pid; wait $pid; code=$?\n"
                   "echo $((($(date +%s%N) - begin) / 1000000)); exit $code");
}

TEST_CASE("an interrupt ends what takes long at once", "[experiments]") {
  const Cli cli;
  make_large(cli);
  std::string text;
  for (int i = 0; i < 1500; ++i) text += std::to_string(i * 7919) + " ";
  models::write_whole_file(cli.file("text"), text);
  const std::string reference = " --engine reference --json {d}/j";
  for (const std::string& command : {
           "perplexity {d}/large --file {d}/text --context 2048 --mode as-is" + reference,
           "perplexity {d}/large --file {d}/text --context 512" + reference,
           "logits {d}/large --text \"$(head -c 500 {d}/text)\"" + reference,
           "generate {d}/large --prompt-file <(head -c 500 {d}/text)" + reference,
           std::string("generate {d}/large --prompt-file <(head -c 2000 {d}/text) --isa scalar "
                       "--threads 1 --json {d}/j"),
           std::string("bench {d}/large -p 2000 -n 0 -r 100 -t 1 --json {d}/j"),
#ifdef TERN_BENCH
           std::string("bench kernels --filter f32 --shapes 8192x8192 --tokens 512 --threads 1 "
                       "--json {d}/j"),
#endif
       }) {
    INFO(command);
    const std::size_t files = cli.entries();
    const Result r = interrupted(cli, command);
    CHECK(r.code == 130);
    CHECK(std::stol(r.out) < 1500);  // 5 s and more before; half a second, but for a busy machine
    const bool generates = command.starts_with("generate");
    if (generates) {
      CHECK(json_of(cli.file("j"))["stop"] == "interrupted");
      CHECK_THAT(models::read_file(cli.file("e")), Contains("stopped by interrupted"));
      std::filesystem::remove(cli.file("j"));
    }
    std::filesystem::remove(cli.file("o"));
    std::filesystem::remove(cli.file("e"));
    CHECK(cli.entries() == files);
  }
}

TEST_CASE("what kill sends ends a writer without half a file", "[experiments]") {
  const Cli cli;
  for (const auto& [signal, code] : {std::pair{"TERM", 143}, {"HUP", 129}}) {
    INFO(signal);
    const std::size_t files = cli.entries();
    const Result r = cli.shell(
        "{t} synth --shape bitnet-2b4t --layers 8 --out {d}/s.gguf 2>{d}/e & pid=$!\n"
        "until ls {d}/ | grep -q tmp; do sleep 0.02; [ -d /proc/$pid ] || exit 99; done\n"
        "kill -" +
        std::string(signal) + " $pid; wait $pid");
    CHECK(r.code == code);
    std::filesystem::remove(cli.file("e"));
    CHECK(cli.entries() == files);
  }
}

TEST_CASE("a disk that is full is an error also of help and version", "[experiments]") {
  const Cli cli;
  for (const char* command : {"--version", "--help", "bench --help"}) {
    const Result r = cli.shell("{t} " + std::string(command) + " >/dev/full");
    CHECK(r.code == 1);
    CHECK_THAT(r.err, Contains("standard output: cannot write"));
  }
}

}  // namespace
}  // namespace tern::experiments
