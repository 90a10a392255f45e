// SPDX-License-Identifier: Apache-2.0
//
// Products on AMX tiles, for every element whose 4 bytes meet 4 bytes (2 bfloat16, 4 int8). Weights
// are the left operand, as they lie in memory; activations are interleaved, 4 bytes of 16 tokens
// side by side, once per call. No include guard: <format>_amx*.cc include this inside their unnamed
// namespaces, after they have defined TERN_TARGET, Tiles (amx_tiles.h) and
//
//   struct Format   W, X, Y (of 4 bytes); narrow(const X*, n, W*); mac<C, A, B>()
//   alone           what multiplies one token: there a row after the other reads faster (Emerald
//                   Rapids, 97 to 98 % of read bandwidth for 77 to 92 % with 32 rows side by side)
//
// Memory. A step is 2 x 2 products of 16 cycles. Where their 4 KB of operands lie in L1 it takes
// 20.8 ns, and 29 to 30 from L2 (Emerald Rapids; 19.9 without loads). To keep 32 rows of a cut of
// 16 steps in L1 does not pay: what is streamed past them takes 29 ns, and 34 with the results that
// pass through memory between cuts. So a panel of 32 rows and a block of tokens come from L2, as
// many columns at once as have room there; the next panel comes to L2 meanwhile. Weights are used
// in place, unless tiles lie across lines or reach past the matrix: those are copied. Both A tiles
// go to one register, as tiles to rename to are few (peak_amx.cc): 22 to 26 % of the peak for 19 to
// 21 beside a busy hyperthread, 44 for 43 of a core alone.

constexpr std::size_t kTileBytes = kTileRows * kTileRowBytes;
constexpr std::size_t kPanelRows = 2 * kTileRows;
constexpr std::size_t kCutTiles = 80;                        // of a row
constexpr std::size_t kCutBytes = std::size_t{640} << 10;    // of activations, in L2
constexpr std::size_t kMostTokens = 512, kBlockPanels = 80;  // results, where columns are cut

using Byte = std::uint8_t;
using Words [[gnu::vector_size(kTileRowBytes)]] = std::uint32_t;

// Exchanges the off-diagonal blocks of kSize x kSize words of two rows that lie kSize apart.
template <std::size_t kSize, std::size_t... kLane>
TERN_TARGET [[gnu::always_inline]] inline void exchange(Words& a, Words& b,
                                                        std::index_sequence<kLane...>) {
  const Words upper = __builtin_shufflevector(
      a, b, static_cast<int>((kLane & kSize) != 0 ? 16 + kLane - kSize : kLane)...);
  b = __builtin_shufflevector(
      a, b, static_cast<int>((kLane & kSize) != 0 ? 16 + kLane : kLane + kSize)...);
  a = upper;
}

template <std::size_t kSize>
TERN_TARGET [[gnu::always_inline]] inline void exchange_all(Words (&v)[kTileRows]) {
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kTileRows; ++i)
    if ((i & kSize) == 0)
      exchange<kSize>(v[i], v[i | kSize], std::make_index_sequence<kTileRows>());
}

// A tile whose words are transposed, from rows `stride` bytes apart.
TERN_TARGET inline void transpose(const Byte* from, std::size_t stride, Byte* to) {
  Words v[kTileRows];
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kTileRows; ++i) std::memcpy(&v[i], from + i * stride, sizeof v[i]);
  exchange_all<8>(v);
  exchange_all<4>(v);
  exchange_all<2>(v);
  exchange_all<1>(v);
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kTileRows; ++i)
    std::memcpy(to + i * kTileRowBytes, &v[i], sizeof v[i]);
}

