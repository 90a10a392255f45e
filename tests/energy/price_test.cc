// SPDX-License-Identifier: Apache-2.0
//
// State space: activities of a few events over the three scopes, hand-priced; a random activity
// whose levels are added up by hand.
// Parameters: the tables that ship (prices written out here); std::mt19937(1).

#include "energy/price.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <stdexcept>

namespace tern::energy {
namespace {

const Event kAdd = {Scope::kArithmetic, "dot_product", "int_add", 8, 0};
const Event kSelect = {Scope::kArithmetic, "dot_product", "trit_select", 8, 0};
const Event kSram = {Scope::kCore, "activation_sram", "sram_read", 64, 8192};
const Event kDram = {Scope::kSystem, "dram", "dram_read", 64, 0};

TEST_CASE("a hand-made activity costs what its counts times the table say", "[energy]") {
  Activity activity;
  activity.add(kAdd, 1000);
  activity.add(kSram, 10);
  activity.add(kDram, 2);
  const Bill bill = price(activity, find_technology("n7"), find_dram("hbm2"));
  // 1000 x 0.007 pJ, 10 x 7.5 pJ, 2 x 350 pJ (250 to 450).
  CHECK(bill.total(Scope::kArithmetic).nominal == Approx(7.0).epsilon(1e-12));
  CHECK(bill.own(Scope::kCore).nominal == Approx(75.0).epsilon(1e-12));
  CHECK(bill.total(Scope::kCore).nominal == Approx(82.0).epsilon(1e-12));
  CHECK(bill.total(Scope::kSystem).nominal == Approx(782.0).epsilon(1e-12));
  CHECK(bill.own(Scope::kSystem).low == Approx(500.0).epsilon(1e-12));
  CHECK(bill.own(Scope::kSystem).high == Approx(900.0).epsilon(1e-12));
  CHECK(bill.technology == "n7");
  CHECK(bill.dram == "hbm2");
  CHECK(bill.weakest() == Evidence::kPublished);
  REQUIRE(bill.lines.size() == 3);
  CHECK(bill.lines[0].count == 1000);
  CHECK(!bill.lines[0].price.source.empty());
}

TEST_CASE("nothing counted costs nothing", "[energy]") {
  const Bill bill = price({}, find_technology("n7"), find_dram("hbm2"));
  CHECK(bill.total() == Range{0, 0, 0});
  CHECK(bill.lines.empty());
}

TEST_CASE("the weakest evidence of a bill is that of its weakest line", "[energy]") {
  Activity activity;
  activity.add(kAdd, 1);
  activity.add(kSelect, 1);
  CHECK(price(activity, find_technology("n7"), find_dram("hbm2")).weakest() == Evidence::kAssumed);
}

TEST_CASE("an event without a price is an error that names component and event", "[energy]") {
  using Catch::Matchers::Contains;
  Activity activity;
  activity.add({Scope::kCore, "teleporter", "beam", 3, 0}, 1);
  CHECK_THROWS_WITH(price(activity, find_technology("n7"), find_dram("hbm2")),
                    Contains("component 'teleporter'") && Contains("event 'beam'") &&
                        Contains("3 bits") && Contains("'n7'"));
  Activity wide;
  wide.add({Scope::kSystem, "dram", "dram_read", 512, 0}, 1);
  CHECK_THROWS_WITH(price(wide, find_technology("n7"), find_dram("hbm2")),
                    Contains("'hbm2'") && Contains("512 bits"));
}

TEST_CASE("lines add up to components and those to scopes and those to the total exactly",
          "[energy]") {
  std::mt19937 rng(1);
  const Technology logic = find_technology("cmos45");
  const Technology dram = find_dram("lpddr4-3200");
  for (int round = 0; round < 50; ++round) {
    Activity activity;
    const char* components[] = {"dot_product", "accumulator", "sram", "dma"};
    for (int i = 0; i < 30; ++i) {
      const auto scope = static_cast<Scope>(rng() % 3);
      const char* component = components[rng() % 4];
      const std::uint64_t count = rng();
      switch (rng() % 4) {
        case 0:
          activity.add({scope, component, "int_add", 32, 0}, count);
          break;
        case 1:
          activity.add({scope, component, "sram_read", 64, 4096 + rng() % 100000}, count);
          break;
        case 2:
          activity.add({scope, component, "register_clock", 1, 0}, count);
          break;
        default:
          activity.add({scope, component, "dram_read", 64, 0}, count);
          break;
      }
    }
    const Bill bill = price(activity, logic, dram);

    // Bit for bit, in the order the bill stores.
    Range total;
    for (int scope = 0; scope < 3; ++scope) {
      Range of_scope;
      for (const BillItem& item : bill.items) {
        if (static_cast<int>(item.scope) != scope) continue;
        Range of_item;
        for (const BillLine& line : bill.lines)
          if (line.event.scope == item.scope && line.event.component == item.component) {
            CHECK(line.pj.nominal == line.price.pj.nominal * static_cast<double>(line.count));
            of_item += line.pj;
          }
        CHECK(of_item == item.pj);
        of_scope += item.pj;
      }
      CHECK(bill.own(static_cast<Scope>(scope)) == of_scope);
      total += of_scope;
      CHECK(bill.total(static_cast<Scope>(scope)) == total);
    }
    CHECK(bill.total() == total);
    CHECK(bill.lines.size() == activity.counts.size());
    CHECK(total.low <= total.nominal);
    CHECK(total.nominal <= total.high);
  }
}

}  // namespace
}  // namespace tern::energy
