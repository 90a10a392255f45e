// SPDX-License-Identifier: Apache-2.0
//
// State space: `tern synth`, `tern convert` and `tern inspect` as a user runs them: what they say
// and write, what they refuse, and what is left when the disk is full, when Ctrl-C stops them or
// kill -9 does.
// Parameters: small synthetic models.

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <map>

#include "tests/experiments/cli.h"

namespace tern::experiments {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;

// The folder of a Cli with a.gguf, a synthetic model.
struct Synth : Cli {
  explicit Synth(const std::string& options = "") {
    const Result r = run("synth --shape tiny --out {d}/a.gguf " + options);
    REQUIRE(r.code == 0);
    REQUIRE(r.err.empty());
  }
};

TEST_CASE("synth writes a model that generates", "[experiments]") {
  const Cli cli;
  const Result r = cli.run("synth --shape tiny --out {d}/a.gguf --json {d}/j --zeros 0.6 --seed 5");
  REQUIRE(r.code == 0);
  CHECK_THAT(r.out, Contains("a.gguf: 24 tensors, "));
  const auto j = json_of(cli.file("j"));
  CHECK(j["schema"] == "tern.synth");
  CHECK(j["bytes"] == fs::file_size(cli.file("a.gguf")));
  CHECK(j["linears"] == "i2_s");
  CHECK(j["zero_fraction"] == 0.6);
  CHECK(j["tokens"] == 1024);
  const Result text = cli.run("generate {d}/a.gguf --prompt 'A cat' -n 8 --temperature 0");
  CHECK(text.code == 0);
  CHECK_THAT(text.out, Contains("A cat"));
  REQUIRE(cli.run("inspect {d}/a.gguf --json {d}/i").code == 0);
  const double zeros = json_of(cli.file("i"))["totals"]["ternary"]["zero_fraction"];
  CHECK(std::fabs(zeros - 0.6) < 0.01);
}

TEST_CASE("synth takes layers vocabulary context and formats", "[experiments]") {
  const Cli cli;
  REQUIRE(cli.run("synth --shape tiny-llama --layers 1 --vocab 600 --context 77 --linears i2_s_arm "
                  "--head bf16 --embeddings f32 --head-rows uniform --out {d}/a")
              .code == 0);
  REQUIRE(cli.run("inspect {d}/a --json {d}/j").code == 0);
  const auto j = json_of(cli.file("j"));
  CHECK(j["config"]["layers"] == 1);
  CHECK(j["config"]["vocab"] == 600);
  CHECK(j["config"]["context"] == 77);
  std::map<std::string, std::string> types;
  for (const auto& t : j["tensors"]) types[t["name"]] = t["type"];
  CHECK(types["token_embd.weight"] == "F32");
  CHECK(types["output.weight"] == "BF16");
  CHECK(types["blk.0.ffn_up.weight"] == "I2_S");
}

TEST_CASE("synth and convert do not depend on threads", "[experiments]") {
  const Synth cli("--threads 1");
  const Result r = cli.shell(
      "set -e\n{t} synth --shape tiny --out {d}/b --threads 3\ncmp {d}/a.gguf {d}/b\n"
      "{t} convert {d}/b {d}/c.gguf --linears tq1_0 --threads 1\n"
      "{t} convert {d}/b {d}/d.gguf --linears tq1_0 --threads 3\ncmp {d}/c.gguf {d}/d.gguf\n");
  INFO(r.out << r.err);
  CHECK(r.code == 0);
}

TEST_CASE("the shapes that bitnet.cpp has TL1 and TL2 for go through them unchanged",
          "[experiments]") {
  const Cli cli;
  const Result r = cli.shell(
      "set -e; shape='--shape bitnet-700m --layers 1 --vocab 600'\n"
      "{t} synth $shape --out {d}/a\n{t} convert {d}/a {d}/i --to gguf\n"
      "for tl in tl1 tl2; do\n"
      "{t} synth $shape --linears $tl --out {d}/b\n"
      "{t} convert {d}/a {d}/c --to gguf --linears $tl\n"
      "{t} convert {d}/b {d}/e --to gguf\ncmp {d}/c {d}/e\n"
      "{t} convert {d}/c {d}/e --to gguf --linears i2_s\ncmp {d}/i {d}/e\ndone\n");
  INFO(r.out << r.err);
  CHECK(r.code == 0);
}

TEST_CASE("convert says what became of every matrix", "[experiments]") {
  const Synth cli;
  const Result r = cli.run("convert {d}/a.gguf {d}/b.gguf --linears tq2_0 --json {d}/j");
  REQUIRE(r.code == 0);
  CHECK_THAT(r.out,
             Contains("i2_s -> tq2_0") && Contains("0 trits changed") && Contains("f16 -> f16"));
  const auto j = json_of(cli.file("j"));
  CHECK(j["schema"] == "tern.convert");
  CHECK(j["to"] == "gguf");
  CHECK(j["bytes"] == fs::file_size(cli.file("b.gguf")));
  REQUIRE(j["matrices"].size() == 15);
  for (const auto& m : j["matrices"]) {
    if (m["name"] == "token_embd.weight") continue;
    CHECK(m["to"] == "tq2_0");
    CHECK(m["trits_changed"] == 0);
    const double scale = m["scale"], written = m["scale_written"];
    CHECK(m["max_error"].get<double>() == Approx(std::fabs(scale - written)));
    CHECK(std::fabs(scale - written) < scale / 2000);
  }
  const Result dense = cli.run("convert {d}/a.gguf {d}/c.gguf --linears f32 --head f32");
  CHECK_THAT(dense.out, Contains("i2_s -> f32") && Contains("weights within 0\n"));
}

TEST_CASE("convert says when ternary linears lose their INT8 activations", "[experiments]") {
  const Synth cli;
  const std::string lost =
      ": 14 ternary linears become f16, which multiplies activations as they are and not in INT8: "
      "the results change\n";
  const Result dense = cli.run("convert {d}/a.gguf {d}/b.gguf --linears f16 --json {d}/j");
  CHECK(dense.code == 0);
  CHECK(dense.err == cli.file("b.gguf") + lost);
  CHECK(json_of(cli.file("j"))["notes"].size() == 1);
  CHECK(cli.run("convert {d}/a.gguf {d}/b --linears f16").err == cli.file("b") + lost);
  // Ternary linears remain so, and dense ones never were.
  for (const char* quiet :
       {"{d}/a.gguf {d}/c.gguf --linears tq1_0", "{d}/a.gguf {d}/c",
        "{d}/a.gguf {d}/e --linears masters", "{d}/b.gguf {d}/d.gguf",
        "{d}/b.gguf {d}/d.gguf --linears f32", "{d}/b.gguf {d}/d.gguf --ternarize"}) {
    INFO(quiet);
    const Result r = cli.run("convert " + std::string(quiet));
    CHECK(r.code == 0);
    CHECK(r.err.empty());
  }
}

TEST_CASE("convert writes a directory with all that transformers wants", "[experiments]") {
  const Synth cli;
  REQUIRE(cli.run("convert {d}/a.gguf {d}/hf --shard-size 300KB --json {d}/j").code == 0);
  for (const char* name : {"config.json", "generation_config.json", "tokenizer.json",
                           "tokenizer_config.json", "model.safetensors.index.json"}) {
    INFO(name);
    CHECK(json_of(cli.file(std::string("hf/") + name)).is_object());
  }
  const auto index = json_of(cli.file("hf/model.safetensors.index.json"));
  for (const auto& [tensor, file] : index["weight_map"].items())
    CHECK(fs::exists(cli.file("hf/" + file.get<std::string>())));
  CHECK_THAT(json_of(cli.file("hf/tokenizer_config.json"))["chat_template"].get<std::string>(),
             Contains("message['content']"));
  // A directory gives the same file again, name and all.
  const Result back = cli.shell(
      "set -e\n{t} convert {d}/hf {d}/b.gguf --name 'tiny synthetic'\ncmp {d}/a.gguf {d}/b.gguf\n");
  INFO(back.out << back.err);
  CHECK(back.code == 0);
  REQUIRE(cli.run("inspect {d}/hf --json {d}/i").code == 0);
  REQUIRE(cli.run("inspect {d}/a.gguf --json {d}/g").code == 0);
  const auto hf = json_of(cli.file("i")), gguf = json_of(cli.file("g"));
  CHECK(hf["totals"]["ternary_weights"] == gguf["totals"]["ternary_weights"]);
  CHECK(hf["totals"]["ternary"] == gguf["totals"]["ternary"]);
  CHECK(hf["totals"]["ternary_bits_per_weight"] == 2);
  for (std::size_t l = 0; l < 2; ++l)
    for (const auto& [slot, matrix] : gguf["layers"][l]["linears"].items())
      CHECK(hf["layers"][l]["linears"][slot]["zero_fraction"] == matrix["zero_fraction"]);
  CHECK(hf["keys"]["hidden_size"] == 256);
}

TEST_CASE("convert never replaces what it reads or what it must not", "[experiments]") {
  const Synth cli;
  check_refused(cli.run("convert {d}/a.gguf {d}/./a.gguf"), 1, "replace what the command reads");
  REQUIRE(cli.run("convert {d}/a.gguf {d}/hf").code == 0);
  check_refused(cli.run("convert {d}/a.gguf {d}/hf"), 1, "hf: is not empty");
  check_refused(cli.run("convert {d}/hf {d}/hf"), 1, "replace what the command reads");
  check_refused(cli.run("convert {d}/hf {d}/hf/model.safetensors --to gguf"), 1,
                "replace what the command reads");
  check_refused(cli.run("convert {d}/hf {d}/b.gguf --json {d}/hf/config.json"), 1,
                "replace what the command reads");
  check_refused(cli.run("convert {d}/a.gguf {d}/hf --to gguf"), 1, "hf: is a directory");
  check_refused(cli.run("convert {d}/a.gguf {d}/b/c.gguf"), 1, "c.gguf: cannot write");
  check_refused(cli.run("convert {d}/a.gguf {d}/b/c"), 1, "c: cannot write");
  check_refused(cli.run("convert {d}/no.gguf {d}/b.gguf"), 1, "no.gguf: cannot open");
  check_refused(cli.run("convert {d}/a.gguf {d}/b.gguf --linears nope"), 1,
                "GGUF files hold no format 'nope', expected one of f32, f16");
  check_refused(cli.run("convert {d}/a.gguf {d}/b --linears q8"), 1,
                "directories hold no format 'q8', expected one of f32, f16, bf16, hf_u8, masters");
  for (const char* option : {"--linears", "--embeddings", "--head"}) {
    INFO(option);
    const std::string empty = std::string(option) + " ''";
    check_refused(cli.run("convert {d}/a.gguf {d}/b.gguf " + empty), 1,
                  "GGUF files hold no format '', expected one of f32, f16");
    check_refused(cli.run("convert {d}/a.gguf {d}/b " + empty), 1,
                  "directories hold no format '', expected one of f32, f16, bf16");
    check_refused(cli.run("synth --shape tiny-llama --out {d}/b " + empty), 1,
                  "format '', expected one of f32, f16");
  }
  check_refused(cli.run("synth --shape nope --out {d}/b"), 1, "no shape 'nope', expected one of");
  check_refused(cli.run("synth --shape bitnet-3b --linears i2_s --out {d}/b"), 1,
                "blk.0.ffn_down.weight: i2_s needs columns in multiples of 128, found 8640");
  check_refused(cli.run("convert {d}/a.gguf {d}/b.gguf --linears tl2"), 1,
                "blk.0.attn_q.weight: 256 x 256 has no preset of tiles");
  check_refused(cli.run("synth --shape tiny --vocab 100 --out {d}/b"), 1, "100 is too small");
  check_refused(cli.run("synth --shape tiny --out {d}/no/b"), 1, "b: cannot write");
  check_refused(cli.run("synth --shape tiny --zeros 2 --out {d}/b"), 2, "--zeros");
  check_refused(cli.run("synth --shape tiny"), 2, "--out");
  check_refused(cli.run("convert {d}/a.gguf"), 2, "out");
  CHECK_FALSE(fs::exists(cli.file("b")));
  CHECK_FALSE(fs::exists(cli.file("b.gguf")));
}

TEST_CASE("a full disk leaves the old file and one line", "[experiments]") {
  const Synth cli;
  const std::size_t before = cli.entries();
  const std::string old = models::read_file(cli.file("a.gguf"));
  for (const char* command :
       {"synth --shape tiny --seed 3 --out {d}/a.gguf",
        "convert {d}/a.gguf {d}/b.gguf --linears f32", "convert {d}/a.gguf {d}/hf"}) {
    INFO(command);
    // A file of more than 200 KiB is refused, as by a full disk.
    check_refused(cli.shell(std::string("trap '' XFSZ; ulimit -f 200; {t} ") + command), 1,
                  ": cannot write: File too large");
    CHECK(cli.entries() == before);
  }
  CHECK(models::read_file(cli.file("a.gguf")) == old);
}

TEST_CASE("a kill leaves nothing under the name", "[experiments]") {
  const Cli cli;
  models::write_whole_file(cli.file("a.gguf"), "old");
  // Some 930 MB, a second of work: it is at it when the first bytes are there.
  const std::string script =
      "{t} synth --shape bitnet-2b4t --layers 6 --vocab 20000 --linears f16 --out {d}/a.gguf & "
      "pid=$!\n"
      "until ls {d}/*.tmp$pid >/dev/null 2>&1; do kill -0 $pid || exit 99; done\n";
  const Result killed = cli.shell(script + "kill -9 $pid; wait $pid");
  CHECK(killed.code == 137);
  CHECK((models::read_file(cli.file("a.gguf")) == "old"));  // not printed
  const Result r = cli.shell("rm -f {d}/*.tmp*\n" + script + "kill -INT $pid; wait $pid");
  CHECK(r.code == 130);
  CHECK(r.err.empty());
  CHECK((models::read_file(cli.file("a.gguf")) == "old"));
  CHECK(cli.entries() == 2);  // model.gguf and a.gguf
}

TEST_CASE("inspect shows bits zeros and entropy per layer", "[experiments]") {
  const Synth cli;
  const Result r = cli.run("inspect {d}/a.gguf --json {d}/j");
  REQUIRE(r.code == 0);
  CHECK_THAT(r.out, Contains("tokenizer gpt2, pre-tokenizer llama-bpe: 1024 tokens (16 control") &&
                        Contains("<|begin_of_text|>") && Contains("layer") &&
                        Contains("blk.1.ffn_down.weight"));
  const auto j = json_of(cli.file("j"));
  REQUIRE(j["layers"].size() == 2);
  double zeros = 0;
  for (const auto& layer : j["layers"]) {
    CHECK(layer["linears"].size() == 7);
    CHECK(layer["weights"] == 786432);
    CHECK(layer["bits_per_weight"].get<double>() == Approx(2 + 7 * 32 * 8 / 786432.0));
    CHECK(layer["entropy_bits_per_weight"].get<double>() < std::log2(3.0));
    zeros += layer["zero_fraction"].get<double>() / 2;
  }
  CHECK(zeros == Approx(j["totals"]["ternary"]["zero_fraction"].get<double>()));
  CHECK(j["tokenizer"]["bos"]["text"] == "<|begin_of_text|>");

  const Result layers = cli.run("inspect {d}/a.gguf --layers");
  CHECK_THAT(layers.out, Contains("entropy") && !Contains("blk.1") && !Contains("general.name"));
  const Result headers = cli.run("inspect {d}/a.gguf --no-weights --json {d}/n");
  CHECK(headers.code == 0);
  const auto n = json_of(cli.file("n"));
  CHECK(n["tensors"].size() == j["tensors"].size());
  CHECK_FALSE(n["layers"][0].contains("zero_fraction"));
  CHECK(n["layers"][0]["bits_per_weight"] == j["layers"][0]["bits_per_weight"]);
}

TEST_CASE("rows that are packed together are counted and multiplied together", "[experiments]") {
  const Cli cli;
  REQUIRE(
      cli.shell("{t} synth --shape bitnet-700m --layers 1 --vocab 512 --out {d}/i2s.gguf").code ==
      0);
  REQUIRE(cli.shell("{t} convert {d}/i2s.gguf {d}/tl2.gguf --linears tl2").code == 0);
  for (const char* name : {"i2s", "tl2"}) {
    const std::string file = "{d}/" + std::string(name) + ".gguf";
    REQUIRE(cli.shell("{t} inspect " + file + " --json " + file + ".inspect").code == 0);
    for (const char* engine : {"cpu", "reference"})
      REQUIRE(cli.shell("{t} logits " + file + " --ids 1,2 --kv f32 --engine " + engine +
                        " --json " + file + "." + engine)
                  .code == 0);
    CHECK(json_of(cli.file(std::string(name) + ".gguf.cpu"))["logits"] ==
          json_of(cli.file("i2s.gguf.cpu"))["logits"]);
    CHECK(json_of(cli.file(std::string(name) + ".gguf.reference"))["logits"] ==
          json_of(cli.file("i2s.gguf.reference"))["logits"]);
  }
  CHECK(json_of(cli.file("tl2.gguf.inspect"))["layers"][0]["linears"]["attn_q"]["type"] == "TL2");
  const auto zeros = [&](const char* name) {
    return json_of(cli.file(name))["totals"]["ternary"]["zero_fraction"];
  };
  REQUIRE(zeros("i2s.gguf.inspect").is_number());
  CHECK(zeros("i2s.gguf.inspect") == zeros("tl2.gguf.inspect"));
}

TEST_CASE("a directory of weights alone says that it has no tokenizer", "[experiments]") {
  const Synth cli;
  REQUIRE(cli.run("convert {d}/a.gguf {d}/hf").code == 0);
  for (const auto& entry : fs::directory_iterator(cli.file("hf")))
    if (entry.path().filename().string().starts_with("token")) fs::remove(entry.path());
  CHECK(cli.run("logits {d}/hf --ids 1,2 --json {d}/j").code == 0);
  for (const char* command : {"generate {d}/hf --prompt a", "chat {d}/hf"})
    check_refused(cli.run(command), 1, cli.file("hf") + ": has no tokenizer");
}

}  // namespace
}  // namespace tern::experiments
