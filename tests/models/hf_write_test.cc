// SPDX-License-Identifier: Apache-2.0
//
// State space: tokenizers of both kinds written as Hugging Face files and read again; the
// reference's tokenizers (shared/golden/README.md) likewise, and through a GGUF file.
// Parameters: none.

#include <catch2/catch.hpp>
#include <fstream>

#include "models/gguf_metadata.h"
#include "models/gguf_tokenizer.h"
#include "models/gguf_write.h"
#include "models/hf_tokenizer.h"
#include "models/hf_write_config.h"
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
  return read_hf_tokenizer(folder.file(""));
}

TokenizerData through_gguf(const TempFolder& folder, const TokenizerData& t) {
  Config c = tiny_config();
  c.vocab = t.tokens.size();
  write_gguf(folder.file("t.gguf"), gguf_metadata(c, t, 0), std::span<const TensorStream>());
  const MappedFile file = map_file(folder.file("t.gguf"));
  return read_gguf_tokenizer(Gguf::parse(file.bytes, "t.gguf"));
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

TEST_CASE("a byte-level tokenizer comes back from both kinds of file", "[models]") {
  const TempFolder folder;
  TokenizerData t = synth_tokenizer(2000, 1);
  t.chat_template = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}";
  t.add_eos = GENERATE(false, true);
  t.add_bos = GENERATE(false, true);
  check_equal(through_directory(folder, t), t);
  check_equal(through_gguf(folder, t), t);
}

TEST_CASE("the reference's tokenizers cut every case alike after being written",
          "[models][golden]") {
  const char* name = GENERATE("tokenizer-llama3", "tokenizer-gpt2", "tokenizer-sentencepiece");
  const auto folder = golden(name);
  if (!folder) return;
  const TempFolder work;
  const Tokenizer written(through_directory(work, load_tokenizer(*folder)));
  const Tokenizer in_gguf(through_gguf(work, load_tokenizer(*folder)));
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
