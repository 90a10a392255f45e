// SPDX-License-Identifier: Apache-2.0

#include "models/config.h"

#include <cmath>
#include <stdexcept>

#include "kernels/format.h"

namespace tern::models {
namespace {

constexpr std::size_t kMost = std::size_t{1} << 24;  // no dimension is larger, so products fit

[[noreturn]] void fail(const std::string& where, const std::string& what) {
  throw std::runtime_error(where + ": " + what);
}

void check_size(const std::string& where, const char* field, std::size_t value, std::size_t most) {
  if (value == 0 || value > most)
    fail(where, std::string(field) + " is " + std::to_string(value) + ", expected 1 to " +
                    std::to_string(most));
}

}  // namespace

void check(const Config& c, const std::string& where) {
  check_size(where, "vocab_size", c.vocab, kMost);
  check_size(where, "context_length", c.context, kMost);
  check_size(where, "embedding_length", c.dim, kernels::kMaxCols);
  check_size(where, "block_count", c.layers, 4096);
  check_size(where, "attention.head_count", c.heads, 4096);
  check_size(where, "attention.head_count_kv", c.kv_heads, c.heads);
  check_size(where, "attention.key_length", c.head_dim, 4096);
  check_size(where, "feed_forward_length", c.ffn, kernels::kMaxCols);
  if (c.heads % c.kv_heads != 0)
    fail(where, "attention.head_count_kv is " + std::to_string(c.kv_heads) +
                    ", which does not divide attention.head_count, " + std::to_string(c.heads));
  if (c.head_dim % 2 != 0)
    fail(where, "attention.key_length is " + std::to_string(c.head_dim) + ", expected an even one");
  check_size(where, "attention.head_count times key_length", c.q_dim(), kernels::kMaxCols);
  if (!(c.rms_eps > 0 && c.rms_eps < 1))
    fail(where, "attention.layer_norm_rms_epsilon is " + std::to_string(c.rms_eps) +
                    ", expected one between 0 and 1");
  if (!(c.rope_theta >= 1) || !std::isfinite(c.rope_theta))
    fail(where, "rope.freq_base is " + std::to_string(c.rope_theta) + ", expected at least 1");
}

}  // namespace tern::models
