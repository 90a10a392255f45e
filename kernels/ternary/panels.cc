// SPDX-License-Identifier: Apache-2.0
//
// Packing works on machine words of four or eight codes, so that a matrix is packed about as fast
// as its trits can be read.

#include "kernels/ternary/panels.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "kernels/check.h"
#include "kernels/ternary/t5p_code.h"

namespace tern::kernels {
namespace {

// The byte of every five codes, which are its index to base 3.
constexpr std::array<std::uint8_t, 256> kBytes = [] {
  std::array<std::uint8_t, 256> bytes{};
  for (unsigned i = 0; i < 243; ++i) bytes[i] = t5p_byte(kT5pStep * (i / 27) + i % 27);
  return bytes;
}();

std::uint32_t word32(const std::uint8_t* at) noexcept {
  std::uint32_t v;
  std::memcpy(&v, at, sizeof v);
  return v;
}

std::uint64_t word64(const std::uint8_t* at) noexcept {
  std::uint64_t v;
  std::memcpy(&v, at, sizeof v);
  return v;
}

// Each packs the codes of one row and block into its dword.
struct PackT2 {
  static constexpr Geometry kGeometry = kT2p;
  static std::uint32_t pack(const std::uint8_t* codes) noexcept {
    // Quads 0 and 1 in the low and high half, quads 2 and 3 four bits higher.
    const std::uint64_t pairs = word64(codes) | word64(codes + 8) << 4;
    return static_cast<std::uint32_t>(pairs) | static_cast<std::uint32_t>(pairs >> 32) << 2;
  }
};

struct PackT5 {
  static constexpr Geometry kGeometry = kT5p;
  static std::uint32_t pack(const std::uint8_t* codes) noexcept {
    std::uint32_t v = word32(codes);  // four values at once: none exceeds 242
    for (std::size_t n = 1; n < 5; ++n) v = v * 3 + word32(codes + kQuadCols * n);
    return std::uint32_t{kBytes[v & 255]} | std::uint32_t{kBytes[v >> 8 & 255]} << 8 |
           std::uint32_t{kBytes[v >> 16 & 255]} << 16 | std::uint32_t{kBytes[v >> 24]} << 24;
  }
};

template <typename P>
void pack_rows(const std::int8_t* trits, std::size_t rows, std::size_t cols,
               std::uint8_t* out) noexcept {
  constexpr Geometry g = P::kGeometry;
  const std::size_t blocks = g.blocks(cols), padded = blocks * g.block_cols;
  thread_local std::vector<std::uint8_t> codes;
  codes.assign(padded, 1);
  const std::uint32_t zeros = P::pack(codes.data());  // of a block of zeros
  std::uint8_t largest = 0;  // a byte, so that the loop over it is done 16 at a time
  for (std::size_t r0 = 0; r0 < rows; r0 += kPanelRows) {
    std::uint8_t* panel = out + r0 / kPanelRows * g.panel_bytes(cols);
    for (std::size_t r = 0; r < kPanelRows; ++r) {
      std::uint8_t* dword = panel + sizeof(std::uint32_t) * r;
      if (r0 + r >= rows) {
        for (std::size_t i = 0; i < blocks; ++i)
          std::memcpy(dword + i * g.block_bytes, &zeros, sizeof zeros);
        continue;
      }
      const std::int8_t* row = trits + (r0 + r) * cols;
      std::uint8_t* to = codes.data();
      for (std::size_t k = 0; k < cols; ++k) {
        to[k] = static_cast<std::uint8_t>(row[k] + 1);
        largest = std::max(largest, to[k]);
      }
      for (std::size_t i = 0; i < blocks; ++i) {
        const std::uint32_t packed = P::pack(codes.data() + i * g.block_cols);
        std::memcpy(dword + i * g.block_bytes, &packed, sizeof packed);
      }
    }
  }
  TERN_CHECK(largest <= 2, "a trit is -1, 0 or +1");
}

struct UnpackT2 {
  static constexpr Geometry kGeometry = kT2p;
  // What is no code becomes 2.
  static void unpack(const std::uint8_t* dword, std::int8_t* trits) noexcept {
    for (std::size_t k = 0; k < 16; ++k) {
      const unsigned code = dword[k % 4] >> (2 * (k / 4)) & 3u;
      trits[k] = static_cast<std::int8_t>(static_cast<int>(code) - 1);
    }
  }
};

struct UnpackT5 {
  static constexpr Geometry kGeometry = kT5p;
  static void unpack(const std::uint8_t* dword, std::int8_t* trits) noexcept {
    for (std::size_t b = 0; b < kQuadCols; ++b) {
      const bool is_code = t5p_legal(dword[b]);
      for (std::size_t n = 0; n < 5; ++n)
        trits[kQuadCols * n + b] =
            is_code ? static_cast<std::int8_t>(static_cast<int>(t5p_digit(dword[b], n)) - 1) : 2;
    }
  }
};

template <typename U>
FormatProblem unpack_rows(const std::uint8_t* in, std::size_t rows, std::size_t cols,
                          std::size_t begin, std::size_t end, std::int8_t* trits) noexcept {
  constexpr Geometry g = U::kGeometry;
  std::int8_t block[g.block_cols];
  for (std::size_t r = begin; r < (end == rows ? g.panels(rows) * kPanelRows : end); ++r) {
    const std::uint8_t* dword =
        in + r / kPanelRows * g.panel_bytes(cols) + sizeof(std::uint32_t) * (r % kPanelRows);
    for (std::size_t i = 0; i < g.blocks(cols); ++i) {
      const std::size_t k0 = i * g.block_cols;
      U::unpack(dword + i * g.block_bytes, block);
      const std::size_t present = r < rows ? std::min(g.block_cols, cols - k0) : 0;
      for (std::size_t k = 0; k < g.block_cols; ++k) {
        if (k < present && block[k] == 2)
          return {FormatProblem::Kind::kIllegalCode, r * cols + k0 + k, 0};
        if (k >= present && block[k] != 0)
          return {FormatProblem::Kind::kBadPadding,
                  static_cast<std::size_t>(dword - in) + i * g.block_bytes + k % kQuadCols, 0};
      }
      if (present > 0) std::copy_n(block, present, trits + (r - begin) * cols + k0);
    }
  }
  return {};
}

}  // namespace

std::size_t t2p_bytes(std::size_t rows, std::size_t cols) noexcept {
  return kT2p.bytes(rows, cols);
}

std::size_t t5p_bytes(std::size_t rows, std::size_t cols) noexcept {
  return kT5p.bytes(rows, cols);
}

void pack_t2p(const std::int8_t* trits, std::size_t rows, std::size_t cols, float,
              std::uint8_t* out) noexcept {
  pack_rows<PackT2>(trits, rows, cols, out);
}

void pack_t5p(const std::int8_t* trits, std::size_t rows, std::size_t cols, float,
              std::uint8_t* out) noexcept {
  pack_rows<PackT5>(trits, rows, cols, out);
}

FormatProblem unpack_t2p(const std::uint8_t* in, std::size_t rows, std::size_t cols,
                         std::size_t begin, std::size_t end, std::int8_t* trits, float*) noexcept {
  return unpack_rows<UnpackT2>(in, rows, cols, begin, end, trits);
}

FormatProblem unpack_t5p(const std::uint8_t* in, std::size_t rows, std::size_t cols,
                         std::size_t begin, std::size_t end, std::int8_t* trits, float*) noexcept {
  return unpack_rows<UnpackT5>(in, rows, cols, begin, end, trits);
}

}  // namespace tern::kernels
