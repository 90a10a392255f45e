// SPDX-License-Identifier: Apache-2.0
//
// State space: tokenizers of both kinds written as Hugging Face files and read again; the
// reference's tokenizers (shared/golden/README.md) likewise, and through a GGUF file.
// Parameters: none.

#include "models/hf_write_config.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "models/gguf_metadata.h"
#include "models/gguf_tokenizer.h"
#include "models/gguf_write.h"
#include "models/hf_tokenizer.h"
#include "models/synth_tokenizer.h"
#include "models/whole_file.h"
#include "tests/models/golden.h"
#include "tests/models/temp_folder.h"
#include "tests/models/tiny_model.h"

namespace tern::models {
namespace {

// Written as convert_to_hf does, and read.
TokenizerData through_directory(const TempFolder& folder, const TokenizerData& t) {
  Config c = tiny_config();
  c.vocab = t.tokens.size();
  const NamedText file = hf_tokenizer_file(t);
  write_whole_file(folder.file(file.name), file.text);
  write_whole_file(folder.file("tokenizer_config.json"), hf_tokenizer_config_text(c, t));
  write_whole_file(folder.file("generation_config.json"), hf_generation_config_text(t));
  write_whole_file(folder.file("config.json"),
                   hf_config_text(c, t, {}, HfLinears::kFloat, "float32"));
  return read_hf_tokenizer(folder.file(""))->data();
}

TokenizerData through_gguf(const TempFolder& folder, const TokenizerData& t) {
  Config c = tiny_config();
  c.vocab = t.tokens.size();
  write_gguf(folder.file("t.gguf"), gguf_metadata(c, t, 0), std::span<const TensorStream>());
  const MappedFile file = map_file(folder.file("t.gguf"));
  return read_gguf_tokenizer(Gguf::parse(file.bytes, "t.gguf")).take();
}

void check_equal(const TokenizerData& a, const TokenizerData& b) {
  CHECK(a.model == b.model);
  CHECK(a.tokens == b.tokens);
  CHECK(a.types == b.types);
  CHECK(a.merges == b.merges);
  CHECK(a.pre == b.pre);
  CHECK(a.bos == b.bos);
  CHECK(a.eos == b.eos);
  CHECK(a.unk == b.unk);
  CHECK(a.add_bos == b.add_bos);
  CHECK(a.add_eos == b.add_eos);
  CHECK(a.add_space_prefix == b.add_space_prefix);
  CHECK(a.stops == b.stops);
  CHECK(a.chat_template == b.chat_template);
}

TEST_CASE("tokenizer.json says what the tokenizer is", "[models]") {
  TokenizerData t = synth_tokenizer(600, 1);
  t.tokens.push_back("[PAD600]");
  t.types.push_back(TokenType::kUnused);
  const NamedText file = hf_tokenizer_file(t);
  CHECK(file.name == "tokenizer.json");
  const auto j = nlohmann::json::parse(file.text);
  CHECK(j["model"]["type"] == "BPE");
  CHECK(j["model"]["ignore_merges"] == true);
  CHECK(j["model"]["vocab"].size() == 600 - synth_specials(600));
  for (std::size_t id = 0; id < 600 - synth_specials(600); ++id)
    CHECK(j["model"]["vocab"][t.tokens[id]] == id);
  REQUIRE(j["model"]["merges"].size() == t.merges.size());
  for (std::size_t i = 0; i < t.merges.size(); ++i)
    CHECK(j["model"]["merges"][i][0].get<std::string>() + " " +
              j["model"]["merges"][i][1].get<std::string>() ==
          t.merges[i]);
  CHECK(j["added_tokens"].size() == synth_specials(600));
  CHECK(j["added_tokens"][0]["content"] == "<|begin_of_text|>");
  CHECK(j["added_tokens"][0]["id"] == *t.bos);
  CHECK(j["post_processor"]["type"] == "TemplateProcessing");
  CHECK(j["post_processor"]["special_tokens"]["<|begin_of_text|>"]["ids"][0] == *t.bos);
  CHECK(j["pre_tokenizer"]["pretokenizers"][0]["type"] == "Split");
}

TEST_CASE("tokenizer.model is the protocol buffer of its pieces", "[models]") {
  TokenizerData t;
  t.model = "llama";
  t.tokens = {"<unk>", "a"};
  t.types = {TokenType::kUnknown, TokenType::kNormal};
  t.scores = {0, -1};
  t.unk = 0;
  t.add_space_prefix = true;
  const NamedText file = hf_tokenizer_file(t);
  CHECK(file.name == "tokenizer.model");
  using namespace std::string_literals;
  const std::string minus_one = "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"s;
  const std::string trainer =
      "\x18\x02"s
      "\x20\x02"s
      "\x98\x02\x00"s
      "\xC0\x02\x00"s
      "\xC8\x02"s +
      minus_one + "\xD0\x02"s + minus_one + "\xD8\x02"s + minus_one;
  const std::string expected =
      "\x0A\x0E\x0A\x05<unk>\x15\x00\x00\x00\x00\x18\x02"s
      "\x0A\x0A\x0A\x01"s
      "a\x15\x00\x00\x80\xBF\x18\x01"s +
      "\x12"s + static_cast<char>(trainer.size()) + trainer +
      "\x1A\x10\x0A\x08identity\x18\x01\x20\x00\x28\x01"s;
  CHECK(file.text == expected);
}

TEST_CASE("a byte-level tokenizer comes back from both kinds of file", "[models]") {
  const TempFolder folder;
  TokenizerData t = synth_tokenizer(2000, 1);
  t.chat_template = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}";
  t.add_eos = GENERATE(false, true);
  t.add_bos = GENERATE(false, true);
  check_equal(through_directory(folder, t), t);
  check_equal(through_gguf(folder, t), t);
}

TEST_CASE("without an EOS the first token that ends a reply is written as such", "[models]") {
  const TempFolder folder;
  TokenizerData t = synth_tokenizer(600, 1);
  REQUIRE(t.stops.size() == 2);
  t.eos.reset();
  const TokenizerData back = through_gguf(folder, t);
  CHECK(back.eos == t.stops[0]);  // no key would be a comma to llama.cpp
  CHECK(back.stops == t.stops);
  CHECK_FALSE(back.add_eos);
  t.stops.pop_back();
  const auto j = nlohmann::json::parse(hf_generation_config_text(t));
  CHECK(j["eos_token_id"] == t.stops[0]);
  t.stops.clear();
  const auto none = nlohmann::json::parse(hf_generation_config_text(t));
  CHECK(none["eos_token_id"].is_null());
}

TEST_CASE("the reference's tokenizers cut every case alike after being written",
          "[models][golden]") {
  const char* name = GENERATE("tokenizer-llama3", "tokenizer-gpt2", "tokenizer-sentencepiece");
  const auto folder = golden(name);
  if (!folder) return;
  const TempFolder work;
  const Tokenizer written(through_directory(work, load_tokenizer(*folder).data()));
  const Tokenizer in_gguf(through_gguf(work, load_tokenizer(*folder).data()));
  const nlohmann::json cases = read_json(*folder / "cases.json");
  const nlohmann::json& list = cases.is_array() ? cases : cases["cases"];
  REQUIRE(list.size() > 10);
  for (const nlohmann::json& c : list) {
    const auto text = c["text"].get<std::string>();
    INFO(name << ": " << text);
    const auto ids = c["ids"].get<std::vector<TokenId>>();
    CHECK(written.encode(text, false) == ids);
    CHECK(in_gguf.encode(text, false) == ids);
    if (c.contains("ids_with_special"))
      CHECK(written.encode(text, true) == c["ids_with_special"].get<std::vector<TokenId>>());
  }
}

}  // namespace
}  // namespace tern::models
