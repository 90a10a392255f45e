// SPDX-License-Identifier: Apache-2.0
//
// State space: checkpoints whose embeddings, head and linears are of each tensor type that is read:
// the fast path agrees with the float64 reference and with what the type decodes to; the two
// layouts of I2_S; TL1 and TL2 with and without a preset; scaled RoPE by keys.
// Parameters: gguf.cc's types, kernels/formats.

#include <catch2/catch.hpp>
#include <cmath>
#include <list>

#include "kernels/formats/dense_formats.h"
#include "kernels/formats/formats.h"
#include "models/checkpoint.h"
#include "models/cpu_engine.h"
#include "models/reference.h"
#include "models/transformer.h"
#include "models/whole_file.h"
#include "tests/models/temp_folder.h"
#include "tests/models/tiny_model.h"

namespace tern::models {
namespace {

using Catch::Contains;
using Values = std::vector<std::pair<std::string, GgufValue>>;

Config wide_config() {  // rows that every block divides
  Config c = tiny_config();
  c.dim = 256;
  c.heads = 4;
  c.kv_heads = 2;
  c.head_dim = 64;
  c.ffn = 256;
  c.layers = 1;
  c.tied_head = false;
  return c;
}

constexpr TensorType kTypes[] = {
    TensorType::kF32, TensorType::kF16, TensorType::kBf16, TensorType::kQ8_0, TensorType::kQ4_0,
    TensorType::kQ4K, TensorType::kQ6K, TensorType::kTq1,  TensorType::kTq2,  TensorType::kI2S};

// The model with its 2-dimensional tensors in that type (of a ternary one: its linears).
void write_as_type(const std::string& path, const MasterWeights& master, TensorType type,
                   const std::string& format, const Values& extra = {}) {
  write_checkpoint(path, master, tiny_tokenizer(master.config.vocab), Flavour::kF16);
  const std::string bytes = read_file(path);
  const Gguf file = Gguf::parse(std::as_bytes(std::span(bytes)), path);
  std::vector<GgufTensor> tensors = file.tensors();
  std::list<std::vector<std::uint8_t>> packed;
  for (GgufTensor& t : tensors) {
    const bool linear = t.name.starts_with("blk.");
    if (t.shape.size() == 1 || (tensor_is_ternary(type) && !linear)) continue;
    std::vector<float> w(t.elements());
    kernels::dense_format("f16").unpack(reinterpret_cast<const std::uint8_t*>(t.data.data()),
                                        w.size(), w.data());
    auto& out = packed.emplace_back();
    if (tensor_is_ternary(type)) {
      kernels::Trits trits{std::vector<std::int8_t>(w.size()), 0.0625f};
      for (std::size_t i = 0; i < w.size(); ++i)
        trits.trits[i] = w[i] > 0.03f ? 1 : w[i] < -0.03f ? -1 : 0;
      out = kernels::pack_tensor(kernels::ternary_format(format), trits, t.shape[1], t.shape[0],
                                 t.name);
    } else {
      out.resize(kernels::dense_format(format).bytes(w.size()));
      kernels::dense_format(format).pack(w.data(), w.size(), out.data());
    }
    t.type = type;
    t.data = std::as_bytes(std::span(out));
  }
  Values values = file.values();
  values.insert(values.end(), extra.begin(), extra.end());
  write_gguf(path, values, tensors);
}

std::vector<float> fast_logits(const Model& model, unsigned threads) {
  kernels::ThreadPool pool(threads);
  CpuEngine engine(kernels::selected_isa(), pool);
  const std::vector<TokenId> ids = random_tokens(6, model.config.vocab, 2);
  std::vector<float> logits(ids.size() * model.config.vocab);
  Transformer(model, engine, {.pool = &pool}).forward_all(ids, logits.data());
  return logits;
}

std::vector<float> reference_logits(const Model& model) {
  const std::vector<TokenId> ids = random_tokens(6, model.config.vocab, 2);
  std::vector<float> logits(ids.size() * model.config.vocab);
  Reference(model).forward_all(ids, logits.data());
  return logits;
}

double largest(const std::vector<float>& a, const std::vector<float>& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    most = std::max(most, std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return most;
}

TEST_CASE("embeddings head and linears of every type give the reference's logits", "[models]") {
  const MasterWeights master = random_master(wide_config(), 7);
  for (const TensorType type : kTypes) {
    INFO(tensor_type_name(type));
    const TempFolder folder;
    const std::string path = folder.file("m.gguf");
    write_as_type(path, master, type, std::string(tensor_format(type)));
    const auto model = load_checkpoint(path);
    if (!tensor_is_ternary(type)) {
      CHECK(model->token_embd.format->name == tensor_format(type));
      CHECK(model->head().format->name == tensor_format(type));
      CHECK(std::get<DenseMatrix>(model->layers[0].attn_q).format->name == tensor_format(type));
    }
    const std::vector<float> expected = reference_logits(*model), found = fast_logits(*model, 1);
    const auto [low, high] = std::minmax_element(expected.begin(), expected.end());
    // An activation on a tie of the int8 quantiser may round either way.
    const double bound = tensor_is_ternary(type) ? 3e-2 : 1e-5;
    CHECK(largest(found, expected) <= bound * static_cast<double>(*high - *low));
    CHECK(fast_logits(*model, 2) == found);
  }
}

TEST_CASE("I2_S of ARM is read where the caller says so", "[models]") {
  const MasterWeights master = random_master(wide_config(), 8);
  const TempFolder folder;
  const std::string x86 = folder.file("x86"), arm = folder.file("arm");
  write_as_type(x86, master, TensorType::kI2S, "i2_s");
  write_as_type(arm, master, TensorType::kI2S, "i2_s_arm");
  const std::vector<float> expected = fast_logits(*load_checkpoint(x86), 1);
  const auto right = load_checkpoint(arm, {.i2s = I2sLayout::kArm});
  CHECK(fast_logits(*right, 1) == expected);
  // Any bytes are sound in both: nothing but the logits shows the mistake.
  CHECK(fast_logits(*load_checkpoint(arm), 1) != expected);

  Config narrow = wide_config();
  narrow.ffn = 192;  // which x86 cannot hold
  write_as_type(arm, random_master(narrow, 9), TensorType::kI2S, "i2_s_arm");
  CHECK_THROWS_WITH(load_checkpoint(arm),
                    Contains("ffn_down.weight: ") && Contains("columns in multiples of 128") &&
                        Contains("a file written on ARM needs --i2s-layout arm"));
  CHECK_NOTHROW(load_checkpoint(arm, {.i2s = I2sLayout::kArm}));
}

TEST_CASE("TL1 and TL2 are read where a preset fixes the tiles", "[models]") {
  // bitnet_b1_58-large but for the layers: 1536 wide, 4096 in the feed-forward network.
  Config c = wide_config();
  c.architecture = "bitnet";
  c.activation = Activation::kSilu;
  c.dim = 1536;
  c.heads = c.kv_heads = 16;
  c.head_dim = 96;
  c.ffn = 4096;
  c.tied_head = true;
  const MasterWeights master = random_master(c, 10);
  const TempFolder folder;
  const std::string i2s = folder.file("i2s"), tl = folder.file("tl");
  write_as_type(i2s, master, TensorType::kI2S, "i2_s");
  const std::vector<float> expected = fast_logits(*load_checkpoint(i2s), 2);
  for (const auto& [type, format] :
       {std::pair{TensorType::kTl1, "tl1"}, {TensorType::kTl2, "tl2"}}) {
    write_as_type(tl, master, type, format);
    CHECK(fast_logits(*load_checkpoint(tl), 2) == expected);
    const TempFolder other;
    write_as_type(other.file("m"), random_master(wide_config(), 1), type, format);
    CHECK_THROWS_WITH(load_checkpoint(other.file("m")),
                      Contains("of 256 x 256, a shape without a preset"));
  }
}

TEST_CASE("ternary types hold no embeddings and dense blocks need their rows", "[models]") {
  const TempFolder folder;
  const std::string path = folder.file("m");
  write_as_type(path, random_master(wide_config(), 1), TensorType::kF16, "f16");
  const std::string bytes = read_file(path);
  const Gguf file = Gguf::parse(std::as_bytes(std::span(bytes)), path);
  std::vector<GgufTensor> tensors = file.tensors();
  REQUIRE(tensors[0].name == "token_embd.weight");
  const std::vector<std::byte> zeros(
      tensor_bytes(TensorType::kTq2, tensors[0].elements(), tensors[0].shape[0]));
  tensors[0].type = TensorType::kTq2;
  tensors[0].data = zeros;
  write_gguf(path, file.values(), tensors);
  CHECK_THROWS_WITH(load_checkpoint(path),
                    Contains("token_embd.weight: has type TQ2_0, expected a type that is not"));
}

TEST_CASE("of several errors one is named whichever thread finds its own first", "[models]") {
  const TempFolder folder;
  const std::string path = folder.file("m");
  write_as_type(path, random_master(wide_config(), 1), TensorType::kF32, "f32");
  const std::string bytes = read_file(path);
  REQUIRE(bytes.size() > (std::size_t{2} << 20));  // what several threads share
  const Gguf file = Gguf::parse(std::as_bytes(std::span(bytes)), path);
  std::vector<GgufTensor> tensors = file.tensors();
  std::list<std::vector<std::byte>> damaged;
  for (GgufTensor& t : tensors) {
    if (!t.name.starts_with("blk.0.attn_k.") && !t.name.starts_with("blk.0.ffn_down.")) continue;
    auto& data = damaged.emplace_back(t.data.begin(), t.data.end());
    std::fill(data.begin(), data.begin() + 4, std::byte{0xFF});
    t.data = data;
  }
  REQUIRE(damaged.size() == 2);
  write_gguf(path, file.values(), tensors);
  for (int round = 0; round < 30; ++round)
    CHECK_THROWS_WITH(load_checkpoint(path), Contains("tensor blk.0.attn_k.weight: holds a value"));
  Values values = file.values();
  for (auto& [key, value] : values)
    if (key == "tokenizer.ggml.pre") value = GgufValue::string("bert");
  write_gguf(path, values, tensors);
  for (int round = 0; round < 30; ++round)
    CHECK_THROWS_WITH(load_checkpoint(path), Contains("tokenizer.ggml.pre"));
}

TEST_CASE("RoPE is scaled by keys and by a tensor", "[models]") {
  const MasterWeights master = random_master(wide_config(), 11);
  const TempFolder folder;
  const std::string path = folder.file("m"), a = "bitnet-b1.58.";
  const auto load = [&](const Values& extra) {
    write_as_type(path, master, TensorType::kF16, "f16", extra);
    return load_checkpoint(path)->rope_divisors;
  };
  const std::vector<float> four(32, 4.0f);
  CHECK(load({}).empty());
  CHECK(load({{a + "rope.scaling.type", GgufValue::string("none")},
              {a + "rope.scaling.factor", GgufValue::f32(4)}})
            .empty());
  CHECK(load({{a + "rope.scaling.type", GgufValue::string("linear")},
              {a + "rope.scaling.factor", GgufValue::f32(4)}}) == four);
  CHECK(load({{a + "rope.scale_linear", GgufValue::f32(4)}}) == four);
  CHECK_THROWS_WITH(load({{a + "rope.scaling.type", GgufValue::string("linear")}}),
                    Contains("rope.scaling.factor: the key is missing"));
  CHECK_THROWS_WITH(load({{a + "rope.scaling.type", GgufValue::string("linear")},
                          {a + "rope.scaling.factor", GgufValue::f32(0)}}),
                    Contains("rope.scaling.factor: is not above 0"));
  CHECK_THROWS_WITH(load({{a + "rope.scaling.type", GgufValue::string("yarn")}}),
                    Contains("rope.scaling.type: is 'yarn', expected none or linear"));

  write_as_type(path, master, TensorType::kF16, "f16",
                {{a + "rope.scaling.type", GgufValue::string("linear")},
                 {a + "rope.scaling.factor", GgufValue::f32(4)}});
  const std::string bytes = read_file(path);
  const Gguf file = Gguf::parse(std::as_bytes(std::span(bytes)), path);
  std::vector<GgufTensor> tensors = file.tensors();
  const std::vector<float> twos(32, 2.0f);
  tensors.push_back({"rope_freqs.weight", {32}, TensorType::kF32, std::as_bytes(std::span(twos))});
  write_gguf(path, file.values(), tensors);
  CHECK(load_checkpoint(path)->rope_divisors == std::vector<float>(32, 8.0f));
}

}  // namespace
}  // namespace tern::models
