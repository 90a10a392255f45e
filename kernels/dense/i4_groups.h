// SPDX-License-Identifier: Apache-2.0
//
// INT4 products, eight groups at a time: lane l of a vector belongs to group l, so that integer
// sums become float32 accumulators without a sum across lanes. For that the weights are transposed
// in registers, 4 bytes a lane, and the activations once per call. No include guard: i4_<isa>.cc
// include this inside their unnamed namespaces, after they have defined TERN_TARGET and
//
//   struct Groups   functions with TERN_TARGET, on one part: the next kLanes / kParts groups
//     kParts, Sums  how many registers hold the accumulators; such a register
//     Weights       decode(groups): nibbles transposed, and scales
//     zero, add(sums, weights, x, excess)   x: eight vectors, kVectorBytes apart
//     fold(const Sums (&)[kParts])          a result

constexpr std::size_t kLanes = kI4Accumulators, kVectorBytes = 4 * kLanes;
constexpr std::size_t kStepCols = kLanes * kQ4Group, kStepBytes = kLanes * kQ4GroupBytes;
constexpr std::size_t kMostTokens = 6;

// The activations of eight groups, and what the weights' excess of 8 adds to each group's sum.
struct Step {
  std::int8_t x[8][kLanes][4];  // vector h * 4 + i: columns h * 16 + 4 i of each group
  std::int32_t excess[kLanes];
};

void transpose(const std::int8_t* x, std::size_t cols, Step* steps) {
  for (std::size_t k0 = 0; k0 < cols; k0 += kStepCols, ++steps) {
    *steps = {};
    for (std::size_t l = 0; l < kLanes && k0 + l * kQ4Group < cols; ++l)
      for (std::size_t i = 0; i < kQ4Group; ++i) {
        const std::int8_t value = x[k0 + l * kQ4Group + i];
        steps->x[i / 4][l][i % 4] = value;
        steps->excess[l] += 8 * value;
      }
  }
}

template <std::size_t T>
TERN_TARGET [[gnu::always_inline]] inline void step(const std::uint8_t* groups, const Step* x,
                                                    std::size_t ldx,
                                                    Groups::Sums (&a)[T][Groups::kParts]) {
#pragma GCC unroll 2
  for (std::size_t part = 0; part < Groups::kParts; ++part) {
    const std::size_t lane = part * (kLanes / Groups::kParts);
    const Groups::Weights w = Groups::decode(groups + lane * kQ4GroupBytes);
#pragma GCC unroll 8
    for (std::size_t t = 0; t < T; ++t) {
      const Step& own = x[t * ldx];
      a[t][part] = Groups::add(a[t][part], w, own.x[0][lane], own.excess + lane);
    }
  }
}

// One row and T tokens.
template <std::size_t T, bool kTwice = false>
TERN_TARGET void row(const std::uint8_t* w, std::size_t cols, const Step* x, std::size_t ldx,
                     float* y, std::size_t ldy) {
  Groups::Sums a[T][Groups::kParts];
#pragma GCC unroll 8
  for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
    for (std::size_t part = 0; part < Groups::kParts; ++part) a[t][part] = Groups::zero();
  std::size_t k = 0;
  for (; k + kStepCols <= cols; k += kStepCols, w += kStepBytes, ++x) {
    // Where kTwice: see prefetch.h; else 8 KB ahead, into L2: see tile.h.
#pragma GCC unroll 3
    for (std::size_t line = 0; line < 3; ++line)
      if constexpr (kTwice)
        prefetch_stream(w + line * kLineBytes);
      else
        prefetch<2>(w, 8192 + line * kLineBytes);
    step<T>(w, x, ldx, a);
  }
  if (k < cols) {
    std::uint8_t tail[kStepBytes] = {};
    std::memcpy(tail, w, (cols - k) / kQ4Group * kQ4GroupBytes);
    step<T>(tail, x, ldx, a);
  }
#pragma GCC unroll 8
  for (std::size_t t = 0; t < T; ++t) y[t * ldy] = Groups::fold(a[t]);
}

template <std::size_t T>
void tokens_of_row(std::size_t tokens, const std::uint8_t* w, std::size_t cols, const Step* x,
                   std::size_t ldx, float* y, std::size_t ldy) {
  for (; tokens >= T; tokens -= T, x += T * ldx, y += T * ldy) row<T>(w, cols, x, ldx, y, ldy);
  if constexpr (T > 1)
    if (tokens > 0) tokens_of_row<T - 1>(tokens, w, cols, x, ldx, y, ldy);
}

void multiply(const Q4View& w, const std::int8_t* x, std::size_t ldx, std::size_t tokens, float* y,
              std::size_t ldy) {
  thread_local Scratch transposed;
  const std::size_t stride = (w.cols + kStepCols - 1) / kStepCols;
  Step* steps = transposed.room<Step>(tokens * stride);
  for (std::size_t t = 0; t < tokens; ++t) transpose(x + t * ldx, w.cols, steps + t * stride);
  if (tokens == 1 && asks_ahead()) {
    for (std::size_t r = 0; r < w.rows; ++r)
      row<1, true>(w.data + r * w.row_bytes(), w.cols, steps, stride, y + r, ldy);
    return;
  }
  for (std::size_t r = 0; r < w.rows; ++r)
    tokens_of_row<kMostTokens>(tokens, w.data + r * w.row_bytes(), w.cols, steps, stride, y + r,
                               ldy);
}
