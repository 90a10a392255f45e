// SPDX-License-Identifier: Apache-2.0

#include "models/packing.h"

#include <cmath>
#include <stdexcept>

#include "kernels/check.h"
#include "kernels/format.h"
#include "kernels/quantize.h"

namespace tern::models {

kernels::Trits ternarize(const std::vector<float>& w, std::size_t rows, std::size_t cols,
                         const std::string& name) {
  TERN_CHECK(w.size() == rows * cols, "master weights of another shape");
  for (const float v : w)
    if (!std::isfinite(v)) throw std::runtime_error(name + ": a weight is not finite");
  kernels::Trits t{std::vector<std::int8_t>(w.size()), kernels::absmean(w.data(), w.size())};
  if (!std::isfinite(t.scale)) throw std::runtime_error(name + ": the scale is not finite");
  kernels::ternarize(w.data(), w.size(), t.scale, t.trits.data());
  return t;
}

PackedTernary pack_ternary(const std::vector<float>& w, std::size_t rows, std::size_t cols,
                           const std::string& name) {
  const kernels::Trits t = ternarize(w, rows, cols, name);
  PackedTernary packed{std::vector<std::uint8_t>(rows * kernels::t2_row_bytes(cols)), t.scale};
  for (std::size_t r = 0; r < rows; ++r)
    kernels::pack_t2(t.trits.data() + r * cols, cols,
                     packed.t2.data() + r * kernels::t2_row_bytes(cols));
  return packed;
}

std::vector<kernels::f16> pack_f16(const std::vector<float>& w, const std::string& name) {
  std::vector<kernels::f16> packed(w.size());
  kernels::f32_to_f16(w.data(), w.size(), packed.data());
  for (std::size_t i = 0; i < w.size(); ++i)
    if ((packed[i] & 0x7C00) == 0x7C00)
      throw std::runtime_error(name + ": weight " + std::to_string(w[i]) +
                               " has no finite binary16 value");
  return packed;
}

PackedTernary repack_t2(const kernels::TernaryFormat& from, std::span<const std::byte> data,
                        std::size_t rows, std::size_t cols, const std::string& name) {
  kernels::check_shape(from, rows, cols, name);
  PackedTernary packed;
  const std::size_t row_bytes = kernels::t2_row_bytes(cols);
  packed.t2.resize(rows * row_bytes);
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(data.data()), data.size());
  packed.gamma = kernels::unpack_rows(
      from, bytes, rows, cols, name,
      [&](std::size_t begin, std::size_t end, const std::int8_t* trits) {
        for (std::size_t r = begin; r < end; ++r)
          kernels::pack_t2(trits + (r - begin) * cols, cols, packed.t2.data() + r * row_bytes);
      });
  return packed;
}

}  // namespace tern::models
