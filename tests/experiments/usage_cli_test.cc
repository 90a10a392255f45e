// SPDX-License-Identifier: Apache-2.0
//
// State space: the command line itself: commands and options that are none, numbers at and beyond
// both ends of their ranges, help. Parameters: one small random checkpoint.

#include <catch2/catch.hpp>

#include "tests/experiments/cli.h"

namespace tern::experiments {
namespace {

using Catch::Contains;

TEST_CASE("wrong usage is one line and exit code 2", "[experiments]") {
  const Cli cli;
  for (const char* arguments : {"",
                                "frobnicate",
                                "generate",
                                "generate {m}",
                                "generate {m} --prompt a --prompt-file b",
                                "generate {m} --prompt a --engine gpu",
                                "generate {m} --prompt a --isa mmx",
                                "generate {m} --prompt a --layout i2_s",
                                "generate {m} --prompt a --threads 0",
                                "generate {m} --prompt a --threads many",
                                "generate {m} --prompt a -n 0",
                                "generate {m} --prompt a -n -3",
                                "generate {m} --prompt a --temperature -1",
                                "generate {m} --prompt a --top-p 2",
                                "generate {m} --prompt a --nonsense",
                                "perplexity {m}",
                                "perplexity {m} --file a --ids-file b",
                                "perplexity {m} --file a --mode some",
                                "logits {m}",
                                "logits {m} --ids 1 --text a",
                                "generate {m} --prompt a --min-p 2",
                                "generate {m} --prompt a --repeat-penalty 0",
                                "inspect",
                                "formats {m} --rows 32",
                                "formats --zero-fraction 1.5",
                                "formats --zero-fraction nan",
                                "formats --cols -1",
                                "formats --rows 0"}) {
    INFO(arguments);
    check_refused(cli.run(arguments), 2, "--help");
  }
}

TEST_CASE("a number out of its range is answered by the range", "[experiments]") {
  const Cli cli;
  const auto refused = [&](const std::string& arguments, const std::string& line) {
    INFO(arguments);
    const Result r = cli.run(arguments);
    check_refused(r, 2, line);
    CHECK(r.err.size() < 120);
  };
  const std::string generate = "generate {m} --prompt a ";
  refused(generate + "-n 0", "--tokens: found 0, expected at least 1 (");
  refused(generate + "-n -3", "--tokens: found -3, expected at least 1 (");
  refused(generate + "-n many", "--tokens: found many, expected at least 1 (");
  refused(generate + "-n 1.5", "--tokens: found 1.5, expected at least 1 (");
  for (const char* number : {"18446744073709551616", "99999999999999999999999"})
    refused(generate + "-n " + number,
            std::string("--tokens: found ") + number + ", expected 1 to 18446744073709551615 (");
  refused(generate + "--temperature 1e999", "found 1e999, expected 0 to 1.7976931348623157e+308 (");
  refused(generate + "--threads 99999999999999999999999", "expected 1 to 1024 (");
  refused(generate + "--threads 0", "--threads: found 0, expected 1 to 1024 (");
  refused(generate + "--temperature -1", "--temperature: found -1, expected at least 0 (");
  refused(generate + "--temperature nan", "--temperature: found nan, expected at least 0 (");
  refused(generate + "--top-p 1.01", "--top-p: found 1.01, expected 0 to 1 (");
  refused(generate + "--seed -1", "--seed: found -1, expected a whole number of at least 0 (");
  refused(generate + "--top-k 18446744073709551616",
          "--top-k: found 18446744073709551616, expected 0 to 18446744073709551615 (");
  refused(generate + "--repeat-last -2", "--repeat-last: found -2, expected at least -1 (");
  refused("perplexity {m} --file a --context -1", "--context: found -1, expected a whole number");
  refused("train --out {d}/t --learning-rate 0", "--learning-rate: found 0, expected above 0 (");
  refused("stories -n -1", "--stories: found -1");
  CHECK(cli.run(generate + "-n 1 --seed 18446744073709551615 --threads 1024").code == 0);
  CHECK(cli.run(generate + "-n 1 --repeat-penalty 2 --repeat-last -1").code == 0);
  CHECK(cli.run(generate + "-n 0x1 --temperature 1e-3 --top-p 1").code == 0);
  CHECK(cli.run(generate + "-n 1 --temperature 1 --top-p 0 --min-p 1").code == 0);
}

TEST_CASE("a command that is none is named beside those that are", "[experiments]") {
  const Cli cli;
  check_refused(cli.run("foo --bar"), 2, "there is no command 'foo': expected one of ");
  const Result none = cli.run("");
  check_refused(none, 2, "no command: expected one of ");
  CHECK_THAT(none.err, Contains("chat, compare, convert") && Contains("tokenize, train (--help") &&
                           !Contains("level"));
  check_refused(cli.run("--foo"), 2, "--foo");
  check_refused(cli.run("--foo generate {m} --prompt a"), 2, "--foo");
  check_refused(cli.run("--"), 2, "no command: expected one of ");
}

TEST_CASE("help and version go to standard output", "[experiments]") {
  const Cli cli;
  const Result help = cli.run("--help");
  CHECK(help.code == 0);
  CHECK_THAT(help.out, Contains("generate") && Contains("inspect") && Contains("perplexity"));
  CHECK(cli.run("generate --help").code == 0);
  CHECK(cli.run("--version").out.starts_with("tern "));
}

}  // namespace
}  // namespace tern::experiments
