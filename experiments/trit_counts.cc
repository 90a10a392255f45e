// SPDX-License-Identifier: Apache-2.0

#include "experiments/trit_counts.h"

#include <algorithm>
#include <cmath>

namespace tern::experiments {

void TritCounts::add(std::span<const std::int8_t> trits) {
  // Sums that compilers turn into vector code; both stay below 2^31 within a run.
  constexpr std::size_t kRun = std::size_t{1} << 30;
  for (std::size_t begin = 0; begin < trits.size(); begin += kRun) {
    const std::span run = trits.subspan(begin, std::min(kRun, trits.size() - begin));
    std::int32_t sum = 0, nonzero = 0;
    for (const std::int8_t t : run) {
      sum += t;
      nonzero += t & 1;
    }
    counts[0] += static_cast<std::uint64_t>(nonzero - sum) / 2;
    counts[1] += run.size() - static_cast<std::uint64_t>(nonzero);
    counts[2] += static_cast<std::uint64_t>(nonzero + sum) / 2;
  }
}

TritCounts& TritCounts::operator+=(const TritCounts& other) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  return *this;
}

double TritCounts::zero_fraction() const {
  return static_cast<double>(counts[1]) / static_cast<double>(total());
}

double TritCounts::entropy_bits() const {
  double bits = 0;
  for (const std::uint64_t n : counts) {
    const double p = static_cast<double>(n) / static_cast<double>(total());
    if (n != 0) bits -= p * std::log2(p);
  }
  return bits;
}

std::vector<std::int8_t> trits_of(const models::TernaryMatrix& w) {
  std::vector<std::int8_t> trits(w.rows * w.cols);
  models::unpack_rows(w, 0, w.rows, trits.data());
  return trits;
}

TritCounts count_trits(const models::TernaryMatrix& w) {
  TritCounts counts;
  const std::size_t step = models::row_multiple(w);
  std::vector<std::int8_t> rows(step * w.cols);
  for (std::size_t r = 0; r < w.rows; r += step) {
    const std::size_t end = std::min(r + step, w.rows);
    models::unpack_rows(w, r, end, rows.data());
    counts.add(std::span(rows).first((end - r) * w.cols));
  }
  return counts;
}

}  // namespace tern::experiments
