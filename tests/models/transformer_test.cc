// SPDX-License-Identifier: Apache-2.0
//
// State space: shapes (multi-head, grouped, multi-query; wide and narrow heads), head tied or not,
// sub-norms or not, both activations, both RoPE pairings, both flavours; batches from one token to
// beyond the internal batch; every ISA and several thread counts; hostile weights.
// Parameters: kShapes and the flavours.

#include "models/transformer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "models/cpu_engine.h"
#include "models/reference.h"
#include "tests/models/tiny_model.h"

namespace tern::models {
namespace {

struct Shape {
  const char* name;
  std::size_t heads, kv_heads, head_dim;
  bool sub_norms, tied;
  Activation activation;
  RopePairing pairing;
};

constexpr auto kRelu2 = Activation::kRelu2;
constexpr auto kSilu = Activation::kSilu;
constexpr auto kSplit = RopePairing::kHalfSplit;
constexpr auto kAdjacent = RopePairing::kAdjacent;

constexpr Shape kShapes[] = {
    {"grouped as in bitnet-b1.58", 4, 2, 32, true, true, kRelu2, kSplit},
    {"multi-head as in llama", 4, 4, 32, false, false, kSilu, kAdjacent},
    {"multi-query", 4, 1, 32, true, false, kSilu, kSplit},
    {"no sub-norms and relu2", 2, 1, 64, false, true, kRelu2, kAdjacent},
    {"heads wider than the model", 4, 2, 64, true, true, kSilu, kAdjacent},
    {"narrow heads", 6, 3, 10, true, true, kRelu2, kSplit},
};

std::unique_ptr<const Model> make_model(const Shape& s, Flavour flavour, unsigned seed = 1) {
  Config c = tiny_config();
  c.heads = s.heads;
  c.kv_heads = s.kv_heads;
  c.head_dim = s.head_dim;
  c.sub_norms = s.sub_norms;
  c.tied_head = s.tied;
  c.activation = s.activation;
  c.pairing = s.pairing;
  return build_model(random_master(c, seed), Tokenizer(tiny_tokenizer(c.vocab)), flavour);
}

Flavour any_flavour() { return GENERATE(Flavour::kTernary, Flavour::kF16); }

struct Run {
  std::vector<float> logits;  // [tokens, vocab]
  StepCounts counts;
};

// Feeds the tokens in batches of the given size.
Run run(const Model& model, std::span<const TokenId> ids, std::size_t batch, unsigned threads = 1,
        kernels::Isa isa = kernels::Isa::kScalar,
        DenseInputs dense_inputs = DenseInputs::kFloat32) {
  kernels::ThreadPool pool(threads);
  CpuEngine engine(isa, pool);
  Transformer transformer(model, engine, {.pool = &pool, .isa = isa, .dense_inputs = dense_inputs});
  Run r;
  r.logits.resize(ids.size() * model.config.vocab);
  for (std::size_t i = 0; i < ids.size(); i += batch)
    transformer.forward_all(ids.subspan(i, std::min(batch, ids.size() - i)),
                            r.logits.data() + i * model.config.vocab);
  r.counts = transformer.counts();
  return r;
}

double range_of(const std::vector<float>& v) {
  const auto [low, high] = std::minmax_element(v.begin(), v.end());
  return static_cast<double>(*high) - static_cast<double>(*low);
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    most = std::max(most, std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return most;
}

TEST_CASE("the logits do not depend on how tokens are batched", "[models]") {
  const Flavour flavour = any_flavour();
  for (const Shape& shape : kShapes) {
    INFO(shape.name);
    const auto model = make_model(shape, flavour);
    const auto ids = random_tokens(70, model->config.vocab, 3);
    const Run whole = run(*model, ids, 70);
    CHECK(run(*model, ids, 1).logits == whole.logits);
    CHECK(run(*model, ids, 7).logits == whole.logits);
  }
}

TEST_CASE("the logits depend neither on threads nor on the ISA", "[models]") {
  const Flavour flavour = any_flavour();
  for (const Shape& shape : kShapes) {
    INFO(shape.name);
    const auto model = make_model(shape, flavour);
    const auto ids = random_tokens(40, model->config.vocab, 4);
    const Run scalar = run(*model, ids, 40);
    CHECK(run(*model, ids, 40, 3).logits == scalar.logits);
    for (const kernels::Isa isa : kernels::all_isas())
      if (kernels::host_has(isa)) CHECK(run(*model, ids, 40, 2, isa).logits == scalar.logits);
  }
}

TEST_CASE("forward gives the last row of forward_all and reset starts anew", "[models]") {
  const auto model = make_model(kShapes[0], any_flavour());
  const auto ids = random_tokens(9, model->config.vocab, 5);
  const Run all = run(*model, ids, 9);
  kernels::ThreadPool pool(1);
  CpuEngine engine(kernels::Isa::kScalar, pool);
  Transformer transformer(*model, engine);
  for (int round = 0; round < 2; ++round) {
    const auto last = transformer.forward(ids);
    CHECK(std::equal(last.begin(), last.end(), all.logits.end() - 300));
    CHECK(transformer.position() == 9);
    transformer.reset();
    CHECK(transformer.position() == 0);
  }
}

TEST_CASE("a pass of the reference that was interrupted leaves whole tokens behind", "[models]") {
  const auto model = make_model(kShapes[0], any_flavour());
  const auto ids = random_tokens(5, model->config.vocab, 5);
  Reference whole(*model);
  const auto expected = whole.forward(ids);
  std::size_t asked = 0, until = 0, before = 0;
  Reference reference(*model, [&] { return ++asked != until; });
  reference.forward(ids);
  const std::size_t all = asked;
  CHECK(all > 5 * model->config.layers);
  for (until = 1; until <= all; until += 1 + all / 50) {
    INFO(until);
    reference.reset();
    asked = 0;
    CHECK_THROWS_AS(reference.forward(ids), Interrupted);
    const std::size_t held = reference.position();
    CHECK((until == 1 ? held == 0 : held >= before));
    before = held;
    if (held == ids.size()) continue;  // ended in the head
    const auto again = reference.forward(std::span(ids).subspan(held));
    CHECK(std::equal(again.begin(), again.end(), expected.begin(), expected.end()));
  }
}

TEST_CASE("a pass that was interrupted is as if it had not come", "[models]") {
  const auto model = make_model(kShapes[0], any_flavour());
  const auto ids = random_tokens(9, model->config.vocab, 5);
  const Run expected = run(*model, ids, 9);
  std::size_t asked = 0, until = 0;
  kernels::ThreadPool pool(1);
  CpuEngine engine(kernels::Isa::kScalar, pool);
  Transformer transformer(*model, engine, {.go_on = [&] { return ++asked != until; }});
  const auto check = [&](std::span<const float> last) {
    CHECK(std::equal(last.begin(), last.end(), expected.logits.end() - 300));
  };
  check(transformer.forward(ids));
  const std::size_t all = asked;
  CHECK(all == 4 * model->config.layers);
  for (std::size_t at = 1; at <= all; ++at) {
    INFO(at);
    transformer.reset();
    until = 0;
    transformer.forward(std::span(ids).first(4));
    asked = 0;
    until = at;
    CHECK_THROWS_AS(transformer.forward(std::span(ids).subspan(4)), Interrupted);
    CHECK(transformer.position() == 4);
    check(transformer.forward(std::span(ids).subspan(4)));
  }
}

TEST_CASE("a sequence that was cut goes on as if the rest had never come", "[models]") {
  const auto model = make_model(kShapes[0], any_flavour());
  const auto ids = random_tokens(12, model->config.vocab, 5);
  kernels::ThreadPool pool(1);
  CpuEngine engine(kernels::Isa::kScalar, pool);
  Transformer transformer(*model, engine);
  Reference reference(*model);
  for (Decoder* decoder :
       {static_cast<Decoder*>(&transformer), static_cast<Decoder*>(&reference)}) {
    const auto whole = decoder->forward(ids);
    const std::vector<float> expected(whole.begin(), whole.end());
    decoder->reset();
    decoder->forward(std::span(ids).first(7));
    decoder->forward(random_tokens(20, model->config.vocab, 6));
    decoder->truncate(7);
    CHECK(decoder->position() == 7);
    const auto again = decoder->forward(std::span(ids).subspan(7));
    CHECK(std::equal(again.begin(), again.end(), expected.begin(), expected.end()));
    decoder->truncate(12);
    CHECK(decoder->position() == 12);
  }
}

TEST_CASE("the ternary path equals the float64 reference but for roundings", "[models]") {
  for (const Shape& shape : kShapes) {
    // Where an activation lies on a rounding tie the two may part, and all that follows: of the
    // seeds, one without a close tie is taken.
    bool found = false;
    for (unsigned seed = 1; seed < 40 && !found; ++seed) {
      const auto model = make_model(shape, Flavour::kTernary, seed);
      const auto ids = random_tokens(3, model->config.vocab, seed);
      Reference reference(*model);
      std::vector<float> expected(3 * model->config.vocab);
      reference.forward_all(ids, expected.data());
      // A scaled activation is at most 127 and carries some 20 roundings of 2^-24 relative.
      if (reference.tie_distance() < 127 * 20 * 0x1p-24) continue;
      found = true;
      INFO(shape.name << " seed " << seed << " tie distance " << reference.tie_distance());
      // What is left is the head: inputs rounded to binary16, each by 2^-11 of itself at most. See
      // golden_test.cc for the factor.
      CHECK(largest_difference(run(*model, ids, 3).logits, expected) <=
            4 * 4.5 * 4e-5 * range_of(expected));
    }
    INFO(shape.name);
    CHECK(found);
  }
}

TEST_CASE("the FP16 path equals the float64 reference but for roundings", "[models]") {
  for (const Shape& shape : kShapes) {
    INFO(shape.name);
    const auto model = make_model(shape, Flavour::kF16);
    const auto ids = random_tokens(20, model->config.vocab, 6);
    Reference reference(*model);
    std::vector<float> expected(20 * model->config.vocab);
    reference.forward_all(ids, expected.data());
    CHECK(largest_difference(run(*model, ids, 20).logits, expected) <=
          3 * 4 * 4.5 * 4e-5 * range_of(expected));
  }
}

TEST_CASE("RoPE divisors and both pairings reach the logits", "[models]") {
  const auto ids = random_tokens(12, 300, 7);
  std::vector<std::vector<float>> seen;
  for (const RopePairing pairing : {kSplit, kAdjacent}) {
    for (const float divisor : {1.0f, 8.0f}) {
      Shape shape = kShapes[0];
      shape.pairing = pairing;
      auto model = make_model(shape, Flavour::kF16);
      const_cast<Model&>(*model).rope_divisors.assign(16, divisor);
      Reference reference(*model);
      std::vector<float> expected(12 * 300);
      reference.forward_all(ids, expected.data());
      const Run fast = run(*model, ids, 12);
      CHECK(largest_difference(fast.logits, expected) <= 2.2e-3 * range_of(expected));
      for (const auto& other : seen)
        CHECK(largest_difference(fast.logits, other) > 1e-2 * range_of(expected));
      seen.push_back(fast.logits);
    }
  }
}

TEST_CASE("a step is counted as its shape says", "[models]") {
  // 128 wide, 2 layers, 4 heads of 32 over 2, FFN 256, vocabulary 300.
  constexpr std::size_t kLinear = 128 * 128 * 2 + 128 * 64 * 2 + 3 * 128 * 256;
  constexpr std::size_t n = 5;
  const auto ids = random_tokens(n, 300, 8);
  for (const Flavour flavour : {Flavour::kTernary, Flavour::kF16}) {
    const auto model = make_model(kShapes[0], flavour);
    const StepCounts c =
        run(*model, ids, n, 1, kernels::Isa::kScalar, DenseInputs::kBinary16).counts;
    const bool ternary = flavour == Flavour::kTernary;
    CHECK(c.tokens == n);
    CHECK(c.logits == n);
    CHECK(c.ternary_macs == (ternary ? n * 2 * kLinear : 0));
    CHECK(c.fp16_macs == (ternary ? 0 : n * 2 * kLinear));
    CHECK(c.linear_weight_bytes == (ternary ? 2 * kLinear / 4 : 2 * kLinear * 2));
    CHECK(c.head_macs == n * 300 * 128);
    CHECK(c.head_weight_bytes == 300 * 128 * 2);
    // 1 + 2 + 3 + 4 + 5 positions seen, 128 wide, scores and sums, 2 layers.
    CHECK(c.attention_macs == 15 * 128 * 2 * 2);
    CHECK(c.kv_read_bytes == 15 * 64 * 2 * 4 * 2);
    CHECK(c.kv_write_bytes == n * 64 * 2 * 4 * 2);
    const std::size_t norms = 2 * (128 + 128 + 128 + 256) + 128;
    const std::size_t inputs = 2 * (128 + 128 + 128 + 256);  // of linears
    const std::size_t outputs = 2 * (128 + 64 + 64 + 128 + 256 + 256 + 128);
    CHECK(c.elementwise_ops == n * norms * 4 + 2 * n * (128 + 64) * 3 + 2 * 15 * 4 * 5 +
                                   2 * n * 128 + 2 * n * 256 * 3 + 2 * n * 128 * 2 +
                                   n * 128 /* the head rounds */ +
                                   n * (ternary ? inputs * 3 + outputs : inputs));
  }
}

TEST_CASE("batches that threads share give the bits of one thread", "[models]") {
  Config c = tiny_config();
  c.dim = 1024;  // with 70 tokens beyond what one thread does alone, in every vector operation
  c.heads = 32;
  c.kv_heads = 8;
  c.ffn = 1024;
  c.layers = 1;
  const auto model =
      build_model(random_master(c, 4), Tokenizer(tiny_tokenizer(c.vocab)), any_flavour());
  const auto ids = random_tokens(70, c.vocab, 6);
  const auto expected = run(*model, ids, 1).logits;
  for (const unsigned threads : {1, 2, 3})
    CHECK(run(*model, ids, 70, threads, kernels::selected_isa()).logits == expected);
}

TEST_CASE("the largest logits alone are those of all logits", "[models]") {
  Config c = tiny_config();
  c.layers = 1;
  c.dim = 1024;
  c.vocab = 4200;  // large enough to be screened
  const auto model =
      build_model(random_master(c, 3), Tokenizer(tiny_tokenizer(c.vocab)), any_flavour());
  kernels::ThreadPool pool(2);
  CpuEngine engine(kernels::selected_isa(), pool), other(kernels::selected_isa(), pool);
  Transformer top(*model, engine, {.pool = &pool}), all(*model, other, {.pool = &pool});
  const auto ids = random_tokens(12, c.vocab, 5);
  for (std::size_t i = 0; i < ids.size(); i += 3) {
    const std::size_t k = i == 6 ? 5 : 1;
    const LogitList got = top.forward_top(std::span(ids).subspan(i, 3), k);
    const auto expected = all.forward(std::span(ids).subspan(i, 3));
    if (i == 0) {
      CHECK(got.ids.empty());  // read whole, the first time
      continue;
    }
    REQUIRE(got.ids.size() >= k);
    std::vector<float> sorted(expected.begin(), expected.end()), found;
    std::sort(sorted.rbegin(), sorted.rend());
    for (std::size_t j = 0; j < got.ids.size(); ++j) {
      CHECK(got.logits[j] == expected[got.ids[j]]);
      found.push_back(got.logits[j]);
    }
    std::sort(found.rbegin(), found.rend());
    CHECK(std::equal(found.begin(), found.begin() + static_cast<long>(k), sorted.begin()));
  }
  CHECK(top.counts().logits == 4);
  CHECK(top.counts().screened_logits == 3);
  CHECK(top.counts().screen_exact_rows >= 7);
  CHECK(top.counts().head_weight_bytes < 4 * model->head().bytes());
  CHECK(top.forward_top(std::span(ids).first(1), 0).ids.empty());
  CHECK(top.forward_top(std::span(ids).first(1), c.vocab).ids.empty());
}

TEST_CASE("counts add up over steps and start anew when reset", "[models]") {
  const auto model = make_model(kShapes[0], Flavour::kTernary);
  const auto ids = random_tokens(6, 300, 9);
  kernels::ThreadPool pool(1);
  CpuEngine engine(kernels::Isa::kScalar, pool);
  Transformer transformer(*model, engine);
  transformer.forward(std::span(ids).first(4));
  StepCounts sum = transformer.counts();
  CHECK(sum.logits == 1);
  transformer.reset_counts();
  CHECK(transformer.counts() == StepCounts{});
  transformer.forward(std::span(ids).subspan(4, 1));
  CHECK(transformer.counts().attention_macs == 5 * 128 * 2 * 2);
  sum += transformer.counts();
  CHECK(sum.tokens == 5);
  // The first layer of the first four saw 1 + 2 + 3 + 4 positions, the last one what the last sees.
  CHECK(sum.attention_macs == (10 + 4 + 5 * 2) * 128 * 2);
}

TEST_CASE("weights that drive activations out of range are an error and not a crash", "[models]") {
  Config c = tiny_config();
  MasterWeights m = random_master(c, 1);
  SECTION("beyond float32") {
    m.layers[0].attn_norm.assign(c.dim, 3e38f);
    const auto model = build_model(m, Tokenizer(tiny_tokenizer(c.vocab)), any_flavour());
    const auto ids = random_tokens(2, c.vocab, 1);
    CHECK_THROWS_WITH(run(*model, ids, 2), Catch::Contains("blk.0.attn_q.weight"));
    Reference reference(*model);
    std::vector<float> logits(2 * c.vocab);
    if (std::holds_alternative<TernaryMatrix>(model->layers[0].attn_q))
      CHECK_THROWS_WITH(reference.forward_all(ids, logits.data()), Catch::Contains("finite"));
  }
  SECTION("beyond binary16") {
    m.output_norm.assign(c.dim, 1e6f);
    const auto model = build_model(m, Tokenizer(tiny_tokenizer(c.vocab)), any_flavour());
    const auto ids = random_tokens(2, c.vocab, 1);
    CHECK_NOTHROW(run(*model, ids, 2));
    CHECK_THROWS_WITH(run(*model, ids, 2, 1, kernels::Isa::kScalar, DenseInputs::kBinary16),
                      Catch::Contains("token_embd.weight") && Catch::Contains("binary16"));
  }
}

}  // namespace
}  // namespace tern::models
