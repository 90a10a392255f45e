// SPDX-License-Identifier: Apache-2.0

#include "models/backprop_ops.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/quantize.h"

namespace tern::models {

void rms_norm_rows(const float* x, const float* w, std::size_t n, std::size_t width, float eps,
                   float* y) {
  for (std::size_t r = 0; r < n; ++r, x += width, y += width) {
    double squares = 0;
    for (std::size_t i = 0; i < width; ++i) squares += double{x[i]} * double{x[i]};
    const auto inverse =
        static_cast<float>(1 / std::sqrt(squares / static_cast<double>(width) + eps));
    for (std::size_t i = 0; i < width; ++i) y[i] = x[i] * inverse * w[i];
  }
}

void rms_norm_rows_back(const float* x, const float* w, const float* dy, std::size_t n,
                        std::size_t width, float eps, float* dx, float* dw) {
  for (std::size_t r = 0; r < n; ++r, x += width, dy += width, dx += width) {
    double squares = 0, inner = 0;
    for (std::size_t i = 0; i < width; ++i) {
      squares += double{x[i]} * double{x[i]};
      inner += double{dy[i]} * double{w[i]} * double{x[i]};
    }
    const double inverse = 1 / std::sqrt(squares / static_cast<double>(width) + eps);
    const auto a = static_cast<float>(inverse);
    const auto b =
        static_cast<float>(inner * inverse * inverse * inverse / static_cast<double>(width));
    for (std::size_t i = 0; i < width; ++i) {
      dx[i] += a * w[i] * dy[i] - b * x[i];
      dw[i] += dy[i] * x[i] * a;
    }
  }
}

void fake_quantize_rows(std::size_t n, std::size_t width, float* x) {
  thread_local std::vector<std::int8_t> q;
  q.resize(width);
  for (std::size_t r = 0; r < n; ++r, x += width) {
    const float inverse = 1.0f / kernels::quantize_absmax(x, width, q.data());
    for (std::size_t i = 0; i < width; ++i) x[i] = static_cast<float>(q[i]) * inverse;
  }
}

void gated(Activation activation, std::size_t n, const float* gate, const float* up, float* a) {
  if (activation == Activation::kRelu2) {
    for (std::size_t i = 0; i < n; ++i) {
      const float g = std::max(gate[i], 0.0f);
      a[i] = g * g * up[i];
    }
  } else {
    for (std::size_t i = 0; i < n; ++i) a[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
  }
}

void gated_back(Activation activation, std::size_t n, const float* gate, const float* up,
                const float* da, float* d_gate, float* d_up) {
  if (activation == Activation::kRelu2) {
    for (std::size_t i = 0; i < n; ++i) {
      const float g = std::max(gate[i], 0.0f);
      d_gate[i] = da[i] * up[i] * 2 * g;
      d_up[i] = da[i] * g * g;
    }
  } else {
    for (std::size_t i = 0; i < n; ++i) {
      const float sigmoid = 1 / (1 + std::exp(-gate[i]));
      d_gate[i] = da[i] * up[i] * sigmoid * (1 + gate[i] * (1 - sigmoid));
      d_up[i] = da[i] * gate[i] * sigmoid;
    }
  }
}

void causal_softmax(std::size_t l, float scale, float* s) {
  for (std::size_t i = 0; i < l; ++i, s += l) {
    const float top = *std::max_element(s, s + i + 1);
    float sum = 0;
    for (std::size_t j = 0; j <= i; ++j) sum += s[j] = std::exp(scale * (s[j] - top));
    for (std::size_t j = 0; j <= i; ++j) s[j] /= sum;
    std::fill(s + i + 1, s + l, 0.0f);
  }
}

void causal_softmax_back(std::size_t l, float scale, const float* p, float* ds) {
  for (std::size_t i = 0; i < l; ++i, p += l, ds += l) {
    float inner = 0;
    for (std::size_t j = 0; j <= i; ++j) inner += p[j] * ds[j];
    for (std::size_t j = 0; j <= i; ++j) ds[j] = scale * p[j] * (ds[j] - inner);
    std::fill(ds + i + 1, ds + l, 0.0f);
  }
}

double cross_entropy_rows(std::span<const TokenId> targets, std::size_t vocab, float scale,
                          bool back, float* logits) {
  double loss = 0;
  for (const TokenId target : targets) {
    const float top = *std::max_element(logits, logits + vocab);
    const float at_target = logits[target];
    double sum = 0;
    for (std::size_t i = 0; i < vocab; ++i) {
      const float e = std::exp(logits[i] - top);
      sum += double{e};
      if (back) logits[i] = e;
    }
    loss += std::log(sum) - (double{at_target} - double{top});
    if (back) {
      const auto factor = static_cast<float>(double{scale} / sum);
      for (std::size_t i = 0; i < vocab; ++i) logits[i] *= factor;
      logits[target] -= scale;
    }
    logits += vocab;
  }
  return loss;
}

}  // namespace tern::models
