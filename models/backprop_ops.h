// SPDX-License-Identifier: Apache-2.0
//
// The row-wise operations of training, each with its derivative beside it. Private to backprop.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "models/config.h"
#include "models/tokenizer.h"

namespace tern::models {

// y = x * w / sqrt(mean(x^2) + eps), per row.  x, y [n, width]; w [width]
void rms_norm_rows(const float* x, const float* w, std::size_t n, std::size_t width, float eps,
                   float* y);
// dx += dL/dx, dw += dL/dw, given dy = dL/dy.
void rms_norm_rows_back(const float* x, const float* w, const float* dy, std::size_t n,
                        std::size_t width, float eps, float* dx, float* dw);

// Each row of x [n, width] becomes q / s of the activation quantiser (kernels/quantize.h).
void fake_quantize_rows(std::size_t n, std::size_t width, float* x);

// a = act(gate) * up.
void gated(Activation activation, std::size_t n, const float* gate, const float* up, float* a);
void gated_back(Activation activation, std::size_t n, const float* gate, const float* up,
                const float* da, float* d_gate, float* d_up);

// Row i of s [l, l] becomes the softmax of scale * s[i, 0..i]; what lies right of it becomes 0.
void causal_softmax(std::size_t l, float scale, float* s);
// ds, on entry dL/dp, becomes dL/ds.
void causal_softmax_back(std::size_t l, float scale, const float* p, float* ds);

// The sum over rows of -ln softmax(logits)[target]; where `back`, logits become
// scale * dL/dlogits.  logits [targets, vocab]
double cross_entropy_rows(std::span<const TokenId> targets, std::size_t vocab, float scale,
                          bool back, float* logits);

}  // namespace tern::models
