// SPDX-License-Identifier: Apache-2.0
//
// State space: the shapes; tensors in ternary and dense formats, tied and untied heads, 1 and 3
// threads, lengths of rows; the tokenizer at LLaMA-3's size and small; what is refused.
// Parameters: the tables of shapes and of formats.

#include "models/synth.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>

#include "kernels/formats/dense_formats.h"
#include "models/checkpoint.h"
#include "models/cpu_engine.h"
#include "models/gguf_metadata.h"
#include "models/gguf_write.h"
#include "models/model_weights.h"
#include "models/synth_tokenizer.h"
#include "models/transformer.h"
#include "tests/models/temp_folder.h"

namespace tern::models {
namespace {

using Catch::Contains;
using Bytes = std::vector<std::byte>;

SynthOptions tiny(const char* shape = "tiny") {
  SynthOptions o;
  o.config = synth_shape(shape).config;
  return o;
}

std::map<std::string, Bytes> all_bytes(const SynthOptions& o, unsigned threads) {
  kernels::ThreadPool pool(threads);
  std::map<std::string, Bytes> bytes;
  for (const TensorStream& t : synth_tensors(o, pool))
    t.produce([&](std::span<const std::byte> part) {
      bytes[t.name].insert(bytes[t.name].end(), part.begin(), part.end());
    });
  return bytes;
}

std::unique_ptr<const Model> written(const TempFolder& folder, const SynthOptions& o) {
  kernels::ThreadPool pool(2);
  const TokenizerData tokenizer = synth_tokenizer(o.config.vocab, o.seed);
  check_metadata(o.config, tokenizer);
  REQUIRE(write_gguf(folder.file("m"),
                     gguf_metadata(o.config, tokenizer, gguf_file_type(o.linears)),
                     synth_tensors(o, pool)));
  return load_checkpoint(folder.file("m"));
}

TEST_CASE("every shape is sound and its own linears hold it", "[models]") {
  for (const SynthShape& shape : synth_shapes()) {
    INFO(shape.name);
    check(shape.config, std::string(shape.name));
    SynthOptions o;
    o.config = shape.config;
    o.linears = shape.linears;
    kernels::ThreadPool pool(1);
    const auto tensors = synth_tensors(o, pool);
    const std::size_t per_layer = shape.config.sub_norms ? 11 : 9;
    CHECK(tensors.size() == shape.config.layers * per_layer + (shape.config.tied_head ? 2 : 3));
    CHECK(!shape.source.empty());
  }
  // shared/reference/bitnet.md 1.1: 332 tensors, 2.084 G weights in linears.
  const Config& c = synth_shape("bitnet-2b4t").config;
  std::size_t weights = 0;
  for (const LinearSlot& slot : linear_slots()) weights += c.layers * slot.rows(c) * slot.cols(c);
  CHECK(weights == 2'084'044'800);
  CHECK_THROWS_WITH(synth_shape("huge"), Contains("no shape 'huge', expected one of bitnet-2b4t"));
}

TEST_CASE("the bytes do not depend on threads and follow the seed", "[models]") {
  const SynthOptions o = tiny(GENERATE("tiny", "tiny-llama"));
  const auto one = all_bytes(o, 1);
  CHECK(one == all_bytes(o, 3));
  SynthOptions other = o;
  other.seed = 2;
  for (const auto& [name, bytes] : all_bytes(other, 2)) CHECK(bytes != one.at(name));
}

TEST_CASE("a synthetic checkpoint loads and its logits are finite", "[models]") {
  const TempFolder folder;
  SynthOptions o = tiny(GENERATE("tiny", "tiny-llama"));
  o.linears = GENERATE("i2_s", "i2_s_arm", "tq1_0", "tq2_0", "f16", "bf16", "f32");
  const auto model = written(folder, o);
  Config expected = o.config;
  CHECK(model->config == expected);
  kernels::ThreadPool threads(2);
  CpuEngine engine(kernels::selected_isa(), threads);
  Transformer transformer(*model, engine);
  const Tokenizer& tokenizer = *model->tokenizer;
  auto ids = tokenizer.encode("Once upon a time there was a cat.", true);
  REQUIRE(ids.size() > 4);
  while (ids.size() < 400) ids.push_back(ids[ids.size() % 7]);
  const auto logits = transformer.forward(ids);
  CHECK(std::all_of(logits.begin(), logits.end(), [](float v) { return std::isfinite(v); }));
  // Neither all alike nor one that drowns the others.
  const auto [least, most] = std::minmax_element(logits.begin(), logits.end());
  CHECK(*most - *least > 0.1f);
  CHECK(*most < 20);
}

TEST_CASE("weights have the asked zeros and row norms", "[models]") {
  const TempFolder folder;
  SynthOptions o = tiny();
  o.zeros = 0.7;
  const auto model = written(folder, o);
  for (const LinearSlot& slot : linear_slots()) {
    const auto& w = std::get<TernaryMatrix>(model->layers[0].*slot.linear);
    std::vector<std::int8_t> trits(w.rows * w.cols);
    unpack_rows(w, 0, w.rows, trits.data());
    const auto zeros = static_cast<double>(std::count(trits.begin(), trits.end(), 0));
    CHECK(std::fabs(zeros / static_cast<double>(trits.size()) - 0.7) < 0.02);
  }
  const DenseMatrix& e = model->token_embd;
  const auto values = read_floats(*e.format, e.data, e.rows * e.cols, "e");
  for (std::size_t r = 0; r < e.rows; ++r) {
    double square = 0;
    for (std::size_t c = 0; c < e.cols; ++c)
      square += static_cast<double>(values[r * e.cols + c]) * values[r * e.cols + c];
    const double norm = std::sqrt(square / static_cast<double>(e.cols)) / (0.593 / 64);
    const double wanted = synth_row_norm(o.seed, r, e.rows, HeadRows::kRealistic);
    CHECK(norm == Approx(wanted).epsilon(0.3));
  }
}

TEST_CASE("row norms are spread as those of LLaMA-3", "[models]") {
  constexpr std::size_t kVocab = 128256;
  double sum = 0, square = 0;
  std::size_t low = 0, below = 0, low_specials = 0;
  for (std::size_t i = 0; i < kVocab; ++i) {
    const double norm = synth_row_norm(1, i, kVocab, HeadRows::kRealistic);
    sum += norm;
    square += norm * norm;
    below += norm < 0.418 / 0.593 ? 1 : 0;
    if (norm < 0.068 / 0.593) ++(i < 128000 ? low : low_specials);
    CHECK(synth_row_norm(1, i, kVocab, HeadRows::kUniform) == 1);
  }
  const double mean = sum / kVocab, deviation = std::sqrt(square / kVocab - mean * mean);
  CHECK(deviation / mean == Approx(0.073 / 0.593).epsilon(0.05));
  CHECK(low == Approx(188).epsilon(0.25));
  CHECK(low_specials == 253);
  CHECK(below == Approx(2203 + 254).epsilon(0.1));
  // The special tokens that end a text or a turn are ordinary.
  for (const std::size_t id : {128000, 128001, 128009})
    CHECK(synth_row_norm(1, id, kVocab, HeadRows::kRealistic) > 0.7);
}

TEST_CASE("the tokenizer of LLaMA-3's size has its special tokens at their ids", "[models]") {
  const TokenizerData d = synth_tokenizer(128256, 1);
  CHECK(d.tokens.size() == 128256);
  CHECK(d.merges.size() == 280147);  // formats.md 6.7
  CHECK(d.pre == "llama-bpe");
  const Tokenizer tokenizer(d);
  const std::pair<const char*, TokenId> specials[] = {{"<|begin_of_text|>", 128000},
                                                      {"<|end_of_text|>", 128001},
                                                      {"<|reserved_special_token_3|>", 128005},
                                                      {"<|start_header_id|>", 128006},
                                                      {"<|end_header_id|>", 128007},
                                                      {"<|reserved_special_token_4|>", 128008},
                                                      {"<|eot_id|>", 128009},
                                                      {"<|reserved_special_token_250|>", 128255}};
  for (const auto& [name, id] : specials) CHECK(tokenizer.id_of(name) == id);
  CHECK(*d.bos == 128000);
  CHECK(*d.eos == 128001);
  const std::string text = "A dog ran to 1234 trees.\n\n  \xE2\x82\xAC \xFF and back";
  const auto ids = tokenizer.encode(text, false);
  CHECK(tokenizer.decode(ids) == text);
  CHECK(ids.size() < text.size());
  // Words of the stories are single tokens.
  CHECK(tokenizer.encode(" the", false).size() == 1);
}

TEST_CASE("every merge of a small vocabulary can be used", "[models]") {
  const std::size_t vocab = GENERATE(512, 1024, 5000);
  const TokenizerData d = synth_tokenizer(vocab, GENERATE(1, 2));
  CHECK(d.tokens.size() == vocab);
  const Tokenizer valid(d);  // every merge makes a token of two others
  CHECK(d.merges.size() >= vocab - 256 - synth_specials(vocab));
  CHECK_THROWS_WITH(synth_tokenizer(511, 1), Contains("511 is too small"));
}

TEST_CASE("what a format cannot hold is named", "[models]") {
  kernels::ThreadPool pool(1);
  SynthOptions o;
  o.config = synth_shape("bitnet-3b").config;
  CHECK_THROWS_WITH(synth_tensors(o, pool),
                    Contains("blk.0.ffn_down.weight: i2_s needs columns in multiples of 128"));
  o.linears = "t2p";
  CHECK_THROWS_WITH(synth_tensors(o, pool), Contains("GGUF files hold no format 't2p'"));
  o = tiny();
  o.linears = "tl1";
  CHECK_THROWS_WITH(synth_tensors(o, pool),
                    Contains("blk.0.attn_q.weight: 256 x 256 has no preset"));
  o = tiny();
  o.zeros = 1.5;
  CHECK_THROWS_WITH(synth_tensors(o, pool), Contains("zeros"));
}

}  // namespace
}  // namespace tern::models
