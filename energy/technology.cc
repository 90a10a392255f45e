// SPDX-License-Identifier: Apache-2.0

#include "energy/technology.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <tuple>

namespace tern::energy {
namespace {

double interpolate(double at, double from, double to) {
  // A zero end has no logarithm; between it and anything the line is straight.
  if (from <= 0 || to <= 0) return from + at * (to - from);
  return std::exp(std::log(from) + at * (std::log(to) - std::log(from)));
}

std::string describe(std::string_view event, unsigned bits, std::uint64_t bytes) {
  std::string text = "event '" + std::string(event) + "' of " + std::to_string(bits) + " bits";
  if (bytes != 0) text += " in a memory of " + std::to_string(bytes) + " bytes";
  return text;
}

}  // namespace

std::string_view evidence_name(Evidence evidence) noexcept {
  constexpr std::string_view kNames[] = {"measured", "characterised", "published", "secondary",
                                         "assumed"};
  return kNames[static_cast<std::size_t>(evidence)];
}

Range& Range::operator+=(const Range& other) {
  low += other.low;
  nominal += other.nominal;
  high += other.high;
  return *this;
}

Range Range::operator*(double factor) const {
  return {low * factor, nominal * factor, high * factor};
}

Price Technology::price(std::string_view event, unsigned bits, std::uint64_t bytes) const {
  const std::string table = "technology '" + name_ + "' (" + path_ + ")";
  const auto found = events_.find(event);
  if (found == events_.end())
    throw std::runtime_error(table + ": no price for " + describe(event, bits, bytes));

  std::vector<Point> points;
  for (const Point& point : found->second)
    if (point.bits == bits && (point.bytes == 0) == (bytes == 0)) points.push_back(point);
  if (points.empty() || (bytes != 0 && bytes > points.back().bytes)) {
    std::string known;
    for (const Point& point : found->second)
      known += (known.empty() ? "" : ", ") + std::to_string(point.bits) +
               (point.bytes == 0 ? "" : "/" + std::to_string(point.bytes));
    throw std::runtime_error(table + ": no price for " + describe(event, bits, bytes) +
                             "; the table has bits[/bytes] " + known);
  }
  return bytes == 0 ? points.front().price : memory_price(points, bytes);
}

Price Technology::memory_price(const std::vector<Point>& points, std::uint64_t bytes) const {
  const auto above = std::find_if(points.begin(), points.end(),
                                  [&](const Point& point) { return point.bytes >= bytes; });
  if (above->bytes == bytes) return above->price;

  Price price = above->price;
  if (above == points.begin()) {
    price.pj.low *= std::sqrt(static_cast<double>(bytes) / static_cast<double>(above->bytes));
    price.evidence = Evidence::kAssumed;
    price.note = "below the smallest published capacity, " + std::to_string(above->bytes) +
                 " bytes: charged as that; low: scaled by the square root of the capacity";
    return price;
  }
  const Point& below = *(above - 1);
  const double at = std::log(static_cast<double>(bytes) / static_cast<double>(below.bytes)) /
                    std::log(static_cast<double>(above->bytes) / static_cast<double>(below.bytes));
  price.pj = {interpolate(at, below.price.pj.low, above->price.pj.low),
              interpolate(at, below.price.pj.nominal, above->price.pj.nominal),
              interpolate(at, below.price.pj.high, above->price.pj.high)};
  price.evidence = std::max({below.price.evidence, above->price.evidence, Evidence::kSecondary});
  price.note = "log-log between " + std::to_string(below.bytes) + " and " +
               std::to_string(above->bytes) + " bytes";
  return price;
}

std::vector<Technology::Row> Technology::rows() const {
  std::vector<Row> rows;
  for (const auto& [event, points] : events_)
    for (const Point& point : points) rows.push_back({event, point.bits, point.bytes, point.price});
  return rows;
}

}  // namespace tern::energy
