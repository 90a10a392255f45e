// SPDX-License-Identifier: Apache-2.0
//
// Activity times prices: the only place where counts become joules.

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "energy/activity.h"
#include "energy/technology.h"

namespace tern::energy {

inline constexpr std::array kAllScopes = {Scope::kArithmetic, Scope::kCore, Scope::kSystem};
std::string_view scope_name(Scope scope) noexcept;  // "arithmetic", "core", "system"

struct BillLine {
  Event event;
  std::uint64_t count;
  Price price;
  Range pj;  // count * price
};

// One component of one scope.
struct BillItem {
  Scope scope;
  std::string component;
  Range pj;
};

// Sums run over `lines` into `items`, over items into scopes and over scopes into the total, each
// in the order stored: so every level adds up to the next one bit for bit.
struct Bill {
  std::string technology, dram;  // names of the tables
  std::vector<BillLine> lines;   // by scope, component, event
  std::vector<BillItem> items;   // by scope, component

  Range own(Scope scope) const;    // of that scope alone, pJ
  Range total(Scope scope) const;  // of that scope and the narrower ones, pJ
  Range total() const { return total(Scope::kSystem); }
  Evidence weakest() const;  // of all lines with a count; kMeasured where there is none
};

// dram_* events are priced by `dram`, all others by `logic`.
// Throws std::runtime_error naming component, event, width and table of an event without a price.
Bill price(const Activity& activity, const Technology& logic, const Technology& dram);

}  // namespace tern::energy