// [blocks of 16 tokens, tiles, 16 words of columns, 16 tokens], 0 past the columns and tokens.
TERN_TARGET void interleave(const Format::X* x, std::size_t ldx, std::size_t tokens,
                            std::size_t cols, std::size_t tiles, Byte* to) {
  thread_local Scratch narrowed;
  const std::size_t stride = packed_stride<Byte>(tiles * kTileRowBytes);
  Byte* rows = narrowed.room<Byte>(kTileRows * stride);
  for (std::size_t t0 = 0; t0 < tokens; t0 += kTileRows) {
    std::memset(rows, 0, kTileRows * stride);
    for (std::size_t t = t0; t < std::min(tokens, t0 + kTileRows); ++t)
      Format::narrow(x + t * ldx, cols, reinterpret_cast<Format::W*>(rows + (t - t0) * stride));
    for (std::size_t tile = 0; tile < tiles; ++tile, to += kTileBytes)
      transpose(rows + tile * kTileRowBytes, stride, to);
  }
}

// Up to kPanelRows rows of some columns.
struct Part {
  const Byte* at;
  std::size_t rows, bytes;  // of a row of it

  // Tiles of the first 16 rows, then of the others; 0 past rows and columns.
  TERN_TARGET void copy(std::size_t ldw, Byte* to) const {
    const std::size_t half = (bytes + kTileRowBytes - 1) / kTileRowBytes * kTileBytes;
    for (std::size_t r = 0; r < (rows + kTileRows - 1) / kTileRows * kTileRows; ++r) {
      Byte* row = to + r / kTileRows * half + r % kTileRows * kTileRowBytes;
      const std::size_t live = r < rows ? bytes : 0;
      std::size_t k = 0;
      for (; k + kTileRowBytes <= live; k += kTileRowBytes, row += kTileBytes)
        std::memcpy(row, at + r * ldw + k, kTileRowBytes);
      for (; k < bytes; k += kTileRowBytes, row += kTileBytes) {
        const std::size_t n = live > k ? live - k : 0;
        std::memset(row, 0, kTileRowBytes);
        if (n > 0) std::memcpy(row, at + r * ldw + k, n);
      }
    }
  }
};

// The tiles of a part, in place or copied.
struct Left {
  const Byte* at;
  std::size_t stride;     // bytes from row to row
  std::size_t tile_step;  // from tile to tile of the same rows
  std::size_t half_step;  // to the tile of the next 16 rows
};

// Asks for the lines of a part, some at a time.
class Fetch {
 public:
  Fetch(const Part& part, std::size_t ldw, std::size_t steps)
      : at_(reinterpret_cast<std::uintptr_t>(part.at)),
        ldw_(ldw),
        lines_((part.bytes + kLineBytes - 1) / kLineBytes),
        left_(part.rows * lines_),
        each_((left_ + steps - 1) / steps),
        end_(at_ + lines_ * kLineBytes),
        skip_(ldw - lines_ * kLineBytes) {}

  [[gnu::always_inline]] void step() {
    for (std::size_t i = 0; i < each_; ++i) {
      __builtin_prefetch(reinterpret_cast<const void*>(at_), 0, 2);
      at_ += kLineBytes;
      if (at_ < end_) continue;
      at_ += skip_;
      end_ += ldw_;
    }
  }

 private:
  std::uintptr_t at_;
  std::size_t ldw_, lines_, left_, each_, end_, skip_;
};

