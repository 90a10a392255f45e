// SPDX-License-Identifier: Apache-2.0
//
// Operands of a ternary product off their alignment.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tern::kernels {

// Weights and activations from byte `shift` of their arrays on, tokens `shift` bytes further apart
// than they were, with junk between them.
struct Shifted {
  std::size_t shift, ldx;
  std::vector<std::uint8_t> w;
  std::vector<std::int8_t> x;

  // x_in  [tokens, ldx_in]
  Shifted(const std::vector<std::uint8_t>& w_in, const std::vector<std::int8_t>& x_in,
          std::size_t ldx_in, std::size_t tokens, std::size_t shift_by)
      : shift(shift_by), ldx(ldx_in + shift), w(shift), x(shift + tokens * ldx, 99) {
    w.insert(w.end(), w_in.begin(), w_in.end());
    for (std::size_t t = 0; t < tokens; ++t)
      std::copy_n(x_in.data() + t * ldx_in, ldx_in, x.data() + shift + t * ldx);
  }

  const std::uint8_t* weights() const { return w.data() + shift; }
  const std::int8_t* activations() const { return x.data() + shift; }
};

}  // namespace tern::kernels
