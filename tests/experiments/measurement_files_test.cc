// SPDX-License-Identifier: Apache-2.0
//
// State space: the text of /proc/cpuinfo of several makers, of none, and of this machine.
// Parameters: the text.

#include "experiments/measurement_files.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>

namespace tern::experiments {
namespace {

TEST_CASE("a CPU has one folder name of plain letters", "[experiments]") {
  const std::string amd =
      "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\n"
      "model name\t: AMD EPYC\nstepping\t: 1\n\nprocessor\t: 1\nvendor_id\t: other\n";
  CHECK(cpu_slug(amd) == "amd-epyc-zen4-family25-model17");
  const std::string intel =
      "vendor_id : GenuineIntel\ncpu family : 6\nmodel : 143\n"
      "model name : Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz\n";
  CHECK(cpu_slug(intel) == "intel-xeon-platinum-8481c-sapphire-rapids-family6-model143");
  CHECK(cpu_slug("vendor_id : GenuineIntel\ncpu family : 6\nmodel : 1\nmodel name : X\n") ==
        "x-family6-model1");
  CHECK(cpu_slug("vendor_id: HygonGenuine\ncpu family: 24\nmodel: 0\n") == "family24-model0");
  CHECK(cpu_slug("processor : 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n") ==
        "arm-implementer0x41-part0xd0c");
  CHECK(cpu_slug("") == "unknown-cpu");
  CHECK(cpu_slug(": no key\nvendor_id\n \t:\nvendor_id :\n") == "unknown-cpu");
}

TEST_CASE("the neighbours of a micro-architecture do not take its name", "[experiments]") {
  const auto amd = [](int family, int model) {
    return cpu_slug("vendor_id : AuthenticAMD\ncpu family : " + std::to_string(family) +
                    "\nmodel : " + std::to_string(model) + "\nmodel name : A\n");
  };
  CHECK(amd(25, 15) == "a-zen3-family25-model15");
  CHECK(amd(25, 16) == "a-zen4-family25-model16");
  CHECK(amd(25, 31) == "a-zen4-family25-model31");
  CHECK(amd(25, 32) == "a-zen3-family25-model32");
  CHECK(amd(22, 16) == "a-family22-model16");
}

TEST_CASE("the folder name of this machine is a plain one", "[experiments]") {
  const std::string name = cpu_slug();
  CHECK_FALSE(name.empty());
  CHECK(std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '-';
  }));
}

}  // namespace
}  // namespace tern::experiments