// kA x kB tiles of results += `tiles` steps. c: four tiles of results.
template <bool kTwoA, bool kTwoB>
TERN_TARGET void pass(const Left& left, const Byte* b, std::size_t ldb, std::size_t tiles, Byte* c,
                      bool first, Fetch& fetch) {
  if (first) {
    Tiles::zero<0>();
    if constexpr (kTwoB) Tiles::zero<1>();
    if constexpr (kTwoA) Tiles::zero<2>();
    if constexpr (kTwoA && kTwoB) Tiles::zero<3>();
  } else {
    Tiles::load<0>(c, kTileRowBytes);
    if constexpr (kTwoB) Tiles::load<1>(c + kTileBytes, kTileRowBytes);
    if constexpr (kTwoA) Tiles::load<2>(c + 2 * kTileBytes, kTileRowBytes);
    if constexpr (kTwoA && kTwoB) Tiles::load<3>(c + 3 * kTileBytes, kTileRowBytes);
  }
  const Byte* a = left.at;
  for (std::size_t tile = 0; tile < tiles; ++tile, a += left.tile_step, b += kTileBytes) {
    Tiles::load<4>(a, left.stride);
    Tiles::load<6>(b, kTileRowBytes);
    Format::mac<0, 4, 6>();
    if constexpr (kTwoB) {
      Tiles::load<7>(b + ldb, kTileRowBytes);
      Format::mac<1, 4, 7>();
    }
    fetch.step();
    if constexpr (kTwoA) {
      Tiles::load<4>(a + left.half_step, left.stride);
      Format::mac<2, 4, 6>();
      if constexpr (kTwoB) Format::mac<3, 4, 7>();
    }
  }
  Tiles::store<0>(c, kTileRowBytes);
  if constexpr (kTwoB) Tiles::store<1>(c + kTileBytes, kTileRowBytes);
  if constexpr (kTwoA) Tiles::store<2>(c + 2 * kTileBytes, kTileRowBytes);
  if constexpr (kTwoA && kTwoB) Tiles::store<3>(c + 3 * kTileBytes, kTileRowBytes);
}

// y from the 2 x 2 tiles of [16 rows, 16 tokens] of a pass.
TERN_TARGET void scatter(const Byte* c, std::size_t rows, std::size_t tokens, Format::Y* y,
                         std::size_t ldy) {
  alignas(kLineBytes) Byte turned[kTileBytes];
  for (std::size_t r = 0; r < std::min(rows, kPanelRows); r += kTileRows)
    for (std::size_t t = 0; t < std::min(tokens, 2 * kTileRows); t += kTileRows) {
      transpose(c + (2 * r + t) / kTileRows * kTileBytes, kTileRowBytes, turned);
      for (std::size_t i = 0; i < std::min(kTileRows, tokens - t); ++i) {
        Format::Y* to = y + (t + i) * ldy + r;
        if (rows - r >= kTileRows)
          std::memcpy(to, turned + i * kTileRowBytes, kTileRowBytes);
        else
          std::memcpy(to, turned + i * kTileRowBytes, (rows - r) * sizeof *to);
      }
    }
}

