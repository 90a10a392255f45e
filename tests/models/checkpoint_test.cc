// SPDX-License-Identifier: Apache-2.0
//
// State space: both flavours and all architectures written and read back; every key and tensor of
// a checkpoint made wrong in turn; cut files; random damage.
// Parameters: the architecture table and the slot tables.

#include "models/checkpoint.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

#include "models/architecture.h"
#include "models/cpu_engine.h"
#include "models/transformer.h"
#include "models/whole_file.h"
#include "tests/models/temp_folder.h"
#include "tests/models/tiny_model.h"

namespace tern::models {
namespace {

using Catch::Contains;
using Values = std::vector<std::pair<std::string, GgufValue>>;

Config config_of(const Architecture& a) {
  Config c = tiny_config();
  c.architecture = a.name;
  c.activation = a.activation;
  c.pairing = a.pairing;
  c.sub_norms = a.sub_norms;
  return c;
}

// A checkpoint taken apart, to be changed and read again.
struct Parts {
  Values values;
  std::vector<GgufTensor> tensors;
  std::vector<std::vector<std::byte>> data;

  explicit Parts(const std::string& bytes) {
    const Gguf file = Gguf::parse(std::as_bytes(std::span(bytes)), "file");
    values = file.values();
    tensors = file.tensors();
    for (GgufTensor& t : tensors) data.emplace_back(t.data.begin(), t.data.end());
    for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].data = data[i];
  }
  GgufValue& value(const std::string& key) {
    return std::find_if(values.begin(), values.end(), [&](auto& v) { return v.first == key; })
        ->second;
  }
  std::size_t index(const std::string& name) const {
    return static_cast<std::size_t>(
        std::find_if(tensors.begin(), tensors.end(), [&](auto& t) { return t.name == name; }) -
        tensors.begin());
  }
  void resize(const std::string& name, std::vector<std::uint64_t> shape, TensorType type) {
    GgufTensor& t = tensors[index(name)];
    t.shape = std::move(shape);
    t.type = type;
    auto& bytes = data[index(name)];
    bytes.assign(tensor_bytes(type, t.elements(), t.shape[0]), std::byte{0});
    t.data = bytes;
  }
};

// The message of reading what `change` makes of a small checkpoint; "" when it is accepted.
template <typename Change>
std::string message(Change change, Flavour flavour = Flavour::kTernary) {
  const TempFolder folder;
  const std::string path = folder.file("m.gguf");
  write_checkpoint(path, random_master(tiny_config(), 1), tiny_tokenizer(300), flavour);
  Parts parts(read_file(path));
  change(parts);
  write_gguf(path, parts.values, parts.tensors);
  try {
    load_checkpoint(path);
  } catch (const std::runtime_error& e) {
    const std::string text = e.what();
    CHECK(text.starts_with(path + ": "));
    CHECK(text.find('\n') == std::string::npos);
    return text;
  }
  return "";
}

bool same(const Linear& a, const Linear& b) {
  if (a.index() != b.index() || name_of(a) != name_of(b) || rows_of(a) != rows_of(b) ||
      cols_of(a) != cols_of(b))
    return false;
  if (const auto* t = std::get_if<TernaryMatrix>(&a)) {
    const auto& u = std::get<TernaryMatrix>(b);
    return t->gamma == u.gamma && t->format == u.format && std::ranges::equal(t->bytes, u.bytes);
  }
  const DenseMatrix &v = std::get<DenseMatrix>(a), &w = std::get<DenseMatrix>(b);
  return v.format == w.format && std::memcmp(v.data, w.data, v.bytes()) == 0;
}

TEST_CASE("what is written is read back bit for bit", "[models]") {
  const Flavour flavour = GENERATE(Flavour::kTernary, Flavour::kF16);
  const bool tied = GENERATE(true, false);
  for (const Architecture& a : architectures()) {
    INFO(a.name);
    Config c = config_of(a);
    c.tied_head = tied;
    c.rope_theta = 500000.0f;
    const MasterWeights master = random_master(c, 2);
    const TempFolder folder;
    const std::string path = folder.file("m.gguf");
    const std::pair<std::string, std::string> extra[] = {{"tern.note", "made by a test"}};
    write_checkpoint(path, master, tiny_tokenizer(c.vocab), flavour, extra);
    CHECK(folder.entries() == 1);
    const auto read = load_checkpoint(path);
    const auto built = build_model(master, Tokenizer(tiny_tokenizer(c.vocab)), flavour);
    CHECK(read->config == c);
    CHECK(read->tokenizer->data() == tiny_tokenizer(c.vocab));
    CHECK(read->output_norm == master.output_norm);
    CHECK(same(Linear(read->token_embd), Linear(built->token_embd)));
    CHECK(same(Linear(read->head()), Linear(built->head())));
    CHECK((&read->head() == &read->token_embd) == tied);
    for (std::size_t l = 0; l < c.layers; ++l) {
      for (const NormSlot& slot : norm_slots())
        CHECK(read->layers[l].*slot.norm == master.layers[l].*slot.master);
      for (const LinearSlot& slot : linear_slots())
        CHECK(same(read->layers[l].*slot.linear, built->layers[l].*slot.linear));
    }
    const std::string bytes = read_file(path);
    const Gguf file = Gguf::parse(std::as_bytes(std::span(bytes)), path);
    CHECK(file.text("tern.note") == "made by a test");
    CHECK(file.number("general.file_type") == (flavour == Flavour::kTernary ? 40 : 1));
  }
}

TEST_CASE("an I2_S tensor has the codes and the scale that bitnet.cpp reads", "[models]") {
  const TempFolder folder;
  const MasterWeights master = random_master(tiny_config(), 3);
  write_checkpoint(folder.file("m"), master, tiny_tokenizer(300), Flavour::kTernary);
  const std::string bytes = read_file(folder.file("m"));
  const Gguf file = Gguf::parse(std::as_bytes(std::span(bytes)), "m");
  const GgufTensor* t = file.find_tensor("blk.1.ffn_down.weight");
  REQUIRE(t != nullptr);
  CHECK(t->shape == std::vector<std::uint64_t>{256, 128});
  REQUIRE(t->data.size() == 256 * 128 / 4 + 32);
  const std::vector<float>& w = master.layers[1].ffn_down;
  double sum = 0;
  for (const float v : w) sum += std::fabs(static_cast<double>(v));
  float scale = 0;
  std::memcpy(&scale, t->data.data() + 256 * 128 / 4, 4);
  CHECK(scale == static_cast<float>(sum / static_cast<double>(w.size())));
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    const std::size_t j = i % 128;
    const unsigned code =
        (std::to_integer<unsigned>(t->data[i / 128 * 32 + j % 32]) >> (6 - 2 * (j / 32))) & 3;
    wrong += static_cast<int>(code) - 1 !=
             std::clamp(static_cast<int>(std::nearbyint(w[i] / scale)), -1, 1);
  }
  CHECK(wrong == 0);
}

