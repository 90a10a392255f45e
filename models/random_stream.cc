// SPDX-License-Identifier: Apache-2.0

#include "models/random_stream.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace tern::models {
namespace {

constexpr std::size_t kRun = 256;  // words at a time, a multiple of 4

// The quantiles (i + 1/2) / 2^16 of the standard normal distribution, by Newton's method on
// erfc: the upper half, mirrored.
std::vector<float> make_quantiles() {
  constexpr std::size_t kCount = 65536;
  std::vector<float> quantiles(kCount);
  double x = 0;
  for (std::size_t i = kCount / 2; i < kCount; ++i) {
    const double upper = 1 - (static_cast<double>(i) + 0.5) / kCount;
    for (int step = 0; step < 4; ++step) {
      const double tail = 0.5 * std::erfc(x / std::sqrt(2.0));
      const double density = std::exp(-x * x / 2) / std::sqrt(2 * 3.14159265358979323846);
      x += (tail - upper) / density;
    }
    quantiles[i] = static_cast<float>(x);
    quantiles[kCount - 1 - i] = -quantiles[i];
  }
  return quantiles;
}

}  // namespace

void RandomStream::words(std::uint16_t* out, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; i += 4) {
    const std::uint64_t bits = next();
    std::memcpy(out + i, &bits, std::min<std::size_t>(n - i, 4) * sizeof *out);
  }
}

void RandomStream::trits(double zeros, std::int8_t* out, std::size_t n) noexcept {
  // Below `low`: -1; below `low + zero`: 0.
  const auto zero = static_cast<std::uint32_t>(std::lround(zeros * 65536));
  const std::uint32_t low = (65536 - zero) / 2;
  std::uint16_t words_[kRun];
  for (std::size_t i = 0; i < n; i += kRun) {
    const std::size_t some = std::min(kRun, n - i);
    words(words_, some);
    for (std::size_t k = 0; k < some; ++k)
      out[i + k] = static_cast<std::int8_t>((words_[k] >= low ? 1 : 0) +
                                            (words_[k] >= low + zero ? 1 : 0) - 1);
  }
}

void RandomStream::normal(float deviation, float* out, std::size_t n) noexcept {
  static const std::vector<float> quantiles = make_quantiles();
  std::uint16_t words_[kRun];
  for (std::size_t i = 0; i < n; i += kRun) {
    const std::size_t some = std::min(kRun, n - i);
    words(words_, some);
    for (std::size_t k = 0; k < some; ++k) out[i + k] = deviation * quantiles[words_[k]];
  }
}

}  // namespace tern::models
