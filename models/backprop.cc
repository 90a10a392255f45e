// SPDX-License-Identifier: Apache-2.0
//
// One pass forward, keeping what the way back needs, and one pass back. Shapes in comments use
// N tokens in the batch, D dim, Q q_dim, V kv_dim, F ffn, L the length of a sequence.

#include "models/backprop.h"

#include <algorithm>
#include <cmath>

#include "kernels/gemm_f32.h"
#include "kernels/quantize.h"
#include "models/backprop_ops.h"
#include "models/rope.h"

namespace tern::models {

void Batch::append(std::span<const TokenId> ids) {
  inputs.insert(inputs.end(), ids.begin(), ids.end() - 1);
  targets.insert(targets.end(), ids.begin() + 1, ids.end());
  starts.push_back(inputs.size());
}

Batch Batch::slice(std::size_t begin, std::size_t end) const {
  Batch out;
  const auto from = static_cast<std::ptrdiff_t>(starts[begin]);
  const auto to = static_cast<std::ptrdiff_t>(starts[end]);
  out.inputs.assign(inputs.begin() + from, inputs.begin() + to);
  out.targets.assign(targets.begin() + from, targets.begin() + to);
  for (std::size_t i = begin; i < end; ++i) out.starts.push_back(starts[i + 1] - starts[begin]);
  return out;
}

void effective_parameters(const ParameterLayout& layout, Flavour flavour,
                          const std::vector<float>& master, std::vector<float>& effective) {
  effective = master;
  if (flavour != Flavour::kTernary) return;
  std::vector<std::int8_t> trits;
  for (const TensorSlot& slot : layout.all) {
    if (slot.kind != TensorKind::kLinear) continue;
    const float* w = master.data() + slot.offset;
    const float gamma = kernels::absmean(w, slot.size());
    trits.resize(slot.size());
    kernels::ternarize(w, slot.size(), gamma, trits.data());
    for (std::size_t i = 0; i < slot.size(); ++i)
      effective[slot.offset + i] = gamma * static_cast<float>(trits[i]);
  }
}

struct Backprop::Impl {
  using Buffer = std::vector<float>;

  struct Kept {            // of one layer, for the way back
    Buffer x;              // [N, D] residual stream at the layer's input
    Buffer attn_in;        // [N, D] normed and quantised
    Buffer q, k, v;        // [N, Q], [N, V], [N, V]; q and k rotated
    Buffer weights;        // per sequence [heads, L, L]: softmax
    Buffer o, o_in;        // [N, Q] attention output; sub-normed and quantised
    Buffer x_mid, ffn_in;  // [N, D]
    Buffer gate, up;       // [N, F]
    Buffer a, down_in;     // [N, F] act(gate) * up; sub-normed and quantised
  };

  Config c;
  Flavour flavour;
  ParameterLayout layout;
  kernels::GemmF32Fn* gemm;
  Rope rope;
  std::vector<Kept> kept;
  Buffer x, x_out, probabilities;              // [N, D], [N, D], [N, vocab]
  Buffer dx, d_in, d_branch, dq, dk, dv, d_o;  // gradients, shapes as above
  Buffer d_gate, d_up, d_a, d_scores;

  Impl(const Config& config, Flavour f)
      : c(config),
        flavour(f),
        layout(config),
        gemm(kernels::kernel_for(kernels::gemm_f32_kernels(), kernels::selected_isa()).run),
        rope(config, {}),
        kept(config.layers) {
    rope.reserve(config.context);
  }

  static Buffer& sized(Buffer& b, std::size_t n) {
    if (b.size() < n) b.resize(n);
    return b;
  }
  static std::ptrdiff_t stride(std::size_t n) { return static_cast<std::ptrdiff_t>(n); }

