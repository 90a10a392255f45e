// SPDX-License-Identifier: Apache-2.0
//
// What an event costs: price tables read from TOML, one file per logic technology
// (energy/technology) or kind of DRAM (energy/dram). No number here is without a source.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tern::energy {

// How far to trust a number, strongest first.
enum class Evidence : std::uint8_t {
  kMeasured,       // RAPL or a board
  kCharacterised,  // a netlist or a named cell library
  kPublished,      // read in the cited work
  kSecondary,      // read in a work that cites it, or interpolated between published points
  kAssumed,        // ours; the note gives the reason
};
std::string_view evidence_name(Evidence evidence) noexcept;

struct Range {
  double low = 0, nominal = 0, high = 0;

  Range& operator+=(const Range& other);
  Range operator*(double factor) const;
  bool operator==(const Range&) const = default;
};

struct Price {
  Range pj;  // picojoules per event, 0 <= low <= nominal <= high
  Evidence evidence = Evidence::kAssumed;
  std::string source;  // the citation
  std::string note;    // reason of an assumption, origin of the range
};

class Technology {
 public:
  enum class Kind : std::uint8_t { kLogic, kDram };

  // Reads `path`. Throws std::runtime_error with one line naming file, event and field.
  static Technology load(const std::string& path);

  Kind kind() const { return kind_; }
  const std::string& name() const { return name_; }    // stem of the file
  const std::string& title() const { return title_; }  // for people
  const std::string& path() const { return path_; }

  bool knows(std::string_view event) const { return events_.contains(event); }

  // The price of one event. A memory (bytes != 0) between two published capacities is
  // interpolated log-log; below the smallest, the smallest is charged, with the low end scaled
  // by the square root of the capacity; above the largest, or at another width: throws
  // std::runtime_error naming event, width, capacity and table, as for an unknown event.
  Price price(std::string_view event, unsigned bits, std::uint64_t bytes = 0) const;

  // Every price of the table, for checks and listings.
  struct Row {
    std::string event;
    unsigned bits;
    std::uint64_t bytes;
    Price price;
  };
  std::vector<Row> rows() const;

 private:
  struct Point {
    unsigned bits;
    std::uint64_t bytes;
    Price price;
  };
  Price memory_price(const std::vector<Point>& points, std::uint64_t bytes) const;

  Kind kind_ = Kind::kLogic;
  std::string name_, title_, path_;
  std::map<std::string, std::vector<Point>, std::less<>> events_;  // by bits, then bytes
};

// The table called `name`: a path where it has a '/' or ends in .toml, else
// energy/technology/<name>.toml (or energy/dram) of the source tree this binary was built from.
// Throws std::runtime_error that lists the names there are.
Technology find_technology(const std::string& name);
Technology find_dram(const std::string& name);

inline constexpr const char* kDefaultDram = "lpddr4-3200";  // that of the machine "edge"

}  // namespace tern::energy
