// SPDX-License-Identifier: Apache-2.0
//
// Products of dense matrices, written once against the vectors of one format and ISA: a register
// tile of R rows and T tokens, whose accumulators are the lanes of a vector per row and token. No
// include guard: each <format>_<isa>.cc includes this inside its unnamed namespace, after it has
// defined TERN_TARGET, and hands over
//
//   struct Ops     functions with TERN_TARGET
//     W, X, Y      elements of weights, activations and results
//     kStep        columns per step;  kRows, kTokens: the tile that the registers hold
//     kRowsAlone   rows read side by side for a single token
//     kAheadAlone  how many bytes ahead a single token asks for weights where asks_ahead() does not
//                  hold; 0: not at all
//     Vec, kParts  a register of accumulators, and how many a row and token have
//     load_w, load_x, zero, mac   on one part; store<R>: the sums of R rows
//     kIdleX       an activation which, times weight 0, leaves an accumulator as it is
//     Wide         the same on weights unpacked by put(): what many tokens meet
//
// Memory, a single token: rows in address order, asked for as prefetch.h says where asks_ahead(),
// else kAheadAlone bytes ahead where a line takes long, as with floats that are widened. A few
// tokens take kRows rows side by side and ask for the next group of rows, in address order,
// meanwhile (Zen 4: 23 for 16 GB/s). More tokens meet a block of rows that was unpacked into L2
// once.

constexpr std::size_t kAheadBytes = 8192;
constexpr std::size_t kBlockBytes = std::size_t{512} << 10;  // of unpacked rows, in L2
constexpr std::size_t kCutBytes = std::size_t{16} << 10;     // of activations, in L1

// Where a tile asks for memory meanwhile. It never faults, so it may point past the end.
struct Ahead {
  std::uintptr_t at;
  std::size_t step;  // bytes per step of the tile
};

// For the kLines of a tile: kTwice + n lines, each asked for as prefetch_stream() does.
constexpr std::size_t kTwice = 64;

template <typename T>
Ahead ahead_of(const T* at, std::size_t step) {
  return {reinterpret_cast<std::uintptr_t>(at), step};
}

// The lines that a step needs of what lies `ahead`.
template <std::size_t kLines>
[[gnu::always_inline]] inline void fetch(Ahead& ahead) {
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kLines % kTwice; ++i) {
    const auto* at = reinterpret_cast<const void*>(ahead.at + i * kLineBytes);
    if constexpr (kLines >= kTwice)
      prefetch_stream(at);
    else
      __builtin_prefetch(at, 0, 2);
  }
  ahead.at += ahead.step;
}

template <typename Ops, std::size_t R, std::size_t T>
TERN_TARGET [[gnu::always_inline]] inline void step(typename Ops::Vec (&a)[T][R][Ops::kParts],
                                                    const typename Ops::W* w, std::size_t ldw,
                                                    const typename Ops::X* x, std::size_t ldx) {
  // One part after the other, so that few registers besides the accumulators are in use.
#pragma GCC unroll 2
  for (std::size_t part = 0; part < Ops::kParts; ++part) {
    const std::size_t at = part * (Ops::kStep / Ops::kParts);
    typename Ops::WVec ws[R];
#pragma GCC unroll 8
    for (std::size_t r = 0; r < R; ++r) ws[r] = Ops::load_w(w + r * ldw + at);
#pragma GCC unroll 8
    for (std::size_t t = 0; t < T; ++t) {
      const typename Ops::XVec xs = Ops::load_x(x + t * ldx + at);
#pragma GCC unroll 8
      for (std::size_t r = 0; r < R; ++r) a[t][r][part] = Ops::mac(a[t][r][part], ws[r], xs);
    }
  }
}

// Where the columns of a product were cut: accumulators pass through memory.
template <typename Vec>
struct Carry {
  Vec* at;        // [T][R][kParts]
  bool get, put;  // not the first columns; not the last
};

