// SPDX-License-Identifier: Apache-2.0

#include "models/reference.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "kernels/check.h"

namespace tern::models {
namespace {

using Vector = std::vector<double>;

// Row r, after those before it: `trits` gets the rows that are packed together. t2, which bytes of
// no other format are, is read here anew: weight k is code - 1, where the code of element j = k %
// 128 of a block is in byte j % 32 at bits 7:6, 5:4, 3:2 or 1:0 for j / 32 = 0 to 3.
const std::int8_t* trits_of(const TernaryMatrix& w, std::size_t r,
                            std::vector<std::int8_t>& trits) {
  if (w.format != nullptr) {
    const std::size_t together = row_multiple(w), first = r / together * together;
    trits.resize(together * w.cols);
    if (r == first) unpack_rows(w, first, std::min(first + together, w.rows), trits.data());
    return trits.data() + (r - first) * w.cols;
  }
  trits.resize(w.cols);
  for (std::size_t k = 0; k < w.cols; ++k) {
    const std::size_t j = k % 128;
    const std::uint8_t* block = w.bytes.data() + (r * ((w.cols + 127) / 128) + k / 128) * 32;
    trits[k] = static_cast<std::int8_t>(((block[j % 32] >> (6 - 2 * (j / 32))) & 3) - 1);
  }
  return trits.data();
}

double activate(Activation activation, double gate) {
  if (activation == Activation::kSilu) return gate / (1.0 + std::exp(-gate));
  return gate > 0 ? gate * gate : 0.0;
}

}  // namespace

Reference::Reference(const Model& model, std::function<bool()> go_on)
    : model_(model),
      go_on_(std::move(go_on)),
      keys_(model.config.layers),
      values_(model.config.layers) {}

void Reference::truncate(std::size_t position) {
  TERN_CHECK(position <= position_, "a sequence is cut beyond its end");
  position_ = position;
  for (auto& layer : keys_) layer.resize(position);
  for (auto& layer : values_) layer.resize(position);
}

Vector Reference::norm(const Vector& x, const std::vector<float>& weight) const {
  double squares = 0;
  for (const double v : x) squares += v * v;
  const double rms = std::sqrt(squares / static_cast<double>(x.size()) +
                               static_cast<double>(model_.config.rms_eps));
  Vector y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] / rms * static_cast<double>(weight[i]);
  return y;
}

void Reference::ask_to_go_on(std::size_t row) const {
  if (row % 64 == 0 && go_on_ && !go_on_()) throw Interrupted{};
}

Vector Reference::times_dense(const DenseMatrix& w, const Vector& x) const {
  Vector y(w.rows, 0.0);
  std::vector<float> row(w.cols);
  for (std::size_t r = 0; r < y.size(); ++r) {
    ask_to_go_on(r);
    w.format->unpack(w.data + r * w.row_bytes(), w.cols, row.data());
    for (std::size_t k = 0; k < x.size(); ++k) y[r] += static_cast<double>(row[k]) * x[k];
  }
  return y;
}

Vector Reference::times_ternary(const TernaryMatrix& w, const Vector& x) {
  float most = 1e-5f;
  for (const double v : x) most = std::max(most, std::fabs(static_cast<float>(v)));
  if (!std::isfinite(most)) throw std::runtime_error("the input of " + w.name + " is not finite");
  const float s = 127.0f / most;
  std::vector<int> q;
  for (const double v : x) {
    const float scaled = static_cast<float>(v) * s;
    const double above = static_cast<double>(scaled) - std::floor(static_cast<double>(scaled));
    tie_distance_ = std::min(tie_distance_, std::fabs(above - 0.5));
    q.push_back(std::clamp(static_cast<int>(std::nearbyint(scaled)), -128, 127));
  }
  Vector y(w.rows);
  std::vector<std::int8_t> trits;
  for (std::size_t r = 0; r < y.size(); ++r) {
    ask_to_go_on(r);
    const std::int8_t* row = trits_of(w, r, trits);
    long acc = 0;
    for (std::size_t k = 0; k < x.size(); ++k) acc += row[k] * q[k];
    y[r] = static_cast<double>(acc) * static_cast<double>(w.gamma) / static_cast<double>(s);
  }
  return y;
}

Vector Reference::times(const Linear& w, const Vector& x) {
  if (const auto* ternary = std::get_if<TernaryMatrix>(&w)) return times_ternary(*ternary, x);
  return times_dense(std::get<DenseMatrix>(w), x);
}

