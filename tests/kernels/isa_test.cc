// SPDX-License-Identifier: Apache-2.0
//
// State space: every ISA, selected by TERN_ISA, by default and by wrong names; every table of
// kernels; the ISAs that the environment promises in TERN_REQUIRE_ISA (comma-separated names).
// Parameters: all_isas() and the tables.

#include "kernels/isa.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>

#include "kernels/dense/dense.h"
#include "kernels/f16.h"
#include "kernels/gemm_f32.h"
#include "kernels/norm_quantize.h"
#include "kernels/ternary/ternary.h"

namespace tern::kernels {
namespace {

class IsaVariable {
 public:
  explicit IsaVariable(const std::string& value) {
    const char* before = std::getenv("TERN_ISA");
    had_ = before != nullptr;
    if (had_) before_ = before;
    setenv("TERN_ISA", value.c_str(), 1);
  }
  ~IsaVariable() {
    if (had_)
      setenv("TERN_ISA", before_.c_str(), 1);
    else
      unsetenv("TERN_ISA");
  }

 private:
  bool had_;
  std::string before_;
};

bool is_standin(std::string_view name) { return name.ends_with("_standin"); }

template <typename Fn>
void check_table(const std::string& family, std::span<const Kernel<Fn>> table) {
  const auto place = [](Isa isa) {
    const auto at = std::find(all_isas().begin(), all_isas().end(), isa);
    REQUIRE(at != all_isas().end());
    return at - all_isas().begin();
  };
  std::size_t scalars = 0, standins = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const std::string name(table[i].name);
    INFO(name);
    REQUIRE(table[i].run != nullptr);
    for (std::size_t j = 0; j < i; ++j) CHECK(table[i].run != table[j].run);
    if (is_standin(name)) {
      ++standins;
      CHECK(name.starts_with(family + "_"));
      continue;
    }
    CHECK(standins == 0);  // they come last
    CHECK(name == family + "_" + std::string(isa_name(table[i].isa)));
    if (i > 0) CHECK(place(table[i - 1].isa) < place(table[i].isa));  // fastest first, each once
    CHECK(kernel_for(table, table[i].isa).run == table[i].run);
    scalars += table[i].isa == Isa::kScalar ? 1 : 0;
  }
  CHECK(scalars == 1);
  // What an ISA has no row for falls to the next one that it contains and the host has.
  for (const Isa isa : all_isas()) {
    const Kernel<Fn>& chosen = kernel_for(table, isa);
    INFO("for " << isa_name(isa) << ": " << chosen.name);
    CHECK(contains(isa, chosen.isa));
    CHECK_FALSE(is_standin(chosen.name));
    if (chosen.isa != isa) CHECK(host_has(chosen.isa));
    for (const Kernel<Fn>& row : table) {
      if (&row == &chosen) break;
      CHECK_FALSE((row.isa == isa || (contains(isa, row.isa) && host_has(row.isa))));
    }
  }
}

TEST_CASE("every family has a scalar kernel and its kernels come fastest first", "[kernels]") {
  check_table("gemm_f32", gemm_f32_kernels());
  check_table("matmul_f32", matmul_f32_kernels());
  check_table("matmul_f16", matmul_f16_kernels());
  check_table("matmul_bf16", matmul_bf16_kernels());
  check_table("matmul_e4m3", matmul_e4m3_kernels());
  check_table("matmul_e5m2", matmul_e5m2_kernels());
  check_table("matmul_i8", matmul_i8_kernels());
  check_table("matmul_i4", matmul_i4_kernels());
  check_table("norm_quantize", norm_quantize_kernels());
  check_table("quantize", quantize_kernels());
  check_table("widen_f16", widen_f16_kernels());
  check_table("matmul_t2p", matmul_t2p_kernels());
  check_table("matmul_t5p", matmul_t5p_kernels());
  check_table("matmul_lut2", matmul_lut2_kernels());
  check_table("matmul_lut3", matmul_lut3_kernels());
}

TEST_CASE("an ISA contains itself, the scalar one and what it was built upon", "[kernels]") {
  for (const Isa isa : all_isas()) {
    CHECK(contains(isa, isa));
    CHECK(contains(isa, Isa::kScalar));
    if (isa != Isa::kScalar) CHECK_FALSE(contains(Isa::kScalar, isa));
  }
  CHECK(contains(Isa::kAmx, Isa::kAvx512Vnni));
  CHECK(contains(Isa::kAvx512Vnni, Isa::kAvx2));
  CHECK(contains(Isa::kNeonI8mm, Isa::kNeonDot));
  CHECK_FALSE(contains(Isa::kAvx512Vnni, Isa::kAvxVnni));
  CHECK_FALSE(contains(Isa::kAvx2, Isa::kAvx512Bw));
  CHECK_FALSE(contains(Isa::kNeon, Isa::kAvx2));
}

TEST_CASE("the scalar ISA is everywhere and comes last", "[kernels]") {
  CHECK(all_isas().back() == Isa::kScalar);
  CHECK(host_has(Isa::kScalar));
}

TEST_CASE("without TERN_ISA the fastest ISA of the host is selected", "[kernels]") {
  const IsaVariable empty("");
  const Isa by_empty = selected_isa();
  unsetenv("TERN_ISA");
  CHECK(selected_isa() == by_empty);
  for (const Isa isa : all_isas()) {
    if (!host_has(isa)) continue;
    CHECK(by_empty == isa);
    break;
  }
}

TEST_CASE("TERN_ISA takes every ISA the host has and refuses the others", "[kernels]") {
  for (const Isa isa : all_isas()) {
    const IsaVariable forced{std::string(isa_name(isa))};
    INFO(isa_name(isa));
    if (host_has(isa)) {
      CHECK(selected_isa() == isa);
      CHECK(contains(isa, kernel_for(matmul_t2p_kernels(), selected_isa()).isa));
    } else {
      CHECK_THROWS_WITH(selected_isa(), Catch::Contains("this host lacks it"));
    }
  }
}

TEST_CASE("a TERN_ISA that names no ISA is an error that lists what there is", "[kernels]") {
  for (const char* name : {"avx", "AVX2", "avx2 ", "scalar,avx2", "sse"}) {
    const IsaVariable forced(name);
    CHECK_THROWS_AS(selected_isa(), std::runtime_error);
    CHECK_THROWS_WITH(selected_isa(), Catch::Contains(std::string("TERN_ISA=") + name) &&
                                          Catch::Contains("scalar"));
  }
}

// tests/kernels/CMakeLists.txt runs this case once per ISA with both variables set.
TEST_CASE("the ISA of the environment took", "[kernels]") {
  const char* expected = std::getenv("TERN_EXPECT_ISA");
  if (expected == nullptr) return;
  for (const Isa isa : all_isas())
    if (isa_name(isa) == expected && !host_has(isa)) return;
  CHECK(std::string(isa_name(selected_isa())) == expected);
}

TEST_CASE("the host has every ISA that TERN_REQUIRE_ISA promises", "[kernels]") {
  const char* required = std::getenv("TERN_REQUIRE_ISA");
  if (required == nullptr) return;
  std::istringstream names{required};
  for (std::string name; std::getline(names, name, ',');) {
    INFO("required: " << name);
    bool known = false, present = false;
    for (const Isa isa : all_isas()) {
      if (isa_name(isa) != name) continue;
      known = true;
      present = host_has(isa);
    }
    CHECK(known);
    CHECK(present);
  }
}

}  // namespace
}  // namespace tern::kernels
