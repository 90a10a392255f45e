// SPDX-License-Identifier: Apache-2.0
//
// State space: whole models from GGUF into every format and into directories and back: tied and
// untied heads, both pairings of RoPE, both meanings of weight_scale, masters, shards, scaled
// RoPE; what is refused and what is left when work stops.
// Parameters: two synthetic models, the formats of files.

#include "models/convert.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "models/checkpoint.h"
#include "models/cpu_engine.h"
#include "models/gguf_metadata.h"
#include "models/gguf_write.h"
#include "models/rope_scaling.h"
#include "models/synth.h"
#include "models/synth_tokenizer.h"
#include "models/transformer.h"
#include "models/whole_file.h"
#include "tests/models/temp_folder.h"

namespace tern::models {
namespace {

using Catch::Contains;

const ConvertProgress kGoOn = [](std::size_t, std::size_t, const std::string&) { return true; };

struct Work {
  TempFolder folder;
  kernels::ThreadPool pool{2};
  TokenizerData tokenizer;  // of the last file that synth() wrote

  // A synthetic GGUF file; `divisors`: its rope_freqs.weight.
  std::string synth(const char* shape, const std::string& linears,
                    const std::vector<float>& divisors = {}) {
    SynthOptions o;
    o.config = synth_shape(shape).config;
    o.linears = linears;
    tokenizer = synth_tokenizer(o.config.vocab, 1);
    tokenizer.chat_template = synth_chat_template(o.config);
    auto tensors = synth_tensors(o, pool);
    if (!divisors.empty())
      tensors.insert(
          tensors.begin(),
          {"rope_freqs.weight", {divisors.size()}, TensorType::kF32, [&](const EmitBytes& emit) {
             emit(std::as_bytes(std::span(divisors)));
           }});
    const std::string path = folder.file(std::string(shape) + "-" + linears + ".gguf");
    write_gguf(path, gguf_metadata(o.config, tokenizer, gguf_file_type(linears)), tensors);
    return path;
  }
  std::string gguf(const Model& model, const TokenizerData& tokens, const std::string& name,
                   const ConvertOptions& o, ConvertReport& report) {
    REQUIRE(convert_to_gguf(model, tokens, folder.file(name), o, pool, kGoOn, report));
    return folder.file(name);
  }
  std::string hf(const Model& model, const std::string& name, const ConvertOptions& o,
                 ConvertReport& report) {
    REQUIRE(
        convert_to_hf(model, model.tokenizer->data(), folder.file(name), o, pool, kGoOn, report));
    return folder.file(name);
  }
};

std::vector<float> logits_of(const Model& model) {
  kernels::ThreadPool threads(2);
  CpuEngine engine(kernels::selected_isa(), threads);
  Transformer transformer(model, engine);
  std::vector<TokenId> ids;
  for (TokenId i = 0; i < 40; ++i) ids.push_back((i * 37 + 11) % 700);
  std::vector<float> logits(ids.size() * model.config.vocab);
  transformer.forward_all(ids, logits.data());
  return logits;
}

double difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    most = std::max(most, std::fabs(static_cast<double>(a[i]) - b[i]));
  return most;
}

// Tensors of two GGUF files, by name, and the model's keys.
void check_same_file(const std::string& a, const std::string& b) {
  const MappedFile file_a = map_file(a), file_b = map_file(b);
  const Gguf x = Gguf::parse(file_a.bytes, a), y = Gguf::parse(file_b.bytes, b);
  REQUIRE(x.tensors().size() == y.tensors().size());
  for (const GgufTensor& t : x.tensors()) {
    INFO(t.name);
    const GgufTensor* other = y.find_tensor(t.name);
    REQUIRE(other != nullptr);
    CHECK(t.type == other->type);
    CHECK(t.shape == other->shape);
    CHECK(std::equal(t.data.begin(), t.data.end(), other->data.begin(), other->data.end()));
  }
  REQUIRE(x.values().size() == y.values().size());
  for (const auto& [key, value] : x.values()) {
    INFO(key);
    REQUIRE(y.find(key) != nullptr);
    CHECK(*y.find(key) == value);
  }
}

TEST_CASE("a GGUF file in every format computes what it did", "[models]") {
  Work work;
  const char* shape = GENERATE("tiny", "tiny-llama");
  const auto model = load_checkpoint(work.synth(shape, "i2_s"));
  const auto expected = logits_of(*model);
  const auto [least, most] = std::minmax_element(expected.begin(), expected.end());
  for (const std::string to : {"i2_s", "i2_s_arm", "tq1_0", "tq2_0"}) {
    INFO(shape << " " << to);
    ConvertOptions o;
    o.linears = to;
    ConvertReport report;
    const auto path = work.gguf(*model, model->tokenizer->data(), "to.gguf", o, report);
    const auto found =
        load_checkpoint(path, {to == "i2_s_arm" ? I2sLayout::kArm : I2sLayout::kX86});
    CHECK(report.bytes == std::filesystem::file_size(path));
    CHECK(found->config == model->config);
    CHECK(found->tokenizer == model->tokenizer);
    const double moved = difference(logits_of(*found), expected);
    // A scale as float16 moves activations over ties of their rounding.
    if (to.starts_with("tq"))
      CHECK(moved < 3e-2 * (*most - *least));
    else
      CHECK(moved == 0);
    for (const MatrixReport& r : report.matrices) CHECK(r.trits_changed == 0);
    // And back to the first file, where the scale survived.
    if (to.starts_with("tq")) continue;
    ConvertReport again;
    ConvertOptions back;
    back.linears = "i2_s";
    check_same_file(work.gguf(*found, work.tokenizer, "back.gguf", back, again),
                    work.synth(shape, "i2_s"));
  }
}

TEST_CASE("linears embedding and head take dense formats of their own", "[models]") {
  Work work;
  const auto model = load_checkpoint(work.synth("tiny-llama", "f32"));
  const auto expected = logits_of(*model);
  const auto [least, most] = std::minmax_element(expected.begin(), expected.end());
  for (const kernels::DenseFormat& format : kernels::dense_formats()) {
    INFO(format.name);
    ConvertOptions o;
    o.linears = o.embeddings = o.head = format.name;
    ConvertReport report;
    const auto found =
        load_checkpoint(work.gguf(*model, model->tokenizer->data(), "to.gguf", o, report));
    CHECK(found->token_embd.format == &format);
    CHECK(found->output->format == &format);
    CHECK(std::get<DenseMatrix>(found->layers[1].ffn_down).format == &format);
    CHECK(difference(logits_of(*found), expected) < 0.5 * (*most - *least));
  }
  ConvertOptions mixed;
  mixed.embeddings = "f16";
  mixed.head = "bf16";
  ConvertReport report;
  const auto found =
      load_checkpoint(work.gguf(*model, model->tokenizer->data(), "to.gguf", mixed, report));
  CHECK(found->token_embd.format->name == "f16");
  CHECK(found->output->format->name == "bf16");
  CHECK(std::get<DenseMatrix>(found->layers[0].attn_q).format->name == "f32");
}

TEST_CASE("a GGUF file through a directory is the same file again", "[models]") {
  Work work;
  const char* shape = GENERATE("tiny", "tiny-llama");
  const std::string linears = GENERATE("i2_s", "f16", "bf16", "f32");
  const std::string path = work.synth(shape, linears);
  const auto model = load_checkpoint(path);
  ConvertOptions o;
  o.linear_class = "autobitlinear";
  if (GENERATE(false, true)) o.shard_bytes = 200'000;
  ConvertReport there, back;
  const auto directory = work.hf(*model, "hf", o, there);
  const auto hf = load_checkpoint(directory);
  CHECK(hf->config.pairing == RopePairing::kHalfSplit);
  // Rows in another order are summed in another order.
  CHECK(difference(logits_of(*hf), logits_of(*model)) <=
        (model->config.pairing == RopePairing::kHalfSplit ? 0 : 1e-5));
  for (const MatrixReport& r : there.matrices) CHECK(r.max_error == 0);
  CHECK((there.files.size() > 6) == (o.shard_bytes == 200'000));
  ConvertOptions again;
  again.name = model->config.name;
  check_same_file(work.gguf(*hf, work.tokenizer, "back.gguf", again, back), path);
}

TEST_CASE("a bitlinear directory holds the reciprocal of the scale", "[models]") {
  Work work;
  const auto model = load_checkpoint(work.synth("tiny-llama", "i2_s"));
  ConvertReport report;
  const auto directory = work.hf(*model, "hf", {}, report);  // the default of llama
  const auto config = nlohmann::json::parse(read_file(directory + "/config.json"));
  CHECK(config["quantization_config"]["linear_class"] == "bitlinear");
  const auto hf = load_checkpoint(directory);
  const auto& a = std::get<TernaryMatrix>(model->layers[1].ffn_up);
  const auto& b = std::get<TernaryMatrix>(hf->layers[1].ffn_up);
  CHECK(std::fabs(a.gamma - b.gamma) <= a.gamma * 1.2e-7f);
  const auto row = std::find_if(report.matrices.begin(), report.matrices.end(),
                                [](const auto& r) { return r.name == "blk.1.ffn_up.weight"; });
  CHECK(row->scale_written == b.gamma);
}

TEST_CASE("a directory of masters is quantised to the same model", "[models]") {
  Work work;
  const auto model = load_checkpoint(work.synth("tiny", "i2_s"));
  ConvertOptions o;
  o.linears = kMasterFormat;
  ConvertReport report;
  const auto directory = work.hf(*model, "hf", o, report);
  const auto config = nlohmann::json::parse(read_file(directory + "/config.json"));
  CHECK(config["quantization_config"]["quantization_mode"] == "online");
  const auto hf = load_checkpoint(directory);
  for (const LinearSlot& slot : linear_slots()) {
    const auto& a = std::get<TernaryMatrix>(model->layers[0].*slot.linear);
    const auto& b = std::get<TernaryMatrix>(hf->layers[0].*slot.linear);
    std::vector<std::int8_t> trits_a(a.rows * a.cols), trits_b(trits_a.size());
    unpack_rows(a, 0, a.rows, trits_a.data());
    unpack_rows(b, 0, b.rows, trits_b.data());
    CHECK(trits_a == trits_b);
    CHECK(std::fabs(a.gamma - b.gamma) <= 1e-6f * a.gamma);
  }
}

TEST_CASE("scaled RoPE passes through a directory", "[models]") {
  Work work;
  const Config& c = synth_shape("tiny-llama").config;
  const Llama3Rope rope{8, 1, 4, 64};
  const auto divisors = llama3_rope_divisors(c, rope);
  const auto model = load_checkpoint(work.synth("tiny-llama", "f16", divisors));
  REQUIRE(model->rope_divisors == divisors);
  ConvertReport there, back;
  const auto directory = work.hf(*model, "hf", {}, there);
  const auto scaling = nlohmann::json::parse(read_file(directory + "/config.json"))["rope_scaling"];
  CHECK(scaling["rope_type"] == "llama3");
  CHECK(scaling["factor"] == 8);
  const auto hf = load_checkpoint(directory);
  CHECK(hf->rope_divisors == divisors);
  const auto again =
      load_checkpoint(work.gguf(*hf, model->tokenizer->data(), "back.gguf", {}, back));
  CHECK(again->rope_divisors == divisors);

  const std::vector<float> linear(divisors.size(), 4.0f);
  const auto slow = load_checkpoint(work.synth("tiny-llama", "f16", linear));
  const auto slow_hf = load_checkpoint(work.hf(*slow, "hf2", {}, there));
  CHECK(slow_hf->rope_divisors == linear);
  // One factor goes by a key: llama.cpp refuses the tensor in some architectures.
  const std::string slow_gguf = work.gguf(*slow_hf, slow->tokenizer->data(), "slow.gguf", {}, back);
  CHECK(load_checkpoint(slow_gguf)->rope_divisors == linear);
  const MappedFile file = map_file(slow_gguf);
  const Gguf gguf = Gguf::parse(file.bytes, "slow.gguf");
  CHECK(gguf.find_tensor("rope_freqs.weight") == nullptr);
  CHECK(gguf.text("llama.rope.scaling.type") == "linear");

  std::vector<float> odd = divisors;
  odd[3] = 5.5f;
  const auto strange = load_checkpoint(work.synth("tiny-llama", "f16", odd));
  CHECK_THROWS_WITH(convert_to_hf(*strange, strange->tokenizer->data(), work.folder.file("hf3"), {},
                                  work.pool, kGoOn, there),
                    Contains("rope_freqs.weight: no rope_scaling"));
}

TEST_CASE("what a target cannot hold is refused with the remedy", "[models]") {
  Work work;
  const auto model = load_checkpoint(work.synth("tiny", "i2_s"));
  const auto refused = [&](bool gguf, const ConvertOptions& o, const std::string& what) {
    ConvertReport report;
    const std::string out = work.folder.file("out");
    const auto run = [&] {
      return gguf ? convert_to_gguf(*model, model->tokenizer->data(), out, o, work.pool, kGoOn,
                                    report)
                  : convert_to_hf(*model, model->tokenizer->data(), out, o, work.pool, kGoOn,
                                  report);
    };
    CHECK_THROWS_WITH(run(), Contains(what));
    CHECK_FALSE(std::filesystem::exists(out));
  };
  ConvertOptions o;
  o.linears = "hf_u8";
  refused(true, o, "GGUF files hold no format 'hf_u8', expected one of f32");
  o.linears = "i2_s";
  refused(false, o, "directories hold no format 'i2_s'");
  o = {};
  o.head = "f16", o.embeddings = "f32";
  refused(true, o, "head and embedding of this model are one tensor");
  refused(false, o, "head and embedding of this model are one tensor");
  o = {};
  o.head = "tq1_0";
  refused(true, o, "no dense format 'tq1_0'");
  const auto dense = load_checkpoint(work.synth("tiny", "f16"));
  o = {};
  o.linears = "tq1_0";
  ConvertReport report;
  CHECK_THROWS_WITH(convert_to_gguf(*dense, dense->tokenizer->data(), work.folder.file("out"), o,
                                    work.pool, kGoOn, report),
                    Contains("ask with --ternarize"));
  o.ternarize = true;
  const auto found =
      load_checkpoint(work.gguf(*dense, dense->tokenizer->data(), "t.gguf", o, report));
  CHECK(std::holds_alternative<TernaryMatrix>(found->layers[0].attn_v));
}

TEST_CASE("work that stops leaves nothing", "[models]") {
  Work work;
  const auto model = load_checkpoint(work.synth("tiny", "i2_s"));
  const std::size_t before = work.folder.entries();
  const ConvertProgress stop = [](std::size_t done, std::size_t, const std::string&) {
    return done < 5;
  };
  ConvertReport report;
  const std::string out = work.folder.file("out");
  CHECK_FALSE(convert_to_gguf(*model, model->tokenizer->data(), out, {}, work.pool, stop, report));
  CHECK_FALSE(convert_to_hf(*model, model->tokenizer->data(), out, {}, work.pool, stop, report));
  CHECK(work.folder.entries() == before);
}

}  // namespace
}  // namespace tern::models