  // y [N, rows] = x [N, cols] W^T
  void linear(const TensorSlot& slot, const float* w, const float* in, std::size_t n, float* y) {
    std::fill_n(y, n * slot.rows, 0.0f);
    gemm(n, slot.rows, slot.cols, {in, stride(slot.cols), 1},
         {w + slot.offset, 1, stride(slot.cols)}, y, slot.rows);
  }
  // d_in [N, cols] += dy W; dW [rows, cols] += dy^T in
  void linear_back(const TensorSlot& slot, const float* w, const float* in, const float* dy,
                   std::size_t n, float* d_input, float* gradients) {
    gemm(n, slot.cols, slot.rows, {dy, stride(slot.rows), 1},
         {w + slot.offset, stride(slot.cols), 1}, d_input, slot.cols);
    gemm(slot.rows, slot.cols, n, {dy, 1, stride(slot.rows)}, {in, stride(slot.cols), 1},
         gradients + slot.offset, slot.cols);
  }

  // out = quantise(norm(in)); a missing norm is the identity.
  void norm_in(const TensorSlot& slot, const float* w, const float* in, std::size_t n,
               std::size_t width, float* out) {
    if (slot.size() != 0)
      rms_norm_rows(in, w + slot.offset, n, width, c.rms_eps, out);
    else
      std::copy_n(in, n * width, out);
    if (flavour == Flavour::kTernary) fake_quantize_rows(n, width, out);
  }
  // d_in_raw += the gradient through the norm of dy.
  void norm_back(const TensorSlot& slot, const float* w, const float* in, const float* dy,
                 std::size_t n, std::size_t width, float* d_raw, float* gradients) {
    if (slot.size() != 0) {
      rms_norm_rows_back(in, w + slot.offset, dy, n, width, c.rms_eps, d_raw,
                         gradients + slot.offset);
    } else {
      for (std::size_t i = 0; i < n * width; ++i) d_raw[i] += dy[i];
    }
  }

  void attention(const Batch& batch, Kept& s) {
    const std::size_t d = c.head_dim, group = c.heads / c.kv_heads;
    const float scale = 1.0f / std::sqrt(static_cast<float>(d));
    std::size_t need = 0;
    for (std::size_t i = 0; i < batch.sequences(); ++i) {
      const std::size_t l = batch.starts[i + 1] - batch.starts[i];
      need += c.heads * l * l;
    }
    float* p = sized(s.weights, need).data();
    std::fill_n(p, need, 0.0f);
    std::fill_n(s.o.data(), batch.tokens() * c.q_dim(), 0.0f);
    for (std::size_t i = 0; i < batch.sequences(); ++i) {
      const std::size_t at = batch.starts[i], l = batch.starts[i + 1] - at;
      for (std::size_t h = 0; h < c.heads; ++h, p += l * l) {
        const float* q = s.q.data() + at * c.q_dim() + h * d;
        const float* k = s.k.data() + at * c.kv_dim() + h / group * d;
        const float* v = s.v.data() + at * c.kv_dim() + h / group * d;
        gemm(l, l, d, {q, stride(c.q_dim()), 1}, {k, 1, stride(c.kv_dim())}, p, l);
        causal_softmax(l, scale, p);
        gemm(l, d, l, {p, stride(l), 1}, {v, stride(c.kv_dim()), 1},
             s.o.data() + at * c.q_dim() + h * d, c.q_dim());
      }
    }
  }

  // From d_o to dq, dk, dv (all set to zero first).
  void attention_back(const Batch& batch, const Kept& s) {
    const std::size_t n = batch.tokens(), d = c.head_dim, group = c.heads / c.kv_heads;
    const float scale = 1.0f / std::sqrt(static_cast<float>(d));
    std::fill_n(sized(dq, n * c.q_dim()).data(), n * c.q_dim(), 0.0f);
    std::fill_n(sized(dk, n * c.kv_dim()).data(), n * c.kv_dim(), 0.0f);
    std::fill_n(sized(dv, n * c.kv_dim()).data(), n * c.kv_dim(), 0.0f);
    const float* p = s.weights.data();
    for (std::size_t i = 0; i < batch.sequences(); ++i) {
      const std::size_t at = batch.starts[i], l = batch.starts[i + 1] - at;
      float* ds = sized(d_scores, l * l).data();
      for (std::size_t h = 0; h < c.heads; ++h, p += l * l) {
        const std::size_t qo = at * c.q_dim() + h * d, ko = at * c.kv_dim() + h / group * d;
        const kernels::StridedView d_out{d_o.data() + qo, stride(c.q_dim()), 1};
        std::fill_n(ds, l * l, 0.0f);
        gemm(l, l, d, d_out, {s.v.data() + ko, 1, stride(c.kv_dim())}, ds, l);
        gemm(l, d, l, {p, 1, stride(l)}, d_out, dv.data() + ko, c.kv_dim());
        causal_softmax_back(l, scale, p, ds);
        gemm(l, d, l, {ds, stride(l), 1}, {s.k.data() + ko, stride(c.kv_dim()), 1}, dq.data() + qo,
             c.q_dim());
        gemm(l, d, l, {ds, 1, stride(l)}, {s.q.data() + qo, stride(c.q_dim()), 1}, dk.data() + ko,
             c.kv_dim());
      }
    }
  }

