// SPDX-License-Identifier: Apache-2.0
//
// Every compute layout gives a model the same bits, from every format of the file. What stays in
// memory of a mapped checkpoint whose ternary weights were repacked, of the file and of the heap:
// Linux only, as it reads /proc/self/smaps.

#include "models/cpu_engine.h"

#include <malloc.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "models/checkpoint.h"
#include "models/convert.h"
#include "models/transformer.h"
#include "tests/models/as_format.h"
#include "tests/models/temp_folder.h"
#include "tests/models/tiny_model.h"

namespace tern::models {
namespace {

constexpr TensorType kTypes[] = {TensorType::kI2S, TensorType::kTq1, TensorType::kTq2};

// Bytes that the heap gave out.
std::size_t allocated() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

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

// Its columns are multiples of 256, as TQ1_0 wants them.
Config wide_config() {
  Config c = tiny_config();
  c.dim = 512;
  c.heads = 8;
  c.kv_heads = 4;
  c.head_dim = 64;
  c.ffn = 2048;
  c.layers = 3;
  return c;
}

TEST_CASE("logits depend neither on the compute layout nor on the format of the file", "[models]") {
  Config c = wide_config();
  c.dim = 256;
  c.heads = 4;
  c.kv_heads = 2;
  c.ffn = 256;
  const TempFolder folder;
  const std::string path = folder.file("m");
  write_checkpoint(path, random_master(c, 4), tiny_tokenizer(c.vocab), Flavour::kTernary);
  kernels::ThreadPool pool(2);
  std::vector<float> expected;
  for (const TensorType type : kTypes) {
    INFO(tensor_type_name(type));
    const std::string again = folder.file(std::string(tensor_type_name(type)));
    write_as(path, type, again);
    const auto model = load_checkpoint(again);
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
}

TEST_CASE("few tokens give the same bits before, while and after weights are repacked",
          "[models]") {
  const Config c = wide_config();
  const TempFolder folder;
  const std::string i2s = folder.file("m"), path = folder.file("again");
  write_checkpoint(i2s, random_master(c, 5), tiny_tokenizer(c.vocab), Flavour::kTernary);
  const std::string format = GENERATE("i2_s", "tq1_0", "tq2_0", "hf_u8");
  INFO(format);
  if (format == "hf_u8") {
    const auto master = load_checkpoint(i2s);
    kernels::ThreadPool pool(2);
    ConvertReport report;
    REQUIRE(convert_to_hf(
        *master, master->tokenizer->data(), path, {}, pool, [](auto...) { return true; }, report));
  } else {
    write_as(i2s,
             format == "i2_s"    ? TensorType::kI2S
             : format == "tq1_0" ? TensorType::kTq1
                                 : TensorType::kTq2,
             path);
  }
  const auto model = load_checkpoint(path);
  const auto& first = std::get<TernaryMatrix>(model->layers[0].attn_q);
  CHECK((first.format == nullptr ? "i2_s" : first.format->name) == format);
  const std::size_t weights = c.layers * c.dim * (c.q_dim() * 2 + c.kv_dim() * 2 + 3 * c.ffn);
  const std::size_t ternary = kernels::file_layout(format)->row_bytes(256) * weights / 256 /
                              kernels::file_layout(format)->runs;
  const std::size_t others = c.vocab * c.dim * sizeof(kernels::f16);
  const std::vector<TokenId> ids = {1, 5, 9, 2, 7, 3, 8, 4, 6, 1, 2,
                                    3, 1, 5, 9, 2, 7, 3, 8, 4, 6, 1};
  for (const unsigned threads : {1u, 2u}) {
    kernels::ThreadPool pool(threads);
    CpuEngine settled(kernels::selected_isa(), pool);
    Transformer expected(*model, settled);
    expected.forward(std::vector<TokenId>{1, 2});
    settled.settle();
    expected.truncate(0);
    for (const kernels::Isa isa : kernels::all_isas()) {
      if (!kernels::host_has(isa)) continue;
      INFO(kernels::isa_name(isa) << " threads=" << threads);
      CpuEngine engine(isa, pool);
      Transformer transformer(*model, engine);
      expected.truncate(0);
      for (const TokenId id : ids) {
        const auto got = transformer.forward(std::span(&id, 1));
        const auto want = expected.forward(std::span(&id, 1));
        CHECK(std::equal(got.begin(), got.end(), want.begin(), want.end()));
        if (transformer.position() == 1) CHECK(resident(path) >= ternary);  // none was repacked
      }
      CHECK(resident(path) < others + ternary / 16);  // all was by now
      CpuEngine fresh(isa, pool);
      Transformer batched(*model, fresh);
      expected.truncate(0);
      for (const std::size_t n : {7, 15}) {
        const auto some = std::span(ids).subspan(batched.position(), n);
        const auto got = batched.forward(some);
        const auto want = expected.forward(some);
        CHECK(std::equal(got.begin(), got.end(), want.begin(), want.end()));
      }
    }
  }
}

TEST_CASE("weights that changed since the file was opened are refused as they lie", "[models]") {
  std::vector<std::uint8_t> bytes(32, 0x55);
  bytes[31] |= 3;
  const TernaryMatrix w = {"w", 1, 128, 1.0f, bytes};
  kernels::ThreadPool pool(1);
  CpuEngine engine(kernels::selected_isa(), pool);
  const std::vector<std::int8_t> q(ternary_stride(128));
  const float scale = 1;
  float y = 0;
  const TernaryTask task = {&w, &y, false};
  CHECK_THROWS_WITH(engine.ternary_linears(std::span(&task, 1), {q.data(), q.size(), &scale, 1}),
                    Catch::Contains("w: ") && Catch::Contains("changed"));
}

TEST_CASE("a matrix that cannot be repacked is refused again and again", "[models]") {
  const std::vector<std::uint8_t> bytes(66, 0xff);  // a block of TQ2_0 that holds code 3
  const TernaryMatrix w = {"w", 1, 256, 1.0f, bytes, &kernels::ternary_format("tq2_0")};
  kernels::ThreadPool pool(1);
  CpuEngine engine(kernels::selected_isa(), pool);
  const std::vector<std::int8_t> q(ternary_stride(256));
  const float scale = 1;
  std::int32_t acc = 0;
  for (int i = 0; i < 2; ++i)
    CHECK_THROWS_WITH(engine.ternary(w, {q.data(), q.size(), &scale, 1}, &acc),
                      Catch::Contains("w: "));
}

TEST_CASE("no second copy of repacked weights stays in memory", "[models]") {
  const TensorType type = GENERATE(from_range(std::begin(kTypes), std::end(kTypes)));
  INFO(tensor_type_name(type));
  const Config c = wide_config();
  const TempFolder folder;
  const std::string i2s = folder.file("m"), path = folder.file("again");
  write_checkpoint(i2s, random_master(c, 3), tiny_tokenizer(c.vocab), Flavour::kTernary);
  write_as(i2s, type, path);
  const std::size_t weights = c.layers * c.dim * (c.q_dim() * 2 + c.kv_dim() * 2 + 3 * c.ffn);
  const auto ternary = static_cast<std::size_t>(tensor_bytes(type, weights, c.dim));
  const std::size_t others = c.vocab * c.dim * sizeof(kernels::f16);

  const std::size_t heap = allocated();
  const auto model = load_checkpoint(path);
  CHECK(resident(path) >= ternary);  // all was checked
  CHECK(allocated() < heap + ternary / 4);
  kernels::ThreadPool pool(2);
  CpuEngine engine(kernels::selected_isa(), pool);
  Transformer transformer(*model, engine);
  const auto before = transformer.forward(std::vector<TokenId>{1, 2, 3});
  engine.settle();
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