//   sums  [tokens]: what integer kernels take off each result; else unused
template <typename Ops, std::size_t R, std::size_t T, std::size_t kLines>
TERN_TARGET void tile(const typename Ops::W* w, std::size_t ldw, std::size_t cols,
                      const typename Ops::X* x, std::size_t ldx, const std::int32_t* sums,
                      typename Ops::Y* y, std::size_t ldy, Ahead ahead,
                      Carry<typename Ops::Vec> carry = {}) {
  typename Ops::Vec a[T][R][Ops::kParts];
#pragma GCC unroll 8
  for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 8
    for (std::size_t r = 0; r < R; ++r)
#pragma GCC unroll 2
      for (std::size_t part = 0; part < Ops::kParts; ++part)
        a[t][r][part] = carry.get ? carry.at[(t * R + r) * Ops::kParts + part] : Ops::zero();

  // A row alone passes one line per turn.
  constexpr std::size_t kStepBytes = Ops::kStep * sizeof(typename Ops::W);
  constexpr std::size_t kSteps =
      R * T > 1 || kStepBytes >= kLineBytes ? 1 : kLineBytes / kStepBytes;
  std::size_t k = 0;
  for (; k + kSteps * Ops::kStep <= cols; k += kSteps * Ops::kStep) {
    fetch<kLines>(ahead);
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kSteps; ++i)
      step<Ops, R, T>(a, w + k + i * Ops::kStep, ldw, x + k + i * Ops::kStep, ldx);
  }
  if constexpr (kSteps > 1)
    for (; k + Ops::kStep <= cols; k += Ops::kStep) step<Ops, R, T>(a, w + k, ldw, x + k, ldx);
  if (k < cols) {
    typename Ops::W w_tail[R * Ops::kStep] = {};
    typename Ops::X x_tail[T * Ops::kStep];
    std::fill_n(x_tail, T * Ops::kStep, Ops::kIdleX);
    for (std::size_t r = 0; r < R; ++r)
      std::copy_n(w + r * ldw + k, cols - k, w_tail + r * Ops::kStep);
    for (std::size_t t = 0; t < T; ++t)
      std::copy_n(x + t * ldx + k, cols - k, x_tail + t * Ops::kStep);
    step<Ops, R, T>(a, w_tail, Ops::kStep, x_tail, Ops::kStep);
  }
  if (carry.put) {
#pragma GCC unroll 8
    for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 8
      for (std::size_t r = 0; r < R; ++r)
#pragma GCC unroll 2
        for (std::size_t part = 0; part < Ops::kParts; ++part)
          carry.at[(t * R + r) * Ops::kParts + part] = a[t][r][part];
    return;
  }
#pragma GCC unroll 8
  for (std::size_t t = 0; t < T; ++t)
    Ops::template store<R>(a[t], y + t * ldy, sums == nullptr ? 0 : sums[t]);
}

// call.operator()<n>() for a number n <= Most that is known at run time.
template <std::size_t Most, typename Call>
void with_constant(std::size_t n, const Call& call) {
  if constexpr (Most > 1)
    if (n < Most) return with_constant<Most - 1>(n, call);
  call.template operator()<Most>();
}

// A single token where asks_ahead().
template <typename Ops>
void multiply_one(const DenseView<typename Ops::W>& w, const typename Ops::X* x,
                  const std::int32_t* sums, typename Ops::Y* y) {
  constexpr std::size_t R = Ops::kRowsAlone;
  constexpr std::size_t kStepBytes = R * Ops::kStep * sizeof(typename Ops::W);
  std::size_t r = 0;
  if constexpr (R > 1)
    for (; w.rows - r >= R; r += R) {
      const typename Ops::W* at = w.data + r * w.cols;
      tile<Ops, R, 1, kTwice + (kStepBytes + kLineBytes - 1) / kLineBytes>(
          at, w.cols, w.cols, x, 0, sums, y + r, 0, ahead_of(at, kStepBytes));
    }
  for (; r < w.rows; ++r) {
    const typename Ops::W* at = w.data + r * w.cols;
    tile<Ops, 1, 1, kTwice + 1>(at, w.cols, w.cols, x, 0, sums, y + r, 0,
                                ahead_of(at, std::max(kStepBytes / R, kLineBytes)));
  }
}

// Up to Ops::kTokens tokens meet weights decoded in registers.
template <typename Ops>
void multiply_few(const DenseView<typename Ops::W>& w, const typename Ops::X* x, std::size_t ldx,
                  std::size_t tokens, const std::int32_t* sums, typename Ops::Y* y,
                  std::size_t ldy) {
  constexpr std::size_t kStepBytes = Ops::kStep * sizeof(typename Ops::W);
  if (tokens == 1 && asks_ahead()) return multiply_one<Ops>(w, x, sums, y);
  with_constant<Ops::kTokens>(tokens, [&]<std::size_t T>() {
    constexpr std::size_t R = T == 1 ? Ops::kRowsAlone : Ops::kRows;
    std::size_t r = 0;
    if constexpr (R > 1)
      for (; w.rows - r >= R; r += R) {
        const typename Ops::W* at = w.data + r * w.cols;
        tile<Ops, R, T, (R * kStepBytes + kLineBytes - 1) / kLineBytes>(
            at, w.cols, w.cols, x, ldx, sums, y + r, ldy,
            ahead_of(at + R * w.cols, R * kStepBytes));
      }
    for (; r < w.rows; ++r) {
      const typename Ops::W* at = w.data + r * w.cols;
      constexpr bool kFetch = T > 1 || Ops::kAheadAlone > 0;
      tile<Ops, 1, T, kFetch ? (kStepBytes + kLineBytes - 1) / kLineBytes : 0>(
          at, w.cols, w.cols, x, ldx, sums, y + r, ldy,
          ahead_of(reinterpret_cast<const char*>(at) + (T == 1 ? Ops::kAheadAlone : kAheadBytes),
                   T == 1 ? std::max(kStepBytes, kLineBytes) : kStepBytes));
    }
  });
}

