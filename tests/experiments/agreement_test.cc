// SPDX-License-Identifier: Apache-2.0
//
// State space: two equal results, and each way in which a result can differ, one at a time; an
// engine whose outputs are wrong in one bit behind ObservedEngine; the JSON of a result.
// Parameters: tiny_level(); the fault list.

#include "experiments/agreement.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <functional>

#include "experiments/observed_engine.h"
#include "tests/experiments/tiny_levels.h"

namespace tern::experiments {
namespace {

TEST_CASE("equal results agree and say how much was compared", "[experiments]") {
  const Agreement a =
      compare_levels(tiny_level("cycle", "avx2", "fp16"), tiny_level("rtl", "avx2", "fp16"));
  CHECK(a.same);
  CHECK(a.difference.empty());
  CHECK(a.tokens == 3);
  CHECK(a.products == 3);
  CHECK(a.dot_products == 35);
  CHECK(a.macs == 550);
  CHECK(a.jobs == 3);
  CHECK(a.cycles == 600);
}

TEST_CASE("cycles are compared between simulated levels alone", "[experiments]") {
  LevelResult rtl = tiny_level("rtl", "avx2", "ternary");
  rtl.job_cycles[1] = 201;
  CHECK(compare_levels(tiny_level("cpu", "scalar", "ternary"), rtl).same);
  const Agreement a = compare_levels(tiny_level("cycle", "avx2", "ternary"), rtl);
  CHECK(!a.same);
  CHECK(a.difference == "job 1: cycle took 200 cycles, rtl took 201");
  CHECK(a.jobs == 1);
}

TEST_CASE("every difference is found and named", "[experiments]") {
  struct Fault {
    std::function<void(LevelResult&)> inject;
    const char* expected;
  };
  const Fault faults[] = {
      {[](LevelResult& r) { r.products[1].hash ^= 1; },
       "product 1, blk.0.ffn_down.weight, 2 tokens: outputs differ, cpu scalar has hash "
       "0000000000002222, cpu avx2 has 0000000000002223"},
      {[](LevelResult& r) { r.products[2].tensor = "x"; }, "product 2: cpu scalar computed token_"},
      {[](LevelResult& r) { r.products[0].tokens = 3; }, "product 0: "},
      {[](LevelResult& r) { r.products[0].dot_products = 3; }, "product 0: "},
      {[](LevelResult& r) { r.products[0].macs = 3; }, "product 0: "},
      {[](LevelResult& r) { r.products.pop_back(); },
       "cpu scalar computed 3 products, cpu avx2 computed 2"},
      {[](LevelResult& r) { r.products.push_back(r.products[0]); }, "cpu avx2 computed 4"},
      {[](LevelResult& r) { r.products.clear(); }, "cpu avx2 computed 0"},
      {[](LevelResult& r) { r.tokens[1] = 80; }, "token 1: cpu scalar has 8, cpu avx2 has 80"},
      {[](LevelResult& r) { r.tokens.pop_back(); }, "cpu scalar has 3 tokens, cpu avx2 has 2"},
      {[](LevelResult& r) { r.prompt_tokens[0] = 9; }, "the prompts' tokens differ"},
      {[](LevelResult& r) { r.flavour = "fp16"; }, "the checkpoints differ"},
  };
  const LevelResult reference = tiny_level("cpu", "scalar", "ternary");
  for (const Fault& fault : faults) {
    LevelResult level = tiny_level("cpu", "avx2", "ternary");
    fault.inject(level);
    const Agreement a = compare_levels(reference, level);
    INFO(a.difference);
    CHECK(!a.same);
    CHECK(a.difference.find(fault.expected) != std::string::npos);
  }
}

TEST_CASE("two results without products do not agree", "[experiments]") {
  LevelResult a = tiny_level("cpu", "scalar", "ternary"), b = a;
  a.products.clear();
  b.products.clear();
  CHECK(!compare_levels(a, b).same);
}

TEST_CASE("a result survives its JSON", "[experiments]") {
  for (LevelResult r : tiny_levels()) {
    r.products[0].hash = 0xffffffffffffffffu;
    r.timings = {{1.5, 2.5, 3.5, {}}, {1, 2, {}, 4.0}};
    const nlohmann::json json = to_json(r);
    const LevelResult back = level_from_json(nlohmann::json::parse(json.dump()), "here");
    CHECK(to_json(back) == json);
    CHECK(back.products == r.products);
    CHECK(back.prefill.part(Part::kLinear).activity.counts ==
          r.prefill.part(Part::kLinear).activity.counts);
    CHECK(back.timings[0].prefill_j == 3.5);
    CHECK(!back.timings[0].decode_j);
  }
}

TEST_CASE("a broken result is refused with a line that names its file", "[experiments]") {
  const nlohmann::json good = to_json(tiny_level("rtl", "avx2", "fp16"));
  for (const auto& [key, value] : good.items()) {
    nlohmann::json bad = good;
    bad.erase(key);
    CHECK_THROWS_WITH(level_from_json(bad, "level.json"), Catch::StartsWith("level.json: "));
  }
  nlohmann::json bad = good;
  bad["schema_version"] = 2;
  CHECK_THROWS_WITH(level_from_json(bad, "level.json"), Catch::StartsWith("level.json: "));
}

// Gives acc = index, with one bit of one output wrong where asked for.
class Counting final : public models::LinearEngine {
 public:
  int wrong = -1;

  void ternary(const models::TernaryMatrix& w, const models::TernaryInput& in,
               std::int32_t* acc) override {
    for (std::size_t i = 0; i < in.tokens * w.rows; ++i)
      acc[i] = static_cast<std::int32_t>(i) ^ (static_cast<int>(i) == wrong ? 1 << 30 : 0);
  }
  void dense(const models::DenseMatrix& w, const float*, std::size_t tokens, float* y) override {
    for (std::size_t i = 0; i < tokens * w.rows; ++i)
      y[i] = static_cast<int>(i) == wrong ? -0.0f : 0.0f;
  }
};

TEST_CASE("one wrong bit in one output changes the hash of its product and no other",
          "[experiments]") {
  const models::TernaryMatrix ternary = {"t", 5, 100, 1.0f, {}};
  const models::DenseMatrix dense = {"f", 5, 100, &kernels::dense_format("f16"), nullptr};
  std::vector<Product> all[3];
  for (int run = 0; run < 3; ++run) {
    Counting inner;
    ObservedEngine engine(inner);
    std::int32_t acc[15];
    float y[15];
    for (int product = 0; product < 3; ++product) {
      inner.wrong = run > 0 && product == 1 ? 12 + run : -1;
      engine.ternary(ternary, {nullptr, 0, nullptr, 3}, acc);
      engine.dense(dense, nullptr, 3, y);
    }
    all[run] = engine.products();
    REQUIRE(all[run].size() == 6);
    CHECK(all[run][0].tensor == "t");
    CHECK(all[run][1].tensor == "f");
    CHECK(all[run][0].tokens == 3);
    CHECK(all[run][0].dot_products == 15);
    CHECK(all[run][0].macs == 1500);
  }
  for (int run = 1; run < 3; ++run)
    for (std::size_t i = 0; i < 6; ++i)
      CHECK((all[run][i] == all[0][i]) == (i != 2 && i != 3));  // 0.0 and -0.0 are different bits
}

}  // namespace
}  // namespace tern::experiments