TEST_CASE("weights that a flavour cannot hold leave no file", "[models]") {
  const TempFolder folder;
  MasterWeights m = random_master(tiny_config(), 4);
  const auto refuse = [&](Flavour flavour, const std::string& what) {
    CHECK_THROWS_WITH(write_checkpoint(folder.file("m"), m, tiny_tokenizer(300), flavour),
                      Contains(folder.file("m") + ": ") && Contains(what));
    CHECK(folder.entries() == 0);
  };
  SECTION("not finite") {
    m.layers[1].attn_k[5] = NAN;
    refuse(Flavour::kTernary, "tensor blk.1.attn_k.weight: a weight is not finite");
    refuse(Flavour::kF16, "tensor blk.1.attn_k.weight");
  }
  SECTION("beyond binary16") {
    m.token_embd[0] = 70000.0f;
    refuse(Flavour::kTernary, "tensor token_embd.weight: weight 70000");
  }
  SECTION("a norm not finite") {
    m.output_norm[0] = INFINITY;
    refuse(Flavour::kF16, "tensor output_norm.weight");
  }
  SECTION("rows that are no whole blocks") {
    Config c = tiny_config();
    c.ffn = 192;
    m = random_master(c, 4);
    refuse(Flavour::kTernary,
           "tensor blk.0.ffn_down.weight: i2_s needs columns in multiples of 128, found 192");
    write_checkpoint(folder.file("m"), m, tiny_tokenizer(300), Flavour::kF16);
    CHECK(load_checkpoint(folder.file("m"))->config.ffn == 192);
  }
  SECTION("an architecture that is otherwise") {
    m.config.activation = Activation::kSilu;
    refuse(Flavour::kF16, "general.architecture");
    m.config.architecture = "gpt";
    refuse(Flavour::kF16, "no architecture 'gpt'");
  }
  SECTION("a tokenizer of another size") {
    CHECK_THROWS_WITH(write_checkpoint(folder.file("m"), m, tiny_tokenizer(299), Flavour::kF16),
                      Contains("tokenizer.ggml.tokens has 299 entries"));
  }
}

