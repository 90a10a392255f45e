// SPDX-License-Identifier: Apache-2.0
//
// State space: every price of every table that ships; memories at, between and beyond the
// published capacities; every way a table can be malformed, one fault at a time.
// Parameters: the folders themselves (a new table is tested with no edit here); the fault list.

#include "energy/technology.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <stdexcept>

#include "tests/energy/temp_folder.h"

namespace tern::energy {
namespace {

// A well-formed table; each malformed case replaces one piece of it.
const std::string kGood = R"(schema = 1
kind = "logic"
name = "tiny"
title = "Tiny"
node_nm = 45
supply_v = 0.9
[source.a]
cite = "A paper"
[[event]]
name = "int_add"
prices = [{bits = 8, pj = 2.0, low = 1.0, high = 3.0, source = "a", evidence = "published", note = "n"}]
[[event]]
name = "sram_read"
prices = [
  {bits = 64, bytes = 100, pj = 10.0, low = 4.0, high = 10.0, source = "a", evidence = "published", note = "n"},
  {bits = 64, bytes = 10000, pj = 1000.0, low = 4.0, high = 100000.0, source = "a", evidence = "published", note = "n"},
]
)";

std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string message_of(const std::string& path) {
  try {
    Technology::load(path);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("every table that ships loads and sources each of its prices", "[energy]") {
  int files = 0;
  for (const std::string folder : {"technology", "dram"})
    for (const auto& entry : std::filesystem::directory_iterator("energy/" + folder)) {
      INFO(entry.path());
      ++files;
      const Technology table = Technology::load(entry.path().string());
      CHECK((table.kind() == Technology::Kind::kDram) == (folder == "dram"));
      REQUIRE(!table.rows().empty());
      for (const Technology::Row& row : table.rows()) {
        INFO(row.event << " " << row.bits << " bits, " << row.bytes << " bytes");
        CHECK(row.price.source.size() > 5);
        CHECK(0 <= row.price.pj.low);
        CHECK(row.price.pj.low <= row.price.pj.nominal);
        CHECK(row.price.pj.nominal <= row.price.pj.high);
        if (row.price.evidence == Evidence::kAssumed) CHECK(row.price.note.size() > 5);
      }
    }
  CHECK(files >= 5);
}

TEST_CASE("every logic table prices every event of the simulator and every DRAM its two",
          "[energy]") {
  for (const auto& entry : std::filesystem::directory_iterator("energy/technology")) {
    INFO(entry.path());
    const Technology table = Technology::load(entry.path().string());
    CHECK_NOTHROW(table.price("trit_select", 8));
    CHECK_NOTHROW(table.price("trit_zero", 8));
    for (const unsigned bits : {8u, 16u, 32u}) CHECK_NOTHROW(table.price("int_add", bits));
    CHECK_NOTHROW(table.price("int_mul", 8));
    for (const unsigned bits : {16u, 32u}) CHECK_NOTHROW(table.price("fp_add", bits));
    for (const unsigned bits : {16u, 32u}) CHECK_NOTHROW(table.price("fp_mul", bits));
    for (const std::uint64_t bytes : {1024u, 8192u, 65536u, 1048576u}) {
      CHECK_NOTHROW(table.price("sram_read", 64, bytes));
      CHECK_NOTHROW(table.price("sram_write", 64, bytes));
    }
    CHECK_NOTHROW(table.price("register_clock", 1));
    CHECK_NOTHROW(table.price("idle_cycle", 1));
  }
  for (const auto& entry : std::filesystem::directory_iterator("energy/dram")) {
    INFO(entry.path());
    const Technology table = Technology::load(entry.path().string());
    CHECK_NOTHROW(table.price("dram_read", 64));
    CHECK_NOTHROW(table.price("dram_write", 64));
  }
}

TEST_CASE("the published points are in the tables to the digit", "[energy]") {
  const Technology t45 = find_technology("cmos45"), t7 = find_technology("n7");
  // Horowitz, ISSCC 2014, and Jouppi et al., ISCA 2021, Table 2.
  CHECK(t45.price("int_add", 8).pj.nominal == 0.03);
  CHECK(t45.price("int_add", 32).pj.nominal == 0.1);
  CHECK(t45.price("fp_add", 32).pj.nominal == 0.9);
  CHECK(t45.price("fp_mul", 16).pj.nominal == 1.1);
  CHECK(t45.price("sram_read", 64, 32768).pj.nominal == 20.0);
  CHECK(t7.price("int_add", 8).pj.nominal == 0.007);
  CHECK(t7.price("int_mul", 8).pj.nominal == 0.07);
  CHECK(t7.price("fp_add", 32).pj.nominal == 0.38);
  CHECK(t7.price("fp_mul", 16).pj.nominal == 0.34);
  CHECK(t7.price("sram_read", 64, 1048576).pj.nominal == 14.0);
  CHECK(find_dram("ddr4").price("dram_read", 64).pj.nominal == 1300.0);
  CHECK(find_dram("lpddr4-3200").price("dram_read", 64).pj.nominal == 14.0 * 64);
}

TEST_CASE("a memory between two capacities is interpolated log-log", "[energy]") {
  const TempFolder folder;
  const Technology table = Technology::load(folder.write("tiny.toml", kGood));
  // Half-way in the logarithm of 100..10000 is 1000; sqrt(10 * 1000) = 100.
  const Price middle = table.price("sram_read", 64, 1000);
  CHECK(middle.pj.nominal == Approx(100.0).epsilon(1e-12));
  CHECK(middle.pj.low == Approx(4.0).epsilon(1e-12));
  CHECK(middle.pj.high == Approx(1000.0).epsilon(1e-12));
  CHECK(middle.evidence == Evidence::kSecondary);
  CHECK(table.price("sram_read", 64, 100).evidence == Evidence::kPublished);
  CHECK(table.price("sram_read", 64, 10000).pj == Range{4.0, 1000.0, 100000.0});
}

TEST_CASE("a memory below the smallest capacity is charged as that with a wider range",
          "[energy]") {
  const TempFolder folder;
  const Technology table = Technology::load(folder.write("tiny.toml", kGood));
  const Price small = table.price("sram_read", 64, 25);
  CHECK(small.pj.nominal == 10.0);
  CHECK(small.pj.high == 10.0);
  CHECK(small.pj.low == Approx(2.0).epsilon(1e-12));
  CHECK(small.evidence == Evidence::kAssumed);
}

TEST_CASE("an event without a price throws and names event width and table", "[energy]") {
  const TempFolder folder;
  const std::string path = folder.write("tiny.toml", kGood);
  const Technology table = Technology::load(path);
  using Catch::Matchers::Contains;
  CHECK_THROWS_WITH(table.price("int_div", 8), Contains("'int_div'") && Contains("8 bits") &&
                                                   Contains("'tiny'") && Contains(path));
  CHECK_THROWS_WITH(table.price("int_add", 16), Contains("'int_add'") && Contains("16 bits"));
  CHECK_THROWS_WITH(table.price("sram_read", 64, 10001), Contains("10001 bytes"));
  CHECK_THROWS_WITH(table.price("sram_read", 64), Contains("'sram_read'"));
  CHECK_THROWS_WITH(table.price("int_add", 8, 64), Contains("64 bytes"));
}

TEST_CASE("a malformed table is refused with one line that names file and fault", "[energy]") {
  struct Fault {
    std::string from, to, expected;
  };
  const Fault faults[] = {
      {"schema = 1", "schema = 2", "'schema' is 2"},
      {"schema = 1", "", "'schema' is missing"},
      {"schema = 1", "schema = \"1\"", "'schema' must be an integer"},
      {"kind = \"logic\"", "kind = \"optic\"", "'kind' is 'optic'"},
      {"name = \"tiny\"", "name = \"other\"", "expected the name of the file"},
      {"title = \"Tiny\"", "title = \"\"", "'title' is empty"},
      {"node_nm = 45", "node_nm = 0", "'node_nm'"},
      {"supply_v = 0.9", "", "'supply_v' is missing"},
      {"supply_v = 0.9", "supply_v = 0.9\nvolts = 3", "unknown field 'volts'"},
      {"[source.a]\ncite = \"A paper\"", "", "[source.*] is missing"},
      {"cite = \"A paper\"", "cite = \"\"", "source 'a': field 'cite' is empty"},
      {"cite = \"A paper\"", "cite = 7", "'cite' must be a string"},
      {"source = \"a\"", "source = \"b\"", "names 'b'"},
      {"source = \"a\", ", "", "event 'int_add', 8 bits: field 'source' is missing"},
      {"evidence = \"published\"", "evidence = \"hearsay\"", "'evidence' is 'hearsay'"},
      {", note = \"n\"", "", "a range states where it comes from"},
      {"low = 1.0", "low = 2.5", "expected 0 <= low <= pj <= high"},
      {"low = 1.0", "low = -1.0", "expected 0 <= low <= pj <= high"},
      {"pj = 2.0", "pj = nan", "expected 0 <= low <= pj <= high"},
      {"high = 3.0", "high = inf", "expected 0 <= low <= pj <= high"},
      {"pj = 2.0", "pj = \"2\"", "'pj' must be a number"},
      {"pj = 2.0", "pj = true", "'pj' must be a number"},
      {"pj = 2.0, ", "", "'pj' is missing"},
      {"bits = 8", "bits = 0", "'bits' is 0"},
      {"bits = 8", "bits = -8", "'bits' is -8"},
      {"bytes = 100,", "bytes = 10000,", "is priced twice"},
      {"name = \"sram_read\"", "name = \"int_add\"", "event 'int_add': appears twice"},
      {"bits = 8", "bits = 8, cost = 1", "unknown field 'cost'"},
      {"schema = 1", "schema = = 1", ":1: "},
      {"schema = 1", "schema = 1\nschema = 1", ":2: "},
  };
  const TempFolder folder;
  CHECK(message_of(folder.write("tiny.toml", kGood)).empty());
  for (const Fault& fault : faults) {
    INFO(fault.from << " -> " << fault.to);
    const std::string path = folder.write("tiny.toml", with(kGood, fault.from, fault.to));
    const std::string message = message_of(path);
    INFO(message);
    CHECK(message.starts_with(path));
    CHECK(message.find(fault.expected) != std::string::npos);
    CHECK(message.find('\n') == std::string::npos);
  }
}

TEST_CASE("an assumption without a reason is refused", "[energy]") {
  const TempFolder folder;
  std::string text = with(kGood, "low = 1.0, high = 3.0", "low = 2.0, high = 2.0");
  text = with(text, "evidence = \"published\", note = \"n\"", "evidence = \"assumed\"");
  CHECK(message_of(folder.write("tiny.toml", text)).find("an assumption states its reason") !=
        std::string::npos);
}

TEST_CASE("every prefix of a table is refused or a whole table", "[energy]") {
  const TempFolder folder;
  for (std::size_t length = 0; length + 2 < kGood.size(); length += 7) {
    const std::string path = folder.write("tiny.toml", kGood.substr(0, length));
    const std::string message = message_of(path);
    INFO(length << ": " << message);
    // Only a cut right after the first event leaves something well-formed.
    if (length < kGood.find("[[event]]\nname = \"sram_read\"")) CHECK(message.starts_with(path));
    CHECK(message.find('\n') == std::string::npos);
  }
}

TEST_CASE("a table is found by name or by path and an unknown name lists the known", "[energy]") {
  using Catch::Matchers::Contains;
  CHECK(find_technology("n7").name() == "n7");
  CHECK(find_technology("energy/technology/n7.toml").name() == "n7");
  CHECK_THROWS_WITH(find_technology("n3"),
                    Contains("cmos45") && Contains("n7") && Contains("--technology n3"));
  CHECK_THROWS_WITH(find_technology("/nowhere/n3.toml"),
                    Contains("/nowhere/n3.toml: no such file"));
  CHECK_THROWS_WITH(find_technology("energy/dram/ddr4.toml"), Contains("'kind'"));
  CHECK_THROWS_WITH(find_dram("ddr9"), Contains("lpddr4-3200"));
  CHECK_THROWS_WITH(find_technology("energy/technology/"), Contains("no such file"));
}

}  // namespace
}  // namespace tern::energy
