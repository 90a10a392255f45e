// SPDX-License-Identifier: Apache-2.0
//
// Every compute layout gives a model the same bits. What stays in memory of a mapped checkpoint
// whose ternary weights were repacked: Linux only, as it reads /proc/self/smaps.

#include "models/cpu_engine.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "models/checkpoint.h"
#include "models/transformer.h"
#include "tests/models/temp_folder.h"
#include "tests/models/tiny_model.h"

namespace tern::models {
namespace {

// Bytes of the file's mappings that are in memory.
std::size_t resident(const std::string& path) {
  std::ifstream smaps("/proc/self/smaps");
  std::size_t kib = 0;
  bool ours = false;
  for (std::string line; std::getline(smaps, line);) {
    if (line.find(path) != std::string::npos) ours = true;
    if (ours && line.starts_with("Rss:")) {
      kib += std::stoul(line.substr(4));
      ours = false;
    }
  }
  return kib << 10;
}

TEST_CASE("logits do not depend on the compute layout", "[models]") {
  Config c = tiny_config();
  const TempFolder folder;
  const std::string path = folder.file("m");
  write_checkpoint(path, random_master(c, 4), tiny_tokenizer(c.vocab), Flavour::kTernary);
  const auto model = load_checkpoint(path);
  kernels::ThreadPool pool(2);
  std::vector<float> expected;
  for (const kernels::ComputeLayout& layout : kernels::compute_layouts()) {
    INFO(layout.name);
    CpuEngine engine(kernels::selected_isa(), pool, layout);
    Transformer transformer(*model, engine);
    std::vector<float> logits;
    for (const std::vector<TokenId>& ids : {std::vector<TokenId>{1, 2, 3, 4, 5, 6, 7}, {2}}) {
      const auto some = transformer.forward(ids);
      logits.insert(logits.end(), some.begin(), some.end());
    }
    if (expected.empty()) expected = logits;
    CHECK(logits == expected);
  }
}

TEST_CASE("no second copy of repacked weights stays in memory", "[models]") {
  Config c = tiny_config();
  c.dim = 512;
  c.heads = 8;
  c.kv_heads = 4;
  c.head_dim = 64;
  c.ffn = 2048;
  c.layers = 3;
  const TempFolder folder;
  const std::string path = folder.file("m");
  write_checkpoint(path, random_master(c, 3), tiny_tokenizer(c.vocab), Flavour::kTernary);
  const std::size_t ternary = c.layers * c.dim * (c.q_dim() * 2 + c.kv_dim() * 2 + 3 * c.ffn) / 4;
  const std::size_t others = c.vocab * c.dim * sizeof(kernels::f16);

  const auto model = load_checkpoint(path);
  CHECK(resident(path) >= ternary);  // all was checked
  kernels::ThreadPool pool(2);
  CpuEngine engine(kernels::selected_isa(), pool);
  Transformer transformer(*model, engine);
  const auto before = transformer.forward(std::vector<TokenId>{1, 2, 3});
  // Of each matrix the pages at its ends, which it shares, remain.
  CHECK(resident(path) < others + ternary / 16);
  const std::vector<float> first(before.begin(), before.end());
  CpuEngine second(kernels::selected_isa(), pool);  // finds the weights in the file again
  Transformer again(*model, second);
  const auto after = again.forward(std::vector<TokenId>{1, 2, 3});
  CHECK(std::vector<float>(after.begin(), after.end()) == first);
}

}  // namespace
}  // namespace tern::models