TEST_CASE("a key that is missing is named", "[models]") {
  const TempFolder folder;
  write_checkpoint(folder.file("m"), random_master(tiny_config(), 1), tiny_tokenizer(300),
                   Flavour::kTernary);
  const Parts whole(read_file(folder.file("m")));
  // These have a meaning when absent.
  const std::vector<std::string> optional = {"general.name",
                                             "general.file_type",
                                             "general.quantization_version",
                                             "vocab_size",
                                             "rope.dimension_count",
                                             "attention.key_length",
                                             "attention.value_length",
                                             "rope.freq_base",
                                             "attention.head_count_kv",
                                             "tokenizer.ggml.pre",
                                             "tokenizer.ggml.bos_token_id",
                                             "tokenizer.ggml.eos_token_id",
                                             "tokenizer.ggml.add_bos_token"};
  for (std::size_t i = 0; i < whole.values.size(); ++i) {
    const std::string key = whole.values[i].first;
    INFO(key);
    const std::string text =
        message([&](Parts& p) { p.values.erase(p.values.begin() + static_cast<long>(i)); });
    const bool may_lack = std::any_of(optional.begin(), optional.end(),
                                      [&](const std::string& o) { return key.ends_with(o); });
    // Without head_count_kv every head has its own, which this file's tensors contradict; without
    // BOS there is nothing to add.
    if (key.ends_with("head_count_kv"))
      CHECK_THAT(text, Contains("attn_k.weight: has shape"));
    else if (key.ends_with("bos_token_id"))
      CHECK_THAT(text, Contains("tokenizer.ggml.add_bos_token"));
    else if (may_lack)
      CHECK(text.empty());
    else
      CHECK_THAT(text, Contains(key + ": the key is missing"));
  }
}

