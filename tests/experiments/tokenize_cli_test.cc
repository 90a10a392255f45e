// SPDX-License-Identifier: Apache-2.0
//
// State space: tokenize and detokenize over every kind of file that has a tokenizer; texts and ids
// from the command line and from files, any bytes; JSON; ids that are none, too large or missing.
// Parameters: the kinds of files.

#include <random>

#include "tests/experiments/cli.h"
#include "tests/models/tiny_sentencepiece.h"

namespace tern::experiments {
namespace {

using nlohmann::json;

// A tokenizer.json of bytes alone, with <s> before every text.
std::string byte_json() {
  json vocab;
  for (int b = 0; b < 256; ++b)
    vocab[models::to_byte_alphabet(std::string(1, static_cast<char>(b)))] = b;
  return json{{"added_tokens", {{{"id", 256}, {"content", "<s>"}, {"special", true}}}},
              {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
              {"post_processor",
               {{"type", "TemplateProcessing"},
                {"single", {{{"SpecialToken", {{"id", "<s>"}}}}, {{"Sequence", {{"id", "A"}}}}}},
                {"special_tokens", {{"<s>", {{"ids", {256}}}}}}}},
              {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", json::array()}}}}
      .dump();
}

TEST_CASE("every kind of file tokenizes and gives the bytes back", "[experiments]") {
  const Cli cli;
  models::write_whole_file(cli.file("tokenizer.json"), byte_json());
  models::write_whole_file(cli.file("tokenizer.model"),
                           models::model_file({{std::string(models::kBlankMark), -1}, {"a", -2}}));
  std::string bytes = "a  \xC3\xA9\n";
  std::mt19937 rng(1);
  for (int i = 0; i < 300; ++i) bytes += static_cast<char>(rng() % 256);
  models::write_whole_file(cli.file("text"), bytes);
  for (const char* name : {"model.gguf", "tokenizer.json", "tokenizer.model", "."}) {
    INFO(name);
    const std::string model = cli.file(name);
    const Result to = cli.run("tokenize " + model + " --no-special --file {d}/text --json {d}/ids");
    REQUIRE(to.code == 0);
    const json j = json_of(cli.file("ids"));
    CHECK(j["schema"] == "tern.tokenize");
    CHECK(j["text_bytes"] == bytes.size());
    CHECK(j["ids"].dump() == "[" + to.out.substr(0, to.out.size() - 1) + "]");
    models::write_whole_file(cli.file("list"), j["ids"].dump());
    const Result back = cli.run("detokenize " + model + " --ids-file {d}/list --json {d}/back");
    REQUIRE(back.code == 0);
    CHECK(back.out == bytes);
    CHECK(json_of(cli.file("back"))["valid_utf8"] == false);
  }
}

TEST_CASE("special tokens are added unless told otherwise", "[experiments]") {
  const Cli cli;
  models::write_whole_file(cli.file("t.json"), byte_json());
  CHECK(cli.run("tokenize {d}/t.json --text 'A<s>'").out == "256,65,256\n");
  CHECK(cli.run("tokenize {d}/t.json --no-special --text 'A<s>'").out == "65,256\n");
  // Nothing at all: of a text, of a file and of ids.
  CHECK(cli.run("tokenize {d}/t.json --no-special --text ''").out == "\n");
  CHECK(cli.run("tokenize {d}/t.json --text ''").out == "256\n");
  models::write_whole_file(cli.file("empty"), "");
  CHECK(cli.run("tokenize {d}/t.json --no-special --file {d}/empty").out == "\n");
  CHECK(cli.run("tokenize {d}/t.json --file {d}/empty").out == "256\n");
  for (const char* none : {"--ids ''", "--ids ' '", "--ids '[]'", "--ids-file {d}/empty"}) {
    INFO(none);
    const Result r = cli.run("detokenize {d}/t.json --json {d}/j " + std::string(none));
    CHECK(r.code == 0);
    CHECK(r.out.empty());
    CHECK(json_of(cli.file("j"))["ids"] == json::array());
  }
  CHECK(cli.run("tokenize {d}/t.json --pieces --text '\"'").out ==
        "     256  \"<s>\"\n      34  \"\\\"\"\n");
  CHECK(cli.run("detokenize {d}/t.json --ids 256,65").out == "<s>A");
  CHECK(cli.run("detokenize {d}/t.json --ids '[256, 65]' --skip-special").out == "A");
}

TEST_CASE("special tokens that a text spells are plain text where that is asked for",
          "[experiments]") {
  const Cli cli;
  models::write_whole_file(cli.file("t.json"), byte_json());
  CHECK(cli.run("tokenize {d}/t.json --no-parse-special --text 'A<s>'").out ==
        "256,65,60,115,62\n");
  models::write_whole_file(
      cli.file("t.model"),
      models::model_file({{std::string(models::kBlankMark), -1}, {"a", -2}, {"s", -3}}));
  const std::string text = "a<s>a </s> a<unk><0x61>";
  models::write_whole_file(cli.file("text"), text);
  const auto back = [&](const std::string& option) {
    REQUIRE(cli.run("tokenize {d}/t.model --file {d}/text --no-special --json {d}/ids " + option)
                .code == 0);
    const json j = json_of(cli.file("ids"));
    CHECK(j["special_parsed"] == option.empty());
    models::write_whole_file(cli.file("list"), j["ids"].dump());
    CHECK((j["ids"].dump().find(",1,") == std::string::npos) == !option.empty());
    return cli.run("detokenize {d}/t.model --ids-file {d}/list").out;
  };
  CHECK(back("--no-parse-special") == text);
  CHECK(back("") != text);  // a blank goes before what follows <s>
}

TEST_CASE("a text may come from a pipe and a tokenizer may not", "[experiments]") {
  const Cli cli;
  models::write_whole_file(cli.file("t.json"), byte_json());
  for (const char* named : {"--file -", "--file /dev/stdin", "--file <(printf 'AB')"}) {
    INFO(named);
    CHECK(cli.shell("printf 'AB' | {t} tokenize {d}/t.json " + std::string(named)).out ==
          "256,65,66\n");
  }
  CHECK(cli.shell("printf '65 66' | {t} detokenize {d}/t.json --ids-file -").out == "AB");
  check_refused(cli.shell("{t} tokenize <(cat {m}) --text A"), 1,
                "not a regular file; only texts may come from a pipe");
}

TEST_CASE("JSON on standard output stands there alone", "[experiments]") {
  const Cli cli;
  models::write_whole_file(cli.file("t.json"), byte_json());
  // A file's text stays where it is, a pipe's as well; what was there is added to.
  for (const char* to : {">{d}/o", ">>{d}/o", "| cat >{d}/o"}) {
    INFO(to);
    models::write_whole_file(cli.file("o"), "before\n");
    const Result r =
        cli.shell("{t} tokenize {d}/t.json --text AB --json /dev/stdout " + std::string(to));
    CHECK(r.code == 0);
    const std::string text = models::read_file(cli.file("o"));
    const std::string before = std::string(to).starts_with(">>") ? "before\n" : "";
    CHECK(text.starts_with(before + "{"));
    CHECK(json::parse(text.substr(before.size()))["ids"] == json({256, 65, 66}));
    CHECK(r.err == "256,65,66\n");
  }
}

TEST_CASE("ids and files that are none are refused", "[experiments]") {
  const Cli cli;
  models::write_whole_file(cli.file("t.json"), byte_json());
  const auto ids = [&](const std::string& list) {
    return cli.run("detokenize {d}/t.json --ids '" + list + "'");
  };
  check_refused(ids("257"), 1, "--ids: found token 257, expected 0 to 256");
  check_refused(ids("99999999999999999999"), 1, "--ids: found token 9999");
  check_refused(ids("-1"), 1, "--ids: found '-1'");
  check_refused(ids("1,,2"), 1, "--ids: found an empty entry after token 1");
  check_refused(ids("1, ,2"), 1, "--ids: found an empty entry after token 1");
  check_refused(ids("[3,4,]"), 1, "--ids: found an empty entry after token 4");
  check_refused(ids(" ,5"), 1, "--ids: found an empty entry at the beginning");
  check_refused(ids(","), 1, "--ids: found an empty entry at the beginning");
  CHECK(ids("65 66,67 ,68\t, 69\n").out == "ABCDE");
  check_refused(ids("1;2"), 1, "--ids: found '1;2'");
  check_refused(cli.run("detokenize {d}/t.json --ids-file {d}/none"), 1, "none: cannot open");
  check_refused(cli.run("detokenize {d}/t.json"), 2, "--ids or --ids-file");
  check_refused(cli.run("tokenize {d}/t.json"), 2, "--text or --file");
  check_refused(cli.run("tokenize {d}/none --text a"), 1, "none: cannot open");
  models::write_whole_file(cli.file("junk"), "{\"model\":");
  check_refused(cli.run("tokenize {d}/junk --text a"), 1, "junk: is no JSON at byte");
  models::write_whole_file(cli.file("tokenizer.json"), "[[[[");
  check_refused(cli.run("tokenize {d}/tokenizer.json --text a"), 1,
                "tokenizer.json: is no JSON at byte");
  models::write_whole_file(cli.file("tokenizer.json"), "no JSON");
  check_refused(cli.run("tokenize {d}/tokenizer.json --text a"), 1,
                "tokenizer.json: is no JSON at byte");
  models::write_whole_file(cli.file("junk"), "\n[[[[");
  check_refused(cli.run("tokenize {d}/junk --text a"), 1, "junk: is no JSON at byte");
  models::write_whole_file(cli.file("tokenizer.model"), "{}");
  check_refused(cli.run("tokenize {d}/tokenizer.model --text a"), 1,
                "this is no SentencePiece model");
  models::write_whole_file(cli.file("junk"), "\x7F junk");
  check_refused(cli.run("tokenize {d}/junk --text a"), 1, "this is no SentencePiece model");
}

}  // namespace
}  // namespace tern::experiments
