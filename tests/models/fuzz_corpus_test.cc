// SPDX-License-Identifier: Apache-2.0
//
// State space: the committed seeds of the fuzz targets (tests/fuzz/corpus): each is accepted, so
// that fuzzing begins behind every check; each cut at every offset is refused or read.
// Parameters: the files.

#include <catch2/catch.hpp>
#include <filesystem>

#include "models/checkpoint.h"
#include "models/gguf_tokenizer.h"
#include "models/hf_checkpoint.h"
#include "models/hf_tokenizer.h"
#include "models/sentencepiece.h"
#include "tests/models/temp_folder.h"

namespace tern::models {
namespace {

using Bytes = std::vector<std::byte>;

std::string_view text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void read_hf(const Bytes& bytes) {
  const std::string_view all = text_of(bytes);
  const std::size_t end = std::min(all.find('\0'), all.size());
  if (end == all.size()) {
    read_hf_index(all, "seed");
    return;
  }
  const HfConfig config = read_hf_config(all.substr(0, end), "seed");
  const Bytes weights(bytes.begin() + static_cast<std::ptrdiff_t>(end) + 1, bytes.end());
  const Safetensors file = Safetensors::parse(weights, "seed");
  (void)read_hf_model(config, std::span(&file, 1), {}, {}, false);
}

struct Target {
  const char* name;
  void (*read)(const Bytes&);
};
const Target kTargets[] = {
    {"gguf", [](const Bytes& b) { (void)read_model(Gguf::parse(b, "seed"), nullptr); }},
    {"gguf_tokenizer", [](const Bytes& b) { (void)read_gguf_tokenizer(Gguf::parse(b, "seed")); }},
    {"hf", read_hf},
    {"safetensors", [](const Bytes& b) { (void)Safetensors::parse(b, "seed"); }},
    {"tokenizer_json", [](const Bytes& b) { (void)parse_tokenizer_json(text_of(b), "seed"); }},
    {"tokenizer_model", [](const Bytes& b) { (void)parse_sentencepiece(text_of(b), "seed"); }},
};

std::string message(const Target& target, const std::string& text) {
  const Bytes exact(std::as_bytes(std::span(text)).begin(), std::as_bytes(std::span(text)).end());
  try {
    target.read(exact);
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "";
}

TEST_CASE("every seed of the fuzz targets is read and its beginnings are refused", "[models]") {
  std::size_t folders = 0;
  for (const auto& folder : std::filesystem::directory_iterator("tests/fuzz/corpus")) {
    ++folders;
    const std::string name = folder.path().filename();
    const Target* target = std::find_if(std::begin(kTargets), std::end(kTargets),
                                        [&](const Target& t) { return name == t.name; });
    INFO(name);
    REQUIRE(target != std::end(kTargets));
    std::size_t seeds = 0;
    for (const auto& seed : std::filesystem::directory_iterator(folder)) {
      ++seeds;
      INFO(seed.path());
      const std::string bytes = read_file(seed.path());
      CHECK(bytes.size() < 32768);
      CHECK(message(*target, bytes) == "");
      // Protocol buffers may end anywhere between fields, GGUF files behind their last key.
      for (std::size_t n = 0; n < bytes.size(); n += bytes.size() / 3000 + 1) {
        const std::string text = message(*target, bytes.substr(0, n));
        REQUIRE((text.empty() || text.starts_with("seed: ")));
        if (name == "hf" || name == "safetensors" || name == "tokenizer_json")
          REQUIRE_FALSE(text.empty());
      }
    }
    CHECK(seeds > 0);
  }
  CHECK(folders == std::size(kTargets));
}

}  // namespace
}  // namespace tern::models