TEST_CASE("a key of an impossible value is named", "[models]") {
  const std::string a = "bitnet-b1.58.";
  const auto with = [](const std::string& key, GgufValue v) {
    return message([&](Parts& p) { p.value(key) = v; });
  };
  CHECK_THAT(with("general.architecture", GgufValue::string("mamba")),
             Contains("general.architecture: is 'mamba', expected one of bitnet-b1.58"));
  CHECK_THAT(with(a + "context_length", GgufValue::u32(0)), Contains("context_length is 0"));
  CHECK_THAT(with(a + "embedding_length", GgufValue::u32(70000)), Contains("embedding_length"));
  CHECK_THAT(with(a + "embedding_length", GgufValue::u32(256)), Contains("token_embd.weight"));
  CHECK_THAT(with(a + "block_count", GgufValue::u32(0)), Contains("block_count is 0"));
  CHECK_THAT(with(a + "block_count", GgufValue::u32(3)), Contains("blk.2.attn_norm.weight"));
  CHECK_THAT(with(a + "block_count", GgufValue::u32(1)), Contains("tensor blk.1."));
  CHECK_THAT(with(a + "feed_forward_length", GgufValue::u32(128)), Contains("ffn_sub_norm"));
  CHECK_THAT(with(a + "attention.head_count", GgufValue::u32(0)), Contains("head_count: is 0"));
  CHECK_THAT(with(a + "attention.head_count_kv", GgufValue::u32(3)), Contains("head_count_kv"));
  CHECK_THAT(with(a + "attention.head_count_kv", GgufValue::u32(8)), Contains("head_count_kv"));
  CHECK_THAT(with(a + "attention.key_length", GgufValue::u32(33)), Contains("value_length"));
  CHECK_THAT(with(a + "attention.value_length", GgufValue::u32(16)), Contains("value_length"));
  CHECK_THAT(with(a + "rope.dimension_count", GgufValue::u32(16)), Contains("dimension_count"));
  CHECK_THAT(with(a + "attention.layer_norm_rms_epsilon", GgufValue::f32(0)),
             Contains("layer_norm_rms_epsilon"));
  CHECK_THAT(with(a + "attention.layer_norm_rms_epsilon", GgufValue::u32(1)),
             Contains("expected a floating-point number"));
  CHECK_THAT(with(a + "rope.freq_base", GgufValue::f32(NAN)), Contains("rope.freq_base"));
  CHECK_THAT(with(a + "vocab_size", GgufValue::u32(299)), Contains("vocab_size: is 299"));
  CHECK_THAT(with("tokenizer.ggml.model", GgufValue::string("bert")),
             Contains("tokenizer.ggml.model is 'bert'"));
  CHECK_THAT(with("tokenizer.ggml.pre", GgufValue::string("bert")),
             Contains("tokenizer.ggml.pre is 'bert'"));
  CHECK_THAT(with("tokenizer.ggml.bos_token_id", GgufValue::u32(300)), Contains("bos_token_id"));
  CHECK_THAT(with("tokenizer.ggml.token_type", GgufValue::i32s({1})), Contains("token_type"));
  CHECK_THAT(with("tokenizer.ggml.token_type", GgufValue::i32s({9})), Contains("has type 9"));
  CHECK_THAT(with("tokenizer.ggml.add_bos_token", GgufValue::u32(1)), Contains("expected a bool"));
  CHECK_THAT(message([&](Parts& p) {
               p.values.emplace_back(a + "rope.scaling.type", GgufValue::string("yarn"));
             }),
             Contains("rope.scaling.type"));
}

TEST_CASE("a tensor that is missing or misshapen or of another type is named", "[models]") {
  const TempFolder folder;
  write_checkpoint(folder.file("m"), random_master(tiny_config(), 1), tiny_tokenizer(300),
                   Flavour::kTernary);
  const Parts whole(read_file(folder.file("m")));
  REQUIRE(whole.tensors.size() == 2 + 2 * 11);
  for (const GgufTensor& t : whole.tensors) {
    INFO(t.name);
    CHECK_THAT(message([&](Parts& p) {
                 p.tensors.erase(p.tensors.begin() + static_cast<long>(p.index(t.name)));
               }),
               Contains("tensor " + t.name + ": the tensor is missing"));
    auto wider = t.shape;
    wider[0] *= 2;
    CHECK_THAT(message([&](Parts& p) { p.resize(t.name, wider, t.type); }),
               Contains("tensor " + t.name + ": has shape [" + std::to_string(wider[0])));
    const TensorType other = t.shape.size() == 1 ? TensorType::kF16 : TensorType::kI2S;
    if (t.type == other || (other == TensorType::kI2S && t.name != "token_embd.weight")) continue;
    CHECK_THAT(message([&](Parts& p) { p.resize(t.name, t.shape, other); }),
               Contains("tensor " + t.name + ": has type " + std::string(tensor_type_name(other))));
  }
  CHECK_THAT(message([&](Parts& p) {
               p.tensors.push_back(p.tensors[p.index("output_norm.weight")]);
               p.tensors.back().name = "blk.0.attn_q.bias";
             }),
             Contains("tensor blk.0.attn_q.bias: is no tensor of architecture bitnet-b1.58"));
}