  void forward_layer(const LayerSlots& t, const float* w, const Batch& batch, Kept& s) {
    const std::size_t n = batch.tokens();
    s.x.assign(x.begin(), x.begin() + stride(n * c.dim));
    norm_in(t.attn_norm, w, x.data(), n, c.dim, sized(s.attn_in, n * c.dim).data());
    linear(t.attn_q, w, s.attn_in.data(), n, sized(s.q, n * c.q_dim()).data());
    linear(t.attn_k, w, s.attn_in.data(), n, sized(s.k, n * c.kv_dim()).data());
    linear(t.attn_v, w, s.attn_in.data(), n, sized(s.v, n * c.kv_dim()).data());
    for (std::size_t i = 0; i < batch.sequences(); ++i) {
      for (std::size_t at = batch.starts[i]; at < batch.starts[i + 1]; ++at) {
        rope.rotate(s.q.data() + at * c.q_dim(), c.heads, at - batch.starts[i]);
        rope.rotate(s.k.data() + at * c.kv_dim(), c.kv_heads, at - batch.starts[i]);
      }
    }
    sized(s.o, n * c.q_dim());
    attention(batch, s);
    norm_in(t.attn_sub_norm, w, s.o.data(), n, c.q_dim(), sized(s.o_in, n * c.q_dim()).data());
    linear(t.attn_output, w, s.o_in.data(), n, sized(d_branch, n * c.dim).data());
    for (std::size_t i = 0; i < n * c.dim; ++i) x[i] += d_branch[i];

    s.x_mid.assign(x.begin(), x.begin() + stride(n * c.dim));
    norm_in(t.ffn_norm, w, x.data(), n, c.dim, sized(s.ffn_in, n * c.dim).data());
    linear(t.ffn_gate, w, s.ffn_in.data(), n, sized(s.gate, n * c.ffn).data());
    linear(t.ffn_up, w, s.ffn_in.data(), n, sized(s.up, n * c.ffn).data());
    gated(c.activation, n * c.ffn, s.gate.data(), s.up.data(), sized(s.a, n * c.ffn).data());
    norm_in(t.ffn_sub_norm, w, s.a.data(), n, c.ffn, sized(s.down_in, n * c.ffn).data());
    linear(t.ffn_down, w, s.down_in.data(), n, d_branch.data());
    for (std::size_t i = 0; i < n * c.dim; ++i) x[i] += d_branch[i];
  }

