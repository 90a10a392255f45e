// SPDX-License-Identifier: Apache-2.0
//
// State space: tokenizer.json files of both kinds, merges as texts and as pairs, every step of a
// pipeline that is done and those that are refused, added tokens, ids with gaps; the files beside
// it; files that are cut, deep, or no JSON.
// Parameters: the pre-tokenizer table.

#include "models/hf_tokenizer.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>

#include "models/pre_tokenizer.h"
#include "models/whole_file.h"
#include "tests/models/temp_folder.h"
#include "tests/models/tiny_sentencepiece.h"

namespace tern::models {
namespace {

using Catch::Contains;
using nlohmann::json;
using Words = std::vector<std::string>;
const std::string kMark(kBlankMark);

std::string message(const std::string& text) {
  try {
    parse_tokenizer_json(text, "f.json");
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "";
}
std::string message(const json& j) { return message(j.dump()); }

Words spelled(const Tokenizer& t, std::string_view text, bool add_special = false) {
  Words out;
  for (const TokenId id : t.encode(text, add_special)) out.push_back(t.data().tokens[id]);
  return out;
}

json added(std::uint64_t id, const std::string& content, bool special = true) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", special}};
}

json byte_level_step(bool use_regex, bool prefix = false) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", prefix}, {"use_regex", use_regex}};
}
json split_step(const std::string& regex) {
  return {{"type", "Split"},
          {"pattern", {{"Regex", regex}}},
          {"behavior", "Isolated"},
          {"invert", false}};
}

// The 256 bytes, "ab", "abc" and <s>.
json byte_level() {
  json vocab = json::object();
  for (int b = 0; b < 256; ++b) vocab[to_byte_alphabet(std::string(1, static_cast<char>(b)))] = b;
  vocab["ab"] = 256;
  vocab["abc"] = 257;
  return {{"added_tokens", {added(258, "<s>")}},
          {"normalizer", nullptr},
          {"pre_tokenizer", byte_level_step(true)},
          {"post_processor", nullptr},
          {"decoder", {{"type", "ByteLevel"}}},
          {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", {"a b", "ab c"}}}}};
}

json sequence(const char* list, json steps) { return {{"type", "Sequence"}, {list, steps}}; }

// As LLaMA-2 has it.
json marked() {
  json vocab = {{"<unk>", 0}, {"<s>", 1}, {"</s>", 2}};
  for (int b = 0; b < 256; ++b) vocab[byte_piece(b)] = 3 + b;
  for (const std::string& token : {kMark, std::string("a"), std::string("b"), kMark + "a"})
    vocab[token] = vocab.size();
  return {{"added_tokens", {added(0, "<unk>"), added(1, "<s>"), added(2, "</s>")}},
          {"normalizer",
           sequence("normalizers",
                    {{{"type", "Prepend"}, {"prepend", kMark}},
                     {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kMark}}})},
          {"pre_tokenizer", nullptr},
          {"post_processor", nullptr},
          {"decoder", nullptr},
          {"model",
           {{"type", "BPE"},
            {"unk_token", "<unk>"},
            {"fuse_unk", true},
            {"byte_fallback", true},
            {"vocab", vocab},
            {"merges", {kMark + " a"}}}}};
}

json template_of(json single) {
  return {{"type", "TemplateProcessing"},
          {"single", single},
          {"special_tokens", {{"<s>", {{"id", "<s>"}, {"ids", {258}}}}}}};
}
const json kText = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
const json kBegin = {{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}};

TEST_CASE("merges are read as texts and as pairs", "[models]") {
  json j = byte_level();
  const TokenizerData texts = parse_tokenizer_json(j.dump(), "f").take();
  CHECK(texts.merges == Words{"a b", "ab c"});
  CHECK(texts.pre == "gpt-2");
  j["model"]["merges"] = {{"a", "b"}, {"ab", "c"}};  // an object
  CHECK_THAT(message(j), Contains("model.merges: expected a list"));
  j["model"]["merges"] = json::array({json::array({"a", "b"}), json::array({"ab", "c"})});
  CHECK(parse_tokenizer_json(j.dump(), "f").data() == texts);
  const Tokenizer t(texts);
  CHECK(spelled(t, "abc<s>ab") == Words{"abc", "<s>", "ab"});
  for (const json& entry : {json(7), json(nullptr), json({"a"}), json({"a", "b", "c"}),
                            json({1, 2}), json::object(), json({json::array(), "a"})}) {
    j["model"]["merges"] = json::array({entry});
    CHECK_THAT(message(j), Contains("f.json: model.merges: entry 0"));
  }
  j["model"]["merges"] = {"ab"};
  CHECK_THAT(message(j), Contains("merges: entry 0 is not two tokens"));
  j["model"]["merges"] = {"a zz"};
  CHECK_THAT(message(j), Contains("merges: entry 0 names what is no token"));
}

TEST_CASE("a cut is known by its patterns, in whatever steps they are spelled", "[models]") {
  for (const PreTokenizerKind& kind : pre_tokenizer_kinds()) {
    json j = byte_level(), steps = json::array();
    for (const std::string_view pattern : kind.patterns)
      if (!pattern.empty()) steps.push_back(split_step(std::string(pattern)));
    steps.push_back(byte_level_step(false));
    j["pre_tokenizer"] = sequence("pretokenizers", steps);
    j["model"]["ignore_merges"] = kind.ignore_merges;
    INFO(kind.name);
    CHECK(parse_tokenizer_json(j.dump(), "f").data().pre == kind.name);
  }
  json j = byte_level();
  j["pre_tokenizer"] = sequence(
      "pretokenizers", {{{"type", "Digits"}, {"individual_digits", true}}, byte_level_step(true)});
  CHECK(parse_tokenizer_json(j.dump(), "f").data().pre == "smollm");
  j["pre_tokenizer"] = sequence("pretokenizers", {split_step("[a-z]+"), byte_level_step(false)});
  CHECK_THAT(message(j), Contains("f.json: pre_tokenizer: ") && Contains("llama-bpe"));
  j["pre_tokenizer"] = byte_level_step(true);
  j["model"]["ignore_merges"] = true;
  CHECK_THAT(message(j), Contains("pre_tokenizer"));
}

TEST_CASE("byte-level text may get a blank in front", "[models]") {
  json j = byte_level();
  j["pre_tokenizer"] = byte_level_step(true, true);
  const Tokenizer t = parse_tokenizer_json(j.dump(), "f");
  CHECK(spelled(t, "ab<s>ab") == Words{"\xC4\xA0", "ab", "<s>", "\xC4\xA0", "ab"});
  CHECK(spelled(t, " ab") == Words{"\xC4\xA0", "ab"});
}

TEST_CASE("what a template adds is added", "[models]") {
  json j = byte_level();
  j["post_processor"] = template_of({kBegin, kText});
  CHECK(spelled(parse_tokenizer_json(j.dump(), "f"), "ab", true) == Words{"<s>", "ab"});
  j["post_processor"] =
      sequence("processors", {{{"type", "ByteLevel"}}, template_of({kText, kBegin})});
  CHECK(spelled(parse_tokenizer_json(j.dump(), "f"), "ab", true) == Words{"ab", "<s>"});
  j["post_processor"] = template_of({kBegin, kBegin, kText});
  CHECK_THAT(message(j), Contains("more than one token"));
  j["post_processor"] = template_of({kBegin});
  CHECK_THAT(message(j), Contains("does not have the text"));
  j["post_processor"] = template_of({kBegin, kText});
  j["post_processor"]["special_tokens"]["<s>"]["ids"] = {4000000000};
  CHECK_THAT(message(j), Contains("post_processor: adds id 4000000000"));
  j["post_processor"] = {{"type", "BertProcessing"}};
  CHECK_THAT(message(j), Contains("'BertProcessing' is not supported"));
}

TEST_CASE("added tokens take blanks around them where they say so", "[models]") {
  json j = byte_level();
  j["added_tokens"].push_back(added(259, "[X]", false));
  j["added_tokens"][1]["lstrip"] = true;
  j["added_tokens"][1]["rstrip"] = true;
  const Tokenizer t = parse_tokenizer_json(j.dump(), "f");
  CHECK(spelled(t, "ab \n\xE2\x80\x83[X] \t ab") == Words{"ab", "[X]", "ab"});
  CHECK(t.decode(t.encode("ab [X] ab", false)) == "ab[X]ab");
  j["added_tokens"][1]["single_word"] = true;
  CHECK_THAT(message(j), Contains("added_tokens[].single_word"));
}

TEST_CASE("ids without a token are unused and ids far away are refused", "[models]") {
  json j = byte_level();
  j["added_tokens"][0]["id"] = 300;
  const TokenizerData d = parse_tokenizer_json(j.dump(), "f").take();
  CHECK(d.tokens.size() == 301);
  CHECK(d.tokens[299] == "[PAD299]");
  CHECK(d.types[299] == TokenType::kUnused);
  j["added_tokens"][0]["id"] = 0xFFFFFFFFu;
  CHECK_THAT(message(j), Contains("<s> has id 4294967295, too large"));
  j["added_tokens"][0]["id"] = 5;
  CHECK_THAT(message(j), Contains("id 5 is of two tokens"));
  j = byte_level();
  j["model"]["vocab"]["ab"] = -1;
  CHECK_THAT(message(j), Contains("model.vocab: ab: is a negative number"));
  j["model"]["vocab"]["ab"] = json::array();
  CHECK_THAT(message(j), Contains("model.vocab: ab: expected an id"));
  j["model"]["vocab"] = json::array({json::array({"a", -1.5})});
  CHECK_THAT(message(j), Contains("model.vocab: expected an object"));
}

TEST_CASE("LLaMA-2's way is read from each of its spellings", "[models]") {
  json j = marked();
  const Tokenizer t = parse_tokenizer_json(j.dump(), "f");
  CHECK(t.data().model == "llama");
  CHECK(spelled(t, "a b</s>a") == Words{kMark + "a", kMark, "b", "</s>", kMark + "a"});
  CHECK(t.decode(t.encode("a b\xC3\xA9", false)) == "a b\xC3\xA9");
  CHECK(t.data().types[0] == TokenType::kUnknown);
  CHECK(t.data().types[70] == TokenType::kByte);
  // The scores stand for the merges where a file has no merges.
  TokenizerData scored = t.data();
  scored.merges.clear();
  CHECK(Tokenizer(scored).encode("a b a", false) == t.encode("a b a", false));

  j["normalizer"] = nullptr;
  j["pre_tokenizer"] = {
      {"type", "Metaspace"}, {"replacement", kMark}, {"prepend_scheme", "first"}, {"split", false}};
  CHECK(spelled(parse_tokenizer_json(j.dump(), "f"), "a</s>a") == Words{kMark + "a", "</s>", "a"});
  j["pre_tokenizer"]["split"] = true;
  CHECK_THAT(message(j), Contains("pre_tokenizer.split"));
  j["pre_tokenizer"] = nullptr;
  CHECK_THAT(message(j), Contains("pre_tokenizer: is neither ByteLevel"));
  j = marked();
  j["added_tokens"].push_back(added(263, "b b", false));
  j["added_tokens"][3]["normalized"] = true;
  CHECK(spelled(parse_tokenizer_json(j.dump(), "f"), "a b b") == Words{kMark + "a", "b b"});
}

TEST_CASE("what is not done is refused by name", "[models]") {
  const auto with = [](const char* pointer, const json& value, json j = byte_level()) {
    j[json::json_pointer(pointer)] = value;
    return message(j);
  };
  CHECK_THAT(with("/model/type", "Unigram"), Contains("model.type: is 'Unigram'"));
  CHECK_THAT(with("/model/dropout", 0.1), Contains("model.dropout: is set"));
  CHECK_THAT(with("/model/continuing_subword_prefix", "##"), Contains("continuing_subword_prefix"));
  CHECK_THAT(with("/model/end_of_word_suffix", "</w>"), Contains("end_of_word_suffix"));
  CHECK_THAT(with("/normalizer", {{"type", "NFC"}}), Contains("'NFC' is not supported"));
  CHECK_THAT(with("/normalizer", marked()["normalizer"]), Contains("together with ByteLevel"));
  CHECK_THAT(with("/pre_tokenizer", {{"type", "Whitespace"}}), Contains("'Whitespace'"));
  CHECK_THAT(with("/pre_tokenizer", {{"type", 3}}), Contains("pre_tokenizer.type"));
  CHECK_THAT(with("/pre_tokenizer", 3), Contains("pre_tokenizer: expected an object"));
  CHECK_THAT(with("/decoder", {{"type", "WordPiece"}}), Contains("'WordPiece'"));
  CHECK_THAT(with("/added_tokens", 1), Contains("added_tokens: expected a list"));
  CHECK_THAT(with("/model/ignore_merges", true, marked()), Contains("model.ignore_merges"));
  CHECK_THAT(with("/model", 1), Contains("model: expected an object"));
  CHECK(with("/model/dropout", nullptr).empty());
}

TEST_CASE("cut deep and bent files are refused in one line", "[models]") {
  const std::string whole = byte_level().dump();
  for (std::size_t size = 0; size < whole.size(); size += 37)
    CHECK(message(whole.substr(0, size)).starts_with("f.json: "));
  CHECK_THAT(message(std::string(5000000, '[')), Contains("nested deeper"));
  std::string wide = "[0";
  for (int i = 0; i < 600000; ++i) wide += ",0";
  CHECK_THAT(message(wide + "]"), Contains("more than 524288 values"));
  CHECK_THAT(message(std::string("{\"model\": 1e999}")), Contains("f.json: "));
  CHECK_THAT(message(std::string("7")), Contains("expected an object"));
  std::mt19937 rng(1);
  for (int round = 0; round < 2000; ++round) {
    std::string bent = whole;
    for (auto n = 1 + rng() % 3; n > 0; --n) bent[rng() % bent.size()] = static_cast<char>(rng());
    const std::string text = message(bent);
    CHECK((text.empty() || text.starts_with("f.json: ")));
    CHECK(text.find('\n') == std::string::npos);
  }
}

TEST_CASE("the files beside a tokenizer say how texts begin and end", "[models]") {
  const TempFolder folder;
  const std::string d = std::filesystem::path(folder.file("x")).parent_path().string();
  const auto write = [&](const char* name, const json& j) {
    write_whole_file(folder.file(name), j.is_string() ? j.get<std::string>() : j.dump());
  };
  CHECK_FALSE(read_hf_tokenizer(d));
  CHECK_THROWS_WITH(load_tokenizer(d), Contains("neither tokenizer.json nor tokenizer.model"));
  json j = byte_level();
  j["added_tokens"].push_back(added(259, "<|eot_id|>"));
  j["added_tokens"].push_back(added(260, "</x>"));
  write("tokenizer.json", j);
  CHECK(load_tokenizer(d).data().stops == std::vector<TokenId>{259});
  write("tokenizer_config.json", {{"bos_token", "<s>"},
                                  {"eos_token", {{"content", "</x>"}}},
                                  {"pad_token", "<pad>"},
                                  {"chat_template", "{{ messages }}"}});
  TokenizerData t = load_tokenizer(d).take();
  CHECK(t.bos == 258u);
  CHECK(t.eos == 260u);
  CHECK(!t.padding);
  CHECK(!t.add_bos);
  CHECK(t.stops == std::vector<TokenId>{259, 260});
  CHECK(t.chat_template == "{{ messages }}");
  write("generation_config.json", {{"eos_token_id", {257, 260}}});
  write("chat_template.jinja", "{{ x }}");
  t = load_tokenizer(d).take();
  CHECK(t.stops == std::vector<TokenId>{257, 259, 260});
  CHECK(t.chat_template == "{{ x }}");
  write("tokenizer_config.json",
        {{"tokenizer_class", "LlamaTokenizerFast"}, {"bos_token", "<s>"}, {"add_bos_token", true}});
  CHECK(load_tokenizer(d).data().add_bos);
  write("tokenizer_config.json", {{"bos_token", "<t>"}});
  CHECK_THROWS_WITH(load_tokenizer(d), Contains("tokenizer_config.json: bos_token: '<t>'"));
  write("tokenizer_config.json", "[]");
  CHECK_THROWS_WITH(load_tokenizer(d), Contains("tokenizer_config.json"));
  write("tokenizer_config.json", json::object());
  write("generation_config.json", {{"eos_token_id", 1000}});
  CHECK_THROWS_WITH(load_tokenizer(d), Contains("generation_config.json: eos_token_id"));
}

TEST_CASE("what is wrong in a directory is said of the file that has it", "[models]") {
  const TempFolder folder;
  const std::string d = std::filesystem::path(folder.file("x")).parent_path().string();
  const auto write = [&](const char* name, const json& j) {
    write_whole_file(folder.file(name), j.is_string() ? j.get<std::string>() : j.dump());
  };
  // The tokenizer's own file, whatever the others hold and however many rows the model has.
  json bad = byte_level();
  bad["model"]["merges"].push_back("a nothing");
  const std::string entry = std::to_string(bad["model"]["merges"].size() - 1);
  write("tokenizer.json", bad);
  const std::string of_json =
      d + "/tokenizer.json: tokenizer: merges: entry " + entry + " names what is no token";
  CHECK_THROWS_WITH(load_tokenizer(d), of_json);
  write("tokenizer_config.json", {{"bos_token", "<t>"}});
  CHECK_THROWS_WITH(load_tokenizer(d), of_json);
  CHECK_THROWS_WITH(read_hf_tokenizer(d, 3), of_json);
  // A file beside it.
  write("tokenizer.json", byte_level());
  CHECK_THROWS_WITH(load_tokenizer(d), Contains("tokenizer_config.json: bos_token: '<t>'"));
  write("tokenizer_config.json", json::object());
  CHECK_THROWS_WITH(read_hf_tokenizer(d, 3), Contains(d + "/config.json: vocab_size: is 3, but"));
  CHECK(read_hf_tokenizer(d, 300)->size() == 300);

  std::filesystem::remove(folder.file("tokenizer.json"));
  const json twice = {
      {"added_tokens_decoder",
       {{"262", {{"content", "a"}, {"special", true}}}, {"261", {{"content", "b"}}}}}};
  write("tokenizer_config.json", twice);
  write("tokenizer.model", model_file({{kMark, -1}, {"a", -2}}));
  // Neither by itself: the directory.
  CHECK_THROWS_WITH(load_tokenizer(d), d + ": tokenizer: tokenizer.ggml.tokens: entry 262 repeats "
                                           "an earlier one");
  write("tokenizer.model", model_file({{kMark, -1}, {"a", -2}, {"a", -3}}));
  CHECK_THROWS_WITH(load_tokenizer(d), Contains("tokenizer.model: pieces: tokenizer.ggml.tokens"));
}

TEST_CASE("a SentencePiece directory has its added tokens behind", "[models]") {
  const TempFolder folder;
  const std::string d = std::filesystem::path(folder.file("x")).parent_path().string();
  const auto write = [&](const char* name, const std::string& text) {
    write_whole_file(folder.file(name), text);
  };
  write("tokenizer.model", model_file({{kMark, -1}, {"a", -2}}));
  CHECK(load_tokenizer(d).data().add_bos);
  CHECK(load_tokenizer(folder.file("tokenizer.model")) == load_tokenizer(d));
  write("tokenizer_config.json",
        json({{"add_bos_token", false},
              {"added_tokens_decoder",
               {{"2", {{"content", "</s>"}, {"special", true}}},
                {"262", {{"content", "<|im_end|>"}, {"special", true}, {"rstrip", true}}}}}})
            .dump());
  const Tokenizer t = load_tokenizer(d);
  CHECK(!t.data().add_bos);
  CHECK(t.size() == 263);
  CHECK(t.data().tokens[261] == "[PAD261]");
  CHECK(t.data().stops == std::vector<TokenId>{2, 262});
  CHECK(spelled(t, "a<|im_end|>  a") == Words{kMark, "a", "<|im_end|>", kMark, "a"});
  write("tokenizer_config.json",
        json({{"added_tokens_decoder", {{"999999", {{"content", "x"}}}}}}).dump());
  CHECK_THROWS_WITH(load_tokenizer(d), Contains("has id 999999"));
}

}  // namespace
}  // namespace tern::models