TEST_CASE("values that no weight can have are named", "[models]") {
  const auto poke = [](const std::string& name, std::size_t at, std::vector<unsigned> bytes,
                       Flavour flavour = Flavour::kTernary) {
    return message(
        [&](Parts& p) {
          for (std::size_t i = 0; i < bytes.size(); ++i)
            p.data[p.index(name)][at + i] = static_cast<std::byte>(bytes[i]);
        },
        flavour);
  };
  const std::string q = "blk.0.attn_q.weight";
  const std::size_t scale_at = 128 * 128 / 4;
  CHECK_THAT(
      poke(q, 77, {0xC0}),
      Contains("tensor " + q + ": weight 269 (row 2, column 13) has a code that means nothing"));
  CHECK_THAT(poke(q, scale_at - 1, {0x03}), Contains("weight 16383 (row 127, column 127)"));
  CHECK(poke(q, scale_at + 4, {0xFF, 0xFF}).empty());  // behind the scale is nothing
  CHECK_THAT(poke(q, scale_at, {0, 0, 0, 0}),
             Contains("tensor " + q + ": the i2_s scale at weight 0 (row 0, column 0) is 0"));
  CHECK_THAT(poke(q, scale_at, {0, 0, 0x80, 0x7F}), Contains("is inf, expected a finite one"));
  CHECK_THAT(poke(q, scale_at, {0, 0, 0x80, 0xBF}), Contains("is -1, expected"));
  CHECK_THAT(poke("output_norm.weight", 4, {0, 0, 0xC0, 0x7F}),
             Contains("tensor output_norm.weight: holds a value that is not finite"));
  CHECK_THAT(poke("token_embd.weight", 6, {0x00, 0x7C}),
             Contains("tensor token_embd.weight: holds a value that is not finite"));
  CHECK_THAT(poke(q, 0, {0x01, 0xFC}, Flavour::kF16), Contains("tensor " + q + ": holds a value"));
}

TEST_CASE("a damaged checkpoint is refused or loaded but never crashes", "[models]") {
  Config c = tiny_config();
  c.vocab = 257;
  c.layers = 1;
  c.ffn = 128;
  const TempFolder folder;
  write_checkpoint(folder.file("m"), random_master(c, 6), tiny_tokenizer(257), Flavour::kTernary);
  const std::string bytes = read_file(folder.file("m"));
  const auto load = [](const std::string& damaged) -> std::string {
    // Not more than the bytes: a read past the end is found by the address sanitizer.
    const std::vector<std::byte> exact(std::as_bytes(std::span(damaged)).begin(),
                                       std::as_bytes(std::span(damaged)).end());
    try {
      const auto model = read_model(Gguf::parse(exact, "m"), nullptr);
      kernels::ThreadPool pool(1);
      CpuEngine engine(kernels::selected_isa(), pool);
      Transformer(*model, engine).forward(std::vector<TokenId>{1, 2});
    } catch (const std::runtime_error& e) {
      return e.what();
    }
    return "";
  };
  REQUIRE(load(bytes).empty());
  const std::size_t head = bytes.find("output_norm.weight") + 64;  // keys and tensor infos
  std::mt19937 rng(12);
  std::size_t refused = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string damaged = bytes;
    for (auto n = 1 + rng() % 3; n > 0; --n) damaged[rng() % head] = static_cast<char>(rng() % 256);
    const std::string text = load(damaged);
    refused += !text.empty();
    REQUIRE(text.find('\n') == std::string::npos);
  }
  CHECK(refused > 1000);
  for (std::size_t n = 0; n < bytes.size(); n += n < head ? 97 : 4999) {
    INFO("cut to " << n);
    REQUIRE(load(bytes.substr(0, n)).starts_with("m: "));
  }
}

TEST_CASE("a model that memory cannot hold says what it needs before it is read", "[models]") {
  const TempFolder folder;
  const std::string file = folder.file("m.gguf"), directory = folder.file("hf");
  std::filesystem::create_directory(directory);
  for (const std::string& path : {file, directory + "/model.safetensors"}) {
    std::ofstream(path) << "x";
    std::filesystem::resize_file(path, std::uintmax_t{1} << 42);  // sparse: 4 TiB
  }
  for (const std::string& path : {file, directory}) {
    CHECK_THROWS_WITH(load_checkpoint(path, {.must_fit = true}),
                      Contains(path) && Contains("needs 4194304 MiB"));
    CHECK_THROWS_WITH(load_checkpoint(path), !Contains("MiB"));
  }
}

}  // namespace
}  // namespace tern::models
