// SPDX-License-Identifier: Apache-2.0
//
// What happened, counted: the vocabulary that simulators and models fill and that only
// energy/price.h turns into joules.

#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>

namespace tern::energy {

// The widest scope an event belongs to. A result at a scope is the sum over all scopes up to it.
enum class Scope : std::uint8_t { kArithmetic, kCore, kSystem };

// One kind of event. `name` and `bits` (and `bytes` for memories) find the price.
struct Event {
  Scope scope;
  std::string component;    // where it happened, e.g. "dot_product", "activation_sram", "dram"
  std::string name;         // e.g. "int_add", "fp_mul", "sram_read", "dram_read"
  unsigned bits = 0;        // operand or access width the count is in
  std::uint64_t bytes = 0;  // capacity of the memory accessed, 0 for logic

  auto operator<=>(const Event&) const = default;
};

struct Activity {
  std::map<Event, std::uint64_t> counts;

  void add(const Event& event, std::uint64_t n) {
    if (n != 0) counts[event] += n;
  }
  Activity& operator+=(const Activity& other) {
    for (const auto& [event, n] : other.counts) counts[event] += n;
    return *this;
  }
};

}  // namespace tern::energy
