// SPDX-License-Identifier: Apache-2.0
//
// State space: `tern formats` with a checkpoint and without: its table, its JSON, what it refuses.
// Parameters: one small random checkpoint, per flavour; shapes, sparsities and seeds.

#include <catch2/catch.hpp>
#include <cmath>
#include <stdexcept>

#include "tests/experiments/cli.h"

namespace tern::experiments {
namespace {

using Catch::Contains;
using models::Flavour;

const nlohmann::json& format_of(const nlohmann::json& j, const std::string& name) {
  for (const auto& f : j["formats"])
    if (f["name"] == name) return f;
  throw std::runtime_error("no row " + name);
}

TEST_CASE("formats packs a checkpoint in every layout that holds it", "[experiments]") {
  const Cli cli;
  const Result r = cli.run("formats {m} --json {d}/j");
  REQUIRE(r.code == 0);
  CHECK_THAT(r.out, Contains("i2_s") && Contains("matmul_t5p") && Contains("GGUF 35 (TQ2_0)") &&
                        Contains("log2(3) is 1.5850"));
  const auto j = json_of(cli.file("j"));
  CHECK(j["schema"] == "tern.formats");
  CHECK(j["schema_version"] == 1);
  CHECK(j["provenance"].contains("tern_version"));
  CHECK(j["model"]["name"] == "tiny");
  CHECK(j["matrices"] == 14);
  const double weights = 2 * (128 * 128 * 2 + 128 * 64 * 2 + 3 * 128 * 256);
  CHECK(j["weights"] == weights);
  const double zeros = j["zero_fraction"], entropy = j["entropy_bits_per_weight"];
  CHECK(entropy ==
        Approx(-zeros * std::log2(zeros) - (1 - zeros) * std::log2((1 - zeros) / 2)).margin(1e-3));
  const auto& i2s = format_of(j, "i2_s");
  CHECK(i2s["bytes"] == weights / 4 + 14 * 32);
  CHECK(i2s["bits_per_weight"] == Approx(2 + 14 * 32 * 8 / weights));
  CHECK(i2s["over_entropy_percent"] ==
        Approx(100 * (i2s["bits_per_weight"].get<double>() / entropy - 1)));
  CHECK(i2s["over_log2_3_percent"] ==
        Approx(100 * (i2s["bits_per_weight"].get<double>() / std::log2(3.0) - 1)));
  CHECK(i2s["refused"].empty());
  // Only ffn_down has 256 columns, in 128 rows.
  const auto& tq1 = format_of(j, "tq1_0");
  CHECK(tq1["matrices"] == 2);
  CHECK(tq1["bits_per_weight"] == 1.6875);
  REQUIRE(tq1["refused"].size() == 12);
  CHECK(tq1["refused"][0]["tensor"] == "blk.0.attn_q.weight");
  CHECK(tq1["refused"][0]["reason"] == "tq1_0 needs columns in multiples of 256, found 128");
  CHECK_THAT(r.out, Contains("cannot hold 12 of 14: blk.0.attn_q.weight: tq1_0 needs columns"));

  // A directory of the same matrices.
  REQUIRE(cli.run("convert {m} {d}/hf").code == 0);
  REQUIRE(cli.run("formats {d}/hf --json {d}/hf.json").code == 0);
  CHECK(json_of(cli.file("hf.json"))["formats"] == j["formats"]);

  const Cli half(Flavour::kF16);
  check_refused(half.run("formats {m}"), 1, "model.gguf: holds no ternary matrix");
}

TEST_CASE("formats packs a random matrix of a shape and sparsity", "[experiments]") {
  const Cli cli;
  const auto packed = [&](const std::string& arguments) {
    const Result r = cli.run("formats --json {d}/j " + arguments);
    REQUIRE(r.code == 0);
    return json_of(cli.file("j"));
  };
  const auto j = packed("");
  CHECK(j["weights"] == 2560 * 2560);
  CHECK(j["random"]["rows"] == 2560);
  CHECK(j["zero_fraction"].get<double>() == Approx(0.43).margin(1e-3));
  CHECK(format_of(j, "tl2")["bits_per_weight"] == Approx(1392672 * 8.0 / (2560 * 2560)));
  CHECK(j["formats"] == packed("--seed 1")["formats"]);
  CHECK(j["entropy_bits_per_weight"] != packed("--seed 2")["entropy_bits_per_weight"]);
  const auto odd = packed("--rows 12 --cols 7 --zero-fraction 1");
  CHECK(odd["zero_fraction"] == 1);
  CHECK(odd["entropy_bits_per_weight"] == 0);
  CHECK(format_of(odd, "hf_u8")["bytes"] == 21);
  CHECK_FALSE(format_of(odd, "hf_u8").contains("over_entropy_percent"));
  CHECK_FALSE(format_of(odd, "i2_s").contains("bits_per_weight"));
  check_refused(cli.run("formats --rows 70000 --cols 70000"), 1, "expected at most");
}

}  // namespace
}  // namespace tern::experiments
