// SPDX-License-Identifier: Apache-2.0
//
// INT4 products of many tokens: a lane belongs to a row. Panels of rows are unpacked into L2 once
// for all tokens, four columns of each row side by side, so that an activation is a broadcast and
// nothing is summed across lanes. Groups are taken by their number modulo 8: then one register
// holds the accumulator of dense.h at a time. No include guard: i4_<isa>.cc include this inside
// their unnamed namespaces, after they have defined TERN_TARGET and
//
//   struct Panel   functions with TERN_TARGET
//     kRows          lanes;  kPanels, kTokens: the tile that the registers hold
//     Ints, Sums     registers of integer sums and of kRows float32; Quads: kRows times 4 bytes
//     excess(x)      4 bytes for start(): what takes the weights' excess of 8 off a group's sum
//     start, quads, dot(sums, quads, x), broadcast(x), scales(words),
//     scale(d, sums, a): a + d times the integer sums
//     unpack(rows, at, to)   the group at this offset of kRows rows, as [9][kRows] words
//     zero, add, load, store, store_rows(y, a, live)
//
// The floor, for kRows rows, a group and a token: 8 dot(), one conversion, one fma. On AVX-512 VNNI
// that is 80 % of the vpdpbusd peak. AVX2 needs an addition per vpmaddubsw, and a vpmaddwd: 19
// instructions of three per cycle for 8, 63 % of the vpmaddubsw peak. Emerald Rapids, 2560 x 2560,
// 512 tokens: 64 % of the vpdpbusd peak (17 % when eight groups of one row were a 256-bit register,
// unpacked for every six tokens), 55 % of the vpmaddubsw peak (28 %).

constexpr std::size_t kQuadsOfGroup = kQ4Group / 4;
constexpr std::size_t kGroupWords = (kQuadsOfGroup + 1) * Panel::kRows;  // quads, then scales
constexpr std::size_t kUnpackedBytes = std::size_t{512} << 10;

inline std::size_t groups_of_class(std::size_t groups, std::size_t c) {
  return (groups + kI4Accumulators - 1 - c) / kI4Accumulators;
}

// A panel's groups in the order of their classes. The next panel comes to L2 meanwhile.
TERN_TARGET void unpack_panel(const Q4View& w, std::size_t first, std::uint32_t* to) {
  const std::size_t groups = w.cols / kQ4Group, row_bytes = w.row_bytes();
  const std::uint8_t* rows[Panel::kRows];
  for (std::size_t r = 0; r < Panel::kRows; ++r)  // past the last row: any
    rows[r] = w.data + std::min(first + r, w.rows - 1) * row_bytes;
  auto next = reinterpret_cast<std::uintptr_t>(rows[0]) + Panel::kRows * row_bytes;
  for (std::size_t c = 0; c < kI4Accumulators; ++c)
    for (std::size_t g = c; g < groups; g += kI4Accumulators, to += kGroupWords) {
      constexpr std::size_t kLines = (Panel::kRows * kQ4GroupBytes + kLineBytes - 1) / kLineBytes;
#pragma GCC unroll 5
      for (std::size_t i = 0; i < kLines; ++i)
        __builtin_prefetch(reinterpret_cast<const void*>(next + i * kLineBytes), 0, 2);
      next += Panel::kRows * kQ4GroupBytes;
      Panel::unpack(rows, g * kQ4GroupBytes, to);
    }
}