// A block of tokens, over columns cut into `cuts` parts.
TERN_TARGET void multiply_block(const DenseView<Format::W>& w, const Format::X* x, std::size_t ldx,
                                std::size_t tokens, std::size_t cuts, Format::Y* y,
                                std::size_t ldy) {
  const std::size_t ldw = w.cols * sizeof(Format::W);
  const std::size_t tiles = (ldw + kTileRowBytes - 1) / kTileRowBytes;
  const std::size_t most_tiles = (tiles + cuts - 1) / cuts;
  const std::size_t token_tiles = (tokens + kTileRows - 1) / kTileRows;
  const std::size_t pairs = (token_tiles + 1) / 2, ldb = tiles * kTileBytes;
  const std::size_t panels = (w.rows + kPanelRows - 1) / kPanelRows;
  const std::size_t at_once = cuts == 1 ? 1 : std::min(kBlockPanels, panels);
  const bool in_place = pairs == 1 || (reinterpret_cast<std::uintptr_t>(w.data) % kLineBytes == 0 &&
                                       ldw % kLineBytes == 0);
  thread_local Scratch interleaved, copied, carried;
  Byte* b = interleaved.room<Byte>(token_tiles * ldb);
  Byte* a = copied.room<Byte>(2 * most_tiles * kTileBytes);
  Byte* c = carried.room<Byte>(at_once * pairs * 4 * kTileBytes);
  interleave(x, ldx, tokens, w.cols, tiles, b);

  const auto part = [&](std::size_t panel, std::size_t tile) {
    const Byte* at =
        reinterpret_cast<const Byte*>(w.data) + panel * kPanelRows * ldw + tile * kTileRowBytes;
    return Part{at, std::min(kPanelRows, w.rows - panel * kPanelRows),
                std::min(ldw - tile * kTileRowBytes, most_tiles * kTileRowBytes)};
  };
  for (std::size_t p0 = 0; p0 < panels; p0 += at_once) {
    const std::size_t p1 = std::min(p0 + at_once, panels);
    for (std::size_t tile = 0; tile < tiles; tile += most_tiles) {
      const std::size_t some = std::min(most_tiles, tiles - tile);
      const bool first = tile == 0, last = tile + some == tiles;
      for (std::size_t p = p0; p < p1; ++p) {
        const Part own = part(p, tile);
        const bool whole = own.rows % kTileRows == 0 && own.bytes % kTileRowBytes == 0;
        Left left = {a, kTileRowBytes, kTileBytes, some * kTileBytes};
        if (in_place && whole)
          left = {own.at, ldw, kTileRowBytes, kTileRows * ldw};
        else
          own.copy(ldw, a);
        const Part next = p + 1 < p1    ? part(p + 1, tile)
                          : !last       ? part(p0, tile + some)
                          : p1 < panels ? part(p1, 0)
                                        : Part{own.at, 0, 0};
        Fetch fetch(next, ldw, pairs * some);
        const bool two_a = own.rows > kTileRows;
        for (std::size_t i = 0; i < pairs; ++i) {
          const Byte* bs = b + 2 * i * ldb + tile * kTileBytes;
          Byte* cs = c + ((p - p0) * pairs + i) * 4 * kTileBytes;
          Format::Y* to = y + 2 * i * kTileRows * ldy + p * kPanelRows;
          const std::size_t left_tokens = tokens - 2 * i * kTileRows;
          const bool two_b = left_tokens > kTileRows;
          if (two_a && two_b)
            pass<true, true>(left, bs, ldb, some, cs, first, fetch);
          else if (two_a)
            pass<true, false>(left, bs, ldb, some, cs, first, fetch);
          else if (two_b)
            pass<false, true>(left, bs, ldb, some, cs, first, fetch);
          else
            pass<false, false>(left, bs, ldb, some, cs, first, fetch);
          if (!last) continue;
          // The results of the next pair are written while their lines are under way.
          for (std::size_t t = 2 * kTileRows; t < std::min(left_tokens, 4 * kTileRows); ++t) {
            __builtin_prefetch(to + t * ldy, 1);
            __builtin_prefetch(to + t * ldy + own.rows - 1, 1);
          }
          scatter(cs, own.rows, left_tokens, to, ldy);
        }
      }
    }
  }
}

TERN_TARGET void multiply(const DenseView<Format::W>& w, const Format::X* x, std::size_t ldx,
                          std::size_t tokens, Format::Y* y, std::size_t ldy) {
  if (w.rows == 0 || tokens == 0) return;
  if (tokens < kTilesOwnFrom) return alone(w, x, ldx, 1, y, ldy);
  const std::size_t tiles = (w.cols * sizeof(Format::W) + kTileRowBytes - 1) / kTileRowBytes;
  const std::size_t cuts = tokens <= kPanelRows ? 1 : (tiles + kCutTiles - 1) / kCutTiles;
  const std::size_t fit = kCutBytes / (tiles * kTileRowBytes / cuts) / kPanelRows * kPanelRows;
  const std::size_t most = std::clamp(fit, kPanelRows, kMostTokens);
  const std::size_t pairs = (tokens + kPanelRows - 1) / kPanelRows;
  const std::size_t blocks = (pairs * kPanelRows + most - 1) / most;
  const std::size_t block = (pairs + blocks - 1) / blocks * kPanelRows;
  Tiles::configure(whole_tiles());
  for (std::size_t t = 0; t < tokens; t += block)
    multiply_block(w, x + t * ldx, ldx, std::min(block, tokens - t), cuts, y + t * ldy, ldy);
  Tiles::release();
}
