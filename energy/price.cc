// SPDX-License-Identifier: Apache-2.0

#include "energy/price.h"

#include <algorithm>
#include <stdexcept>

namespace tern::energy {

std::string_view scope_name(Scope scope) noexcept {
  constexpr std::string_view kNames[] = {"arithmetic", "core", "system"};
  return kNames[static_cast<std::size_t>(scope)];
}

Range Bill::own(Scope scope) const {
  Range sum;
  for (const BillItem& item : items)
    if (item.scope == scope) sum += item.pj;
  return sum;
}

Range Bill::total(Scope scope) const {
  Range sum;
  for (const Scope one : kAllScopes)
    if (one <= scope) sum += own(one);
  return sum;
}

Evidence Bill::weakest() const {
  Evidence weakest = Evidence::kMeasured;
  for (const BillLine& line : lines) weakest = std::max(weakest, line.price.evidence);
  return weakest;
}

Bill price(const Activity& activity, const Technology& logic, const Technology& dram) {
  Bill bill{logic.name(), dram.name(), {}, {}};
  for (const auto& [event, count] : activity.counts) {  // ordered by scope, then component
    const Technology& table = event.name.starts_with("dram_") ? dram : logic;
    BillLine line{event, count, {}, {}};
    try {
      line.price = table.price(event.name, event.bits, event.bytes);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error("component '" + event.component + "': " + error.what());
    }
    line.pj = line.price.pj * static_cast<double>(count);
    if (bill.items.empty() || bill.items.back().scope != event.scope ||
        bill.items.back().component != event.component)
      bill.items.push_back({event.scope, event.component, {}});
    bill.items.back().pj += line.pj;
    bill.lines.push_back(std::move(line));
  }
  return bill;
}

}  // namespace tern::energy