  // dx: gradient of the residual stream, after the layer on entry and before it on return.
  void backward_layer(const LayerSlots& t, const float* w, const Batch& batch, const Kept& s,
                      float* g) {
    const std::size_t n = batch.tokens();
    const auto zeroed = [](Buffer& b, std::size_t size) {
      std::fill_n(sized(b, size).data(), size, 0.0f);
      return b.data();
    };
    float* d_down_in = zeroed(d_in, n * c.ffn);
    linear_back(t.ffn_down, w, s.down_in.data(), dx.data(), n, d_down_in, g);
    norm_back(t.ffn_sub_norm, w, s.a.data(), d_down_in, n, c.ffn, zeroed(d_a, n * c.ffn), g);
    gated_back(c.activation, n * c.ffn, s.gate.data(), s.up.data(), d_a.data(),
               sized(d_gate, n * c.ffn).data(), sized(d_up, n * c.ffn).data());
    float* d_ffn_in = zeroed(d_in, n * c.dim);
    linear_back(t.ffn_gate, w, s.ffn_in.data(), d_gate.data(), n, d_ffn_in, g);
    linear_back(t.ffn_up, w, s.ffn_in.data(), d_up.data(), n, d_ffn_in, g);
    norm_back(t.ffn_norm, w, s.x_mid.data(), d_ffn_in, n, c.dim, dx.data(), g);

    float* d_o_in = zeroed(d_in, n * c.q_dim());
    linear_back(t.attn_output, w, s.o_in.data(), dx.data(), n, d_o_in, g);
    norm_back(t.attn_sub_norm, w, s.o.data(), d_o_in, n, c.q_dim(), zeroed(d_o, n * c.q_dim()), g);
    attention_back(batch, s);
    for (std::size_t i = 0; i < batch.sequences(); ++i) {
      for (std::size_t at = batch.starts[i]; at < batch.starts[i + 1]; ++at) {
        rope.rotate_back(dq.data() + at * c.q_dim(), c.heads, at - batch.starts[i]);
        rope.rotate_back(dk.data() + at * c.kv_dim(), c.kv_heads, at - batch.starts[i]);
      }
    }
    float* d_attn_in = zeroed(d_in, n * c.dim);
    linear_back(t.attn_q, w, s.attn_in.data(), dq.data(), n, d_attn_in, g);
    linear_back(t.attn_k, w, s.attn_in.data(), dk.data(), n, d_attn_in, g);
    linear_back(t.attn_v, w, s.attn_in.data(), dv.data(), n, d_attn_in, g);
    norm_back(t.attn_norm, w, s.x.data(), d_attn_in, n, c.dim, dx.data(), g);
  }

  double run(const std::vector<float>& effective, const Batch& batch, float scale,
             std::vector<float>* gradients) {
    const float* w = effective.data();
    const std::size_t n = batch.tokens();
    sized(x, n * c.dim);
    for (std::size_t i = 0; i < n; ++i)
      std::copy_n(w + layout.token_embd.offset + std::size_t{batch.inputs[i]} * c.dim, c.dim,
                  x.data() + i * c.dim);
    for (std::size_t l = 0; l < c.layers; ++l) forward_layer(layout.layers[l], w, batch, kept[l]);

    const TensorSlot& head = c.tied_head ? layout.token_embd : layout.output;
    rms_norm_rows(x.data(), w + layout.output_norm.offset, n, c.dim, c.rms_eps,
                  sized(x_out, n * c.dim).data());
    linear(head, w, x_out.data(), n, sized(probabilities, n * c.vocab).data());
    const double loss = cross_entropy_rows(batch.targets, c.vocab, scale, gradients != nullptr,
                                           probabilities.data());
    if (gradients == nullptr) return loss;

    float* g = gradients->data();
    std::fill_n(sized(d_in, n * c.dim).data(), n * c.dim, 0.0f);
    linear_back(head, w, x_out.data(), probabilities.data(), n, d_in.data(), g);
    std::fill_n(sized(dx, n * c.dim).data(), n * c.dim, 0.0f);
    norm_back(layout.output_norm, w, x.data(), d_in.data(), n, c.dim, dx.data(), g);
    for (std::size_t l = c.layers; l-- > 0;) backward_layer(layout.layers[l], w, batch, kept[l], g);
    for (std::size_t i = 0; i < n; ++i) {
      float* row = g + layout.token_embd.offset + std::size_t{batch.inputs[i]} * c.dim;
      for (std::size_t j = 0; j < c.dim; ++j) row[j] += dx[i * c.dim + j];
    }
    return loss;
  }
};

Backprop::Backprop(const Config& config, Flavour flavour)
    : impl_(std::make_unique<Impl>(config, flavour)) {}
Backprop::~Backprop() = default;
Backprop::Backprop(Backprop&&) noexcept = default;
Backprop& Backprop::operator=(Backprop&&) noexcept = default;

double Backprop::run(const std::vector<float>& effective, const Batch& batch, float scale,
                     std::vector<float>* gradients) {
  return impl_->run(effective, batch, scale, gradients);
}

}  // namespace tern::models
