// SPDX-License-Identifier: Apache-2.0
//
// State space: keys that change the results in ways that are not computed, each with values that
// do and that do not; windows of attention below, at and beyond the context. What else a key may be
// is in checkpoint_test.cc. Parameters: none.

#include "models/gguf_config.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "models/checkpoint.h"
#include "tests/models/temp_folder.h"
#include "tests/models/tiny_model.h"

namespace tern::models {
namespace {

using Catch::Contains;

// Of a small checkpoint with one key more.
Config read_with(const std::string& key, const GgufValue& value) {
  const TempFolder folder;
  write_checkpoint(folder.file("m"), random_master(tiny_config(), 1), tiny_tokenizer(300),
                   Flavour::kTernary);
  const std::string bytes = read_file(folder.file("m"));
  const Gguf whole = Gguf::parse(std::as_bytes(std::span(bytes)), "file");
  auto values = whole.values();
  values.emplace_back("bitnet-b1.58." + key, value);
  write_gguf(folder.file("w"), values, whole.tensors());
  const std::string more = read_file(folder.file("w"));
  return read_gguf_config(Gguf::parse(std::as_bytes(std::span(more)), "file"));
}

std::string added(const std::string& key, const GgufValue& value) {
  try {
    read_with(key, value);
  } catch (const std::runtime_error& e) {
    const std::string text = e.what();
    CHECK(text.starts_with("file: bitnet-b1.58." + key + ": "));
    return text;
  }
  return "";
}

TEST_CASE("a key that would change the results is named", "[models]") {
  for (const char* key :
       {"attn_logit_softcapping", "final_logit_softcapping", "logit_scale", "residual_scale",
        "embedding_scale", "attention.scale", "attention.clamp_kqv", "attention.max_alibi_bias",
        "rope.scaling.attn_factor"}) {
    INFO(key);
    CHECK_THAT(added(key, GgufValue::f32(30)),
               Contains(std::string(key) + ": is 30, which changes the results"));
    CHECK(added(key, GgufValue::f32(0)).empty());
  }
  for (const char* key : {"logit_scale", "residual_scale", "embedding_scale"})
    CHECK(added(key, GgufValue::f32(1)).empty());
  CHECK(added("attention.scale", GgufValue::f32(1 / std::sqrt(32.0f))).empty());
  CHECK_THAT(added("expert_count", GgufValue::u32(8)), Contains("expert_count: is 8, which"));
  CHECK(added("expert_count", GgufValue::u32(0)).empty());
  CHECK_THAT(added("expert_count", GgufValue::string("8")), Contains("expected an integer"));
  CHECK_THAT(added("attention.causal", GgufValue::boolean(false)),
             Contains("attention.causal: is false"));
  CHECK(added("attention.causal", GgufValue::boolean(true)).empty());
  CHECK_THAT(added("use_parallel_residual", GgufValue::boolean(true)),
             Contains("use_parallel_residual: is true"));
}

TEST_CASE("the context ends with the window of attention", "[models]") {
  const std::size_t context = tiny_config().context;
  const auto windowed = [](std::size_t window) {
    return read_with("attention.sliding_window", GgufValue::u32(static_cast<std::uint32_t>(window)))
        .context;
  };
  CHECK(windowed(context - 1) == context - 1);
  CHECK(windowed(context) == context);
  CHECK(windowed(1 << 20) == context);
  CHECK(windowed(0) == context);
}

}  // namespace
}  // namespace tern::models
