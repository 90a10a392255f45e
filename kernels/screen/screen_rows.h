// SPDX-License-Identifier: Apache-2.0
//
// Fine rows one by one. No include guard: screen_<isa>.cc include this inside their unnamed
// namespaces, after fine_row(), the sum over groups of scale * c * (codes2 . q).

void fine(const Screen& screen, const ScreenInput& x, std::span<const std::uint32_t> rows,
          float* estimates, float* bounds) noexcept {
  const ScreenLayout& layout = screen.layout;
  // Rows lie anywhere: no hardware prefetcher knows the next.
  constexpr std::size_t kFarRows = 6, kNearRows = 1;
  const std::size_t bytes = layout.fine_row_bytes();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto ask = [&]<int kLocality>(std::size_t next) {
      if (next >= rows.size()) return;
      const std::uint8_t* at = screen.fine + rows[next] * bytes;
      for (std::size_t line = 0; line < bytes; line += kLineBytes)
        __builtin_prefetch(at + line, 0, kLocality);
    };
    ask.template operator()<2>(i + kFarRows);
    ask.template operator()<3>(i + kNearRows);
    const std::uint8_t* row = screen.fine + rows[i] * bytes;
    float norms[3];  // unit, |w|, |e2|
    std::memcpy(norms, row + layout.fine_norms_at(), sizeof norms);
    float& estimate = estimates[rows[i]];
    estimate += fine_row(row, layout.groups(), x) * (norms[0] * 0.0625f);
    bounds[rows[i]] = estimate + norms[2] * x.per_error + norms[1] * x.per_weight + kUnderflow;
  }
}
