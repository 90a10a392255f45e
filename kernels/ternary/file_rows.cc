// SPDX-License-Identifier: Apache-2.0

#include "kernels/ternary/file_rows.h"

#include <array>

#include "kernels/format.h"

namespace tern::kernels {
namespace {

template <std::size_t kBlockBytes>
std::size_t blocks_of_256(std::size_t cols) noexcept {
  return cols / 256 * kBlockBytes;
}
std::size_t t2_bytes(std::size_t cols) noexcept { return t2_row_bytes(cols); }
std::size_t byte_each(std::size_t cols) noexcept { return cols; }

constexpr std::array kLayouts = {
    FileLayout{"i2_s", 1, t2_bytes, t2_rows_kernels},
    FileLayout{"tq1_0", 1, blocks_of_256<54>, tq1_rows_kernels},
    FileLayout{"tq2_0", 1, blocks_of_256<66>, tq2_rows_kernels},
    FileLayout{"hf_u8", 4, byte_each, hf_rows_kernels},
};

}  // namespace

std::span<const FileLayout> file_layouts() noexcept { return kLayouts; }

const FileLayout* file_layout(std::string_view format) noexcept {
  for (const FileLayout& layout : kLayouts)
    if (layout.format == format) return &layout;
  return nullptr;
}

}  // namespace tern::kernels
