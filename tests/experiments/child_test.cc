// SPDX-License-Identifier: Apache-2.0
//
// State space: children that succeed, fail with and without a message, flood stderr, die by a
// signal, cannot be started; several at a time.
// Parameters: /bin/sh scripts.

#include "experiments/child.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <set>
#include <stdexcept>

namespace tern::experiments {
namespace {

Child shell(const std::string& label, const std::string& script) {
  return {.program = "/bin/sh", .label = label, .args = {"-c", script}, .environment = {}};
}

TEST_CASE("a child gets its arguments and its environment on top of ours", "[experiments]") {
  setenv("TERN_TEST_KEPT", "kept", 1);
  setenv("TERN_TEST_CHANGED", "old", 1);
  Child child =
      shell("env", "test \"$TERN_TEST_KEPT $TERN_TEST_CHANGED $TERN_TEST_NEW\" = 'kept new 1'");
  child.environment = {{"TERN_TEST_CHANGED", "new"}, {"TERN_TEST_NEW", "1"}};
  CHECK(run_child(child) >= 0);
}

TEST_CASE("a failing child is reported by label and last line", "[experiments]") {
  CHECK_THROWS_WITH(run_child(shell("one", "echo first >&2; echo 'the reason' >&2; exit 3")),
                    "one: the reason");
  CHECK_THROWS_WITH(run_child(shell("one", "exit 3")), "one: exit 3");
  CHECK_THROWS_WITH(run_child(shell("one", "kill -9 $$")),
                    Catch::StartsWith("one: ended by signal 9"));
  Child absent = shell("one", "");
  absent.program = "/nowhere/program";
  CHECK_THROWS_WITH(run_child(absent), Catch::Contains("/nowhere/program"));
}

TEST_CASE("a child that floods stderr neither hangs nor loses its last line", "[experiments]") {
  CHECK_THROWS_WITH(
      run_child(shell("flood",
                      "i=0; while [ $i -lt 20000 ]; do echo line $i of a flood of lines >&2; "
                      "i=$((i+1)); done; echo end >&2; exit 1")),
      "flood: end");
}

TEST_CASE("all children run and each is reported once", "[experiments]") {
  for (const unsigned at_once : {1u, 2u, 5u}) {
    std::vector<Child> children;
    for (int i = 0; i < 9; ++i) children.push_back(shell(std::to_string(i), "exit 0"));
    std::multiset<std::string> seen;
    run_children(children, at_once, [&](const Child& child, double) { seen.insert(child.label); });
    CHECK(seen.size() == 9);
    CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == 9);
  }
}

TEST_CASE("after a failure no further child starts and the first failure is thrown",
          "[experiments]") {
  std::vector<Child> children = {shell("0", "exit 0"), shell("1", "exit 1"), shell("2", "exit 0")};
  std::vector<std::string> seen;
  CHECK_THROWS_WITH(
      run_children(children, 1, [&](const Child& child, double) { seen.push_back(child.label); }),
      "1: exit 1");
  CHECK(seen == std::vector<std::string>{"0"});
}

}  // namespace
}  // namespace tern::experiments