template <typename Ops>
TERN_TARGET void unpack_row(const typename Ops::W* w, std::size_t cols, typename Ops::Wide::W* to) {
  Ahead ahead = ahead_of(reinterpret_cast<const char*>(w) + kAheadBytes,
                         Ops::kStep * sizeof(typename Ops::W));
  std::size_t k = 0;
  for (; k + Ops::kStep <= cols; k += Ops::kStep) {
    fetch<1>(ahead);
#pragma GCC unroll 2
    for (std::size_t i = 0; i < Ops::kStep; i += Ops::kStep / Ops::kParts)
      Ops::Wide::put(to + k + i, Ops::load_w(w + k + i));
  }
  if (k == cols) return;
  typename Ops::W tail[Ops::kStep] = {};
  std::copy(w + k, w + cols, tail);
#pragma GCC unroll 2
  for (std::size_t i = 0; i < Ops::kStep; i += Ops::kStep / Ops::kParts)
    Ops::Wide::put(to + k + i, Ops::load_w(tail + i));
}

// Any number of tokens, with activations packed at packed_stride<X>(cols), idle past cols. Columns
// are cut so that the activations of a tile stay in the L1 cache while a block of rows passes.
template <typename Ops>
void multiply_many(const DenseView<typename Ops::W>& w, const typename Ops::Wide::X* x,
                   std::size_t tokens, const std::int32_t* sums, typename Ops::Y* y,
                   std::size_t ldy) {
  using Wide = typename Ops::Wide;
  constexpr std::size_t R = Ops::kRows, kStep = Ops::kStep;
  constexpr std::size_t kCut =
      kCutBytes / (Ops::kTokens * sizeof(typename Wide::X)) / kStep * kStep;
  const std::size_t ldw = packed_stride<typename Wide::W>(w.cols);
  const std::size_t ldx = packed_stride<typename Wide::X>(w.cols);
  const std::size_t steps = (w.cols + kStep - 1) / kStep, cols = steps * kStep;
  const std::size_t cuts = (cols + kCut - 1) / kCut;
  const std::size_t fit = kBlockBytes / (ldw * sizeof(typename Wide::W)) / R * R;
  const std::size_t block = std::min(std::max(fit, R), w.rows);
  thread_local Scratch unpacked, carried;
  auto* rows = unpacked.room<typename Wide::W>(block * ldw);
  auto* carry = carried.room<typename Wide::Vec>(block * Ops::kTokens * Ops::kParts);

  const std::size_t tiles = (tokens + Ops::kTokens - 1) / Ops::kTokens;
  for (std::size_t r0 = 0; r0 < w.rows; r0 += block) {
    const std::size_t n = std::min(block, w.rows - r0);
    for (std::size_t r = 0; r < n; ++r)
      unpack_row<Ops>(w.data + (r0 + r) * w.cols, w.cols, rows + r * ldw);
    // Meanwhile the next block comes to L2, as many bytes per step as will have it there in time.
    const std::size_t all_steps = tiles * ((n + R - 1) / R) * steps;
    const std::size_t next_bytes = n * w.cols * sizeof(typename Ops::W);
    Ahead ahead = ahead_of(w.data + (r0 + n) * w.cols, (next_bytes + all_steps - 1) / all_steps);
    for (std::size_t i = 0; i < tiles; ++i) {
      const std::size_t t0 = i * tokens / tiles, t1 = (i + 1) * tokens / tiles;
      with_constant<Ops::kTokens>(t1 - t0, [&]<std::size_t T>() {
        for (std::size_t cut = 0; cut < cuts; ++cut) {
          const std::size_t k0 = cut * steps / cuts * kStep, k1 = (cut + 1) * steps / cuts * kStep;
          const auto pass = [&]<std::size_t R_>(std::size_t r) {
            tile<Wide, R_, T, 1>(rows + r * ldw + k0, ldw, k1 - k0, x + t0 * ldx + k0, ldx,
                                 sums == nullptr ? nullptr : sums + t0, y + t0 * ldy + r0 + r, ldy,
                                 ahead, {carry + r * T * Ops::kParts, cut > 0, cut + 1 < cuts});
            ahead.at += (k1 - k0) / kStep * ahead.step;
          };
          std::size_t r = 0;
          for (; n - r >= R; r += R) pass.template operator()<R>(r);
          for (; r < n; ++r) pass.template operator()<1>(r);
        }
      });
    }
  }
}

// Activations of all tokens as multiply_many wants them. Ops::Wide::pack writes whole steps.
template <typename Ops, typename X>
const typename Ops::Wide::X* pack_tokens(Scratch& scratch, const X* x, std::size_t ldx,
                                         std::size_t tokens, std::size_t cols) {
  const std::size_t stride = packed_stride<typename Ops::Wide::X>(cols);
  auto* to = scratch.room<typename Ops::Wide::X>(tokens * stride);
  for (std::size_t t = 0; t < tokens; ++t) Ops::pack(x + t * ldx, cols, to + t * stride);
  return to;
}
