// SPDX-License-Identifier: Apache-2.0
//
// State space: the reference tokenizers' texts, ids and decoded texts (shared/golden/README.md),
// from the files as they are, from a directory, and after a way through GGUF; token by token.
// Parameters: the folders.

#include <catch2/catch.hpp>
#include <filesystem>

#include "models/detokenizer.h"
#include "models/gguf.h"
#include "models/gguf_metadata.h"
#include "models/gguf_tokenizer.h"
#include "models/hf_tokenizer.h"
#include "models/whole_file.h"
#include "tests/models/golden.h"
#include "tests/models/temp_folder.h"
#include "tests/models/tiny_model.h"

namespace tern::models {
namespace {

TokenizerData through_gguf(const TokenizerData& data) {
  const TempFolder folder;
  const std::string path = folder.file("tokenizer.gguf");
  write_gguf(path, gguf_metadata(tiny_config(), data, 0), {});
  return load_tokenizer(path).take();
}

std::string by_token(const Tokenizer& t, const std::vector<TokenId>& ids) {
  Detokenizer detokenizer(t, true);
  std::string text;
  for (const TokenId id : ids) text += detokenizer.add(id);
  return text;
}

void check_cases(const Tokenizer& t, const std::filesystem::path& folder) {
  const nlohmann::json file = read_json(folder / "cases.json");
  std::size_t cases = 0;
  for (const auto& c : file["cases"]) {
    const std::string text = c["text"];
    const auto ids = c["ids"].get<std::vector<TokenId>>();
    INFO(folder << ": " << text);
    CHECK(t.encode(text, false) == ids);
    if (c.contains("ids_with_special"))
      CHECK(t.encode(text, true) == c["ids_with_special"].get<std::vector<TokenId>>());
    CHECK(t.decode(ids, true) == c["decoded"].get<std::string>());
    CHECK(by_token(t, ids) == c["decoded"].get<std::string>());
    ++cases;
  }
  CHECK(cases >= 100);
}

TEST_CASE("tokenizers agree with the reference on every golden text", "[models][golden]") {
  const auto [name, file, tokens] = GENERATE(table<std::string, std::string, std::size_t>(
      {{"tokenizer-gpt2", "tokenizer.json", 700},
       {"tokenizer-llama3", "tokenizer.json", 512},
       {"tokenizer-sentencepiece", "tokenizer.model", 800}}));
  const auto folder = golden(name);
  if (!folder) return;
  const TokenizerData data = load_tokenizer(*folder / file).take();
  CHECK(data.tokens.size() == tokens);
  check_cases(Tokenizer(data), *folder);
  CHECK(load_tokenizer(*folder).data() == data);
  const TokenizerData back = through_gguf(data);
  TokenizerData expected = data;
  if (!data.eos && !data.stops.empty()) expected.eos = data.stops.front();  // see gguf_metadata.cc
  CHECK(back == expected);
  check_cases(Tokenizer(back), *folder);
}

TEST_CASE("the golden tokenizers say how they begin and end a text", "[models][golden]") {
  const auto folder = golden("tokenizer-llama3");
  if (!folder) return;
  const Tokenizer t = load_tokenizer(*folder / "tokenizer.json");
  CHECK(t.data().pre == "llama-bpe");
  CHECK(t.data().add_bos);
  CHECK(t.data().bos == t.id_of("<|begin_of_text|>"));
  CHECK(t.data().stops == std::vector<TokenId>{t.id_of("<|end_of_text|>"), t.id_of("<|eot_id|>")});
}

}  // namespace
}  // namespace tern::models