// R panels and T tokens.
template <std::size_t R, std::size_t T>
TERN_TARGET void panel_tile(const std::uint32_t* w, std::size_t groups, const std::int8_t* x,
                            std::size_t ldx, const std::uint32_t* excess, std::size_t live,
                            float* y, std::size_t ldy) {
  constexpr std::size_t kClasses = kI4Accumulators;
  const std::size_t panel_words = groups * kGroupWords;
  float sums[kClasses][T][R][Panel::kRows];
  for (std::size_t c = 0; c < kClasses; ++c) {
    typename Panel::Sums a[T][R];
#pragma GCC unroll 8
    for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
      for (std::size_t r = 0; r < R; ++r) a[t][r] = Panel::zero();
    for (std::size_t g = c; g < groups; g += kClasses, w += kGroupWords) {
      typename Panel::Ints dots[T][R];
#pragma GCC unroll 8
      for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
        for (std::size_t r = 0; r < R; ++r) dots[t][r] = Panel::start(excess + t * groups + g);
#pragma GCC unroll 8
      for (std::size_t i = 0; i < kQuadsOfGroup; ++i) {
        typename Panel::Quads q[R];
#pragma GCC unroll 2
        for (std::size_t r = 0; r < R; ++r)
          q[r] = Panel::quads(w + r * panel_words + i * Panel::kRows);
#pragma GCC unroll 8
        for (std::size_t t = 0; t < T; ++t) {
          const typename Panel::Quads xs = Panel::broadcast(x + t * ldx + g * kQ4Group + 4 * i);
#pragma GCC unroll 2
          for (std::size_t r = 0; r < R; ++r) dots[t][r] = Panel::dot(dots[t][r], q[r], xs);
        }
      }
#pragma GCC unroll 2
      for (std::size_t r = 0; r < R; ++r) {
        const typename Panel::Sums d = Panel::scales(w + r * panel_words + 8 * Panel::kRows);
#pragma GCC unroll 8
        for (std::size_t t = 0; t < T; ++t) a[t][r] = Panel::scale(d, dots[t][r], a[t][r]);
      }
    }
#pragma GCC unroll 8
    for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
      for (std::size_t r = 0; r < R; ++r) Panel::store(sums[c][t][r], a[t][r]);
  }
  for (std::size_t t = 0; t < T; ++t)
    for (std::size_t r = 0; r < R && r * Panel::kRows < live; ++r) {
      typename Panel::Sums a[kClasses];
      for (std::size_t c = 0; c < kClasses; ++c) a[c] = Panel::load(sums[c][t][r]);
      for (std::size_t s = kClasses / 2; s > 0; s /= 2)
        for (std::size_t i = 0; i < s; ++i) a[i] = Panel::add(a[i], a[i + s]);
      Panel::store_rows(y + t * ldy + r * Panel::kRows, a[0], live - r * Panel::kRows);
    }
}

// The tile of `tokens` <= T tokens.
template <std::size_t R, std::size_t T>
void panel_tokens(std::size_t tokens, const std::uint32_t* w, std::size_t groups,
                  const std::int8_t* x, std::size_t ldx, const std::uint32_t* excess,
                  std::size_t live, float* y, std::size_t ldy) {
  if constexpr (T > 1)
    if (tokens < T) return panel_tokens<R, T - 1>(tokens, w, groups, x, ldx, excess, live, y, ldy);
  panel_tile<R, T>(w, groups, x, ldx, excess, live, y, ldy);
}

void multiply_panels(const Q4View& w, const std::int8_t* x, std::size_t ldx, std::size_t tokens,
                     float* y, std::size_t ldy) {
  thread_local Scratch unpacked, excesses;
  const std::size_t groups = w.cols / kQ4Group, panel_words = groups * kGroupWords;
  constexpr std::size_t R = Panel::kPanels;
  const std::size_t fit = kUnpackedBytes / (panel_words * sizeof(std::uint32_t)) / R * R;
  const std::size_t panels = (w.rows + Panel::kRows - 1) / Panel::kRows;
  const std::size_t most = std::min(std::max(fit, R), panels);
  auto* block = unpacked.room<std::uint32_t>(most * panel_words);
  auto* excess = excesses.room<std::uint32_t>(tokens * groups);
  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t g = 0; g < groups; ++g)
      excess[t * groups + g] = Panel::excess(x + t * ldx + g * kQ4Group);

  for (std::size_t p0 = 0; p0 < panels; p0 += most) {
    const std::size_t n = std::min(most, panels - p0);
    for (std::size_t p = 0; p < n; ++p)
      unpack_panel(w, (p0 + p) * Panel::kRows, block + p * panel_words);
    // Few tokens at a time, which stay in L1 while the panels pass.
    const std::size_t tiles = (tokens + Panel::kTokens - 1) / Panel::kTokens;
    for (std::size_t i = 0; i < tiles; ++i) {
      const std::size_t t = i * tokens / tiles, some = (i + 1) * tokens / tiles - t;
      const auto pass = [&]<std::size_t R_>(std::size_t p) {
        const std::size_t row = (p0 + p) * Panel::kRows;
        panel_tokens<R_, Panel::kTokens>(
            some, block + p * panel_words, groups, x + t * ldx, ldx, excess + t * groups,
            std::min(w.rows - row, R_ * Panel::kRows), y + t * ldy + row, ldy);
      };
      std::size_t p = 0;
      for (; n - p >= R; p += R) pass.template operator()<R>(p);
      for (; p < n; ++p) pass.template operator()<1>(p);
    }
  }
}
