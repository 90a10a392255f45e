// SPDX-License-Identifier: Apache-2.0

#include "energy/published.h"

namespace tern::energy {

PaperEnergy paper_energy(const NetworkShape& shape, std::uint64_t tokens, PaperFormat format,
                         const Technology& technology) {
  constexpr double kJoulesPerPj = 1e-12;
  const auto pj = [&](const char* event, unsigned bits) {
    return technology.price(event, bits).pj.nominal;
  };
  const double linear = static_cast<double>(tokens) * static_cast<double>(shape.linear_weights);
  const double attention = 2.0 * static_cast<double>(shape.layers) * static_cast<double>(tokens) *
                           static_cast<double>(tokens) * static_cast<double>(shape.attention_dim);
  const unsigned bits = format == PaperFormat::kFp32 ? 32 : 16;
  const double mul = pj("fp_mul", bits), add = pj("fp_add", bits);
  if (format == PaperFormat::kBitNet)
    return {attention * mul * kJoulesPerPj,
            (linear * pj("int_add", 8) + attention * add) * kJoulesPerPj};
  return {(linear + attention) * mul * kJoulesPerPj, (linear + attention) * add * kJoulesPerPj};
}

}  // namespace tern::energy
