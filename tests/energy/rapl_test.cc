// SPDX-License-Identifier: Apache-2.0
//
// State space: a powercap tree that is absent, empty, unreadable, of one or two packages with
// zones inside; counters that rise and that wrap.
// Parameters: trees written by the test in the layout of the kernel's powercap documentation.

#include "energy/rapl.h"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "tests/energy/temp_folder.h"

namespace tern::energy {
namespace {

void zone(const TempFolder& tree, const std::string& folder, const std::string& name, long uj,
          long range) {
  tree.write(folder + "/name", name + "\n");
  tree.write(folder + "/energy_uj", std::to_string(uj) + "\n");
  tree.write(folder + "/max_energy_range_uj", std::to_string(range) + "\n");
}

TEST_CASE("joules are the sum of all packages and nothing inside them", "[energy]") {
  const TempFolder tree;
  zone(tree, "intel-rapl:0", "package-0", 5'000'000, 100'000'000);
  zone(tree, "intel-rapl:0:0", "core", 1'000'000, 100'000'000);
  zone(tree, "intel-rapl:1", "package-1", 7'000'000, 100'000'000);
  zone(tree, "intel-rapl:2", "psys", 9'000'000, 100'000'000);
  std::string reason;
  auto rapl = Rapl::open(reason, tree.path());
  REQUIRE(rapl);
  CHECK(rapl->joules() == 0.0);
  tree.write("intel-rapl:0/energy_uj", "8000000");
  tree.write("intel-rapl:0:0/energy_uj", "3000000");
  tree.write("intel-rapl:1/energy_uj", "7500000");
  tree.write("intel-rapl:2/energy_uj", "99000000");
  CHECK(rapl->joules() == Approx(3.5).epsilon(1e-12));
  tree.write("intel-rapl:1/energy_uj", "9500000");
  CHECK(rapl->joules() == Approx(5.5).epsilon(1e-12));
  rapl->restart();
  CHECK(rapl->joules() == 0.0);
}

TEST_CASE("a counter that wrapped is counted through its range", "[energy]") {
  const TempFolder tree;
  zone(tree, "intel-rapl:0", "package-0", 9'000'000, 10'000'000);
  std::string reason;
  auto rapl = Rapl::open(reason, tree.path());
  REQUIRE(rapl);
  tree.write("intel-rapl:0/energy_uj", "500000");  // 1 J up to the range, 0.5 J from zero
  CHECK(rapl->joules() == Approx(1.5).epsilon(1e-12));
}

TEST_CASE("no powercap means no reading and a reason of one line", "[energy]") {
  const TempFolder tree;
  for (const std::string& root : {tree.path() + "/absent", tree.path()}) {
    std::string reason;
    CHECK(!Rapl::open(reason, root));
    CHECK(reason.find(root) != std::string::npos);
    CHECK(reason.find('\n') == std::string::npos);
  }
  tree.write("intel-rapl:0/name", "package-0");
  tree.write("intel-rapl:0/max_energy_range_uj", "10");
  std::string reason;
  CHECK(!Rapl::open(reason, tree.path()));
  CHECK(reason.find("energy_uj cannot be read") != std::string::npos);
}

TEST_CASE("a counter that vanishes throws", "[energy]") {
  const TempFolder tree;
  zone(tree, "intel-rapl:0", "package-0", 1, 10);
  std::string reason;
  auto rapl = Rapl::open(reason, tree.path());
  REQUIRE(rapl);
  std::filesystem::remove(tree.path() + "/intel-rapl:0/energy_uj");
  CHECK_THROWS_AS(rapl->joules(), std::runtime_error);
}

}  // namespace
}  // namespace tern::energy