void Reference::rotate(Vector& x) const {
  const Config& c = model_.config;
  const std::size_t d = c.head_dim, half = d / 2;
  for (std::size_t h = 0; h < x.size() / d; ++h) {
    for (std::size_t j = 0; j < half; ++j) {
      double angle = static_cast<double>(position_) *
                     std::pow(static_cast<double>(c.rope_theta),
                              -2.0 * static_cast<double>(j) / static_cast<double>(d));
      if (!model_.rope_divisors.empty()) angle /= static_cast<double>(model_.rope_divisors[j]);
      const bool split = c.pairing == RopePairing::kHalfSplit;
      double& a = x[h * d + (split ? j : 2 * j)];
      double& b = x[h * d + (split ? j + half : 2 * j + 1)];
      const double old_a = a, old_b = b;
      a = old_a * std::cos(angle) - old_b * std::sin(angle);
      b = old_b * std::cos(angle) + old_a * std::sin(angle);
    }
  }
}

Vector Reference::attend(std::size_t layer, const Vector& q) const {
  const Config& c = model_.config;
  const std::size_t d = c.head_dim, positions = keys_[layer].size();
  Vector out(c.q_dim(), 0.0);
  for (std::size_t h = 0; h < c.heads; ++h) {
    const std::size_t kv = h * c.kv_heads / c.heads;
    Vector p(positions, 0.0);
    for (std::size_t t = 0; t < positions; ++t)
      for (std::size_t i = 0; i < d; ++i) p[t] += q[h * d + i] * keys_[layer][t][kv * d + i];
    for (double& v : p) v /= std::sqrt(static_cast<double>(d));
    const double most = *std::max_element(p.begin(), p.end());
    double sum = 0;
    for (double& v : p) sum += v = std::exp(v - most);
    for (std::size_t t = 0; t < positions; ++t)
      for (std::size_t i = 0; i < d; ++i)
        out[h * d + i] += p[t] / sum * values_[layer][t][kv * d + i];
  }
  return out;
}

Vector Reference::step(TokenId token) {
  try {
    return layers(token);
  } catch (const Interrupted&) {
    truncate(position_);
    throw;
  }
}

Vector Reference::layers(TokenId token) {
  const Config& c = model_.config;
  TERN_CHECK(token < c.vocab, "token id outside the vocabulary");
  TERN_CHECK(position_ < c.context, "the context is full");
  const DenseMatrix& embeddings = model_.token_embd;
  std::vector<float> embedding(c.dim);
  embeddings.format->unpack(embeddings.data + token * embeddings.row_bytes(), c.dim,
                            embedding.data());
  Vector x(embedding.begin(), embedding.end());
  hidden_.clear();
  for (std::size_t l = 0; l < c.layers; ++l) {
    const Layer& layer = model_.layers[l];
    hidden_.push_back(x);
    const Vector a = norm(x, layer.attn_norm);
    Vector q = times(layer.attn_q, a), k = times(layer.attn_k, a);
    rotate(q);
    rotate(k);
    keys_[l].push_back(k);
    values_[l].push_back(times(layer.attn_v, a));
    Vector o = attend(l, q);
    if (c.sub_norms) o = norm(o, layer.attn_sub_norm);
    o = times(layer.attn_output, o);
    for (std::size_t i = 0; i < c.dim; ++i) x[i] += o[i];

    const Vector f = norm(x, layer.ffn_norm);
    Vector g = times(layer.ffn_gate, f);
    const Vector u = times(layer.ffn_up, f);
    for (std::size_t i = 0; i < c.ffn; ++i) g[i] = activate(c.activation, g[i]) * u[i];
    if (c.sub_norms) g = norm(g, layer.ffn_sub_norm);
    const Vector down = times(layer.ffn_down, g);
    for (std::size_t i = 0; i < c.dim; ++i) x[i] += down[i];
  }
  ++position_;
  return x;
}

Vector Reference::logits(const Vector& hidden) {
  hidden_.push_back(norm(hidden, model_.output_norm));
  return times_dense(model_.head(), hidden_.back());
}

std::span<const float> Reference::forward(std::span<const TokenId> tokens) {
  TERN_CHECK(!tokens.empty(), "a forward pass needs a token");
  Vector hidden;
  for (const TokenId token : tokens) hidden = step(token);
  const Vector y = logits(hidden);
  logits_.assign(y.begin(), y.end());
  return logits_;
}

void Reference::forward_all(std::span<const TokenId> tokens, float* out) {
  for (const TokenId token : tokens) {
    const Vector y = logits(step(token));
    for (const double v : y) *out++ = static_cast<float>(v);
  }
}

}  // namespace tern::models
