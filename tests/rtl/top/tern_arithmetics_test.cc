// SPDX-License-Identifier: Apache-2.0
//
// State space: the arithmetics that tern_accelerator_test.cc leaves, of shapes around every edge,
// under stalls; floats of all bits, infinities and NaN among them.

#include <Vaccelerator_small_bf16.h>
#include <Vaccelerator_small_fp16.h>
#include <Vaccelerator_small_fp8.h>
#include <Vaccelerator_small_int4.h>
#include <Vaccelerator_small_lut2.h>
#include <Vaccelerator_small_lut3.h>

#include <catch2/catch.hpp>

#include "tests/rtl/top/bench.h"

namespace tern::rtl {
namespace {

TEMPLATE_TEST_CASE("tables and int4 equal the sums of products under any stalls", "[rtl]",
                   Vaccelerator_small_lut2, Vaccelerator_small_lut3, Vaccelerator_small_int4) {
  stall_and_run<TestType>([](auto& b, const Shape& shape) {
    const auto values = static_cast<Values>(b.below(4));
    b.good_job(IntegerOperands(b.m, shape, values, b.rng), static_cast<Layout>(b.below(3)));
  });
}

TEMPLATE_TEST_CASE("an accelerator's floats equal their numerics to the bit under any stalls",
                   "[rtl]", Vaccelerator_small_fp8, Vaccelerator_small_bf16,
                   Vaccelerator_small_fp16) {
  stall_and_run<TestType>([](auto& b, const Shape& shape) {
    b.good_job(FloatOperands(b.m, shape, b.below(4) == 0, b.rng), Layout::kOwn);
  });
}

}  // namespace
}  // namespace tern::rtl
