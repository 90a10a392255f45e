// SPDX-License-Identifier: Apache-2.0
//
// State space: a check that holds and one that does not.
// Parameters: none.

#include "kernels/check.h"

#include <catch2/catch.hpp>

#include "tests/kernels/death.h"

namespace tern {
namespace {

TEST_CASE("a check that holds evaluates its condition once and goes on", "[kernels]") {
  int evaluations = 0;
  TERN_CHECK(++evaluations == 1, "once");
  CHECK(evaluations == 1);
}

TEST_CASE("a broken promise ends the program and names itself", "[kernels]") {
  const Death death = death_of([] { TERN_CHECK(1 + 1 == 3, "sums hold"); });
  CHECK(death.aborted);
  CHECK_THAT(death.said, Catch::Contains("check_test.cc"));
  CHECK_THAT(death.said, Catch::Contains("1 + 1 == 3"));
  CHECK_THAT(death.said, Catch::Contains("sums hold"));
}

}  // namespace
}  // namespace tern
