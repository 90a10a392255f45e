// SPDX-License-Identifier: Apache-2.0
//
// The shape of a decoder-only transformer, as the GGUF keys of a checkpoint give it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tern::models {

enum class Activation : std::uint8_t { kSilu, kRelu2 };

// Which two elements of a head RoPE rotates together (shared/reference/formats.md 6.7).
enum class RopePairing : std::uint8_t {
  kHalfSplit,  // (j, j + d/2): bitnet, bitnet-25, bitnet-b1.58
  kAdjacent,   // (2j, 2j + 1): llama
};

struct Config {
  std::string architecture = "bitnet-b1.58";  // general.architecture
  std::string name;                           // general.name
  std::size_t vocab = 0;
  std::size_t context = 0;  // longest sequence, in tokens
  std::size_t dim = 0;
  std::size_t layers = 0;
  std::size_t heads = 0;
  std::size_t kv_heads = 0;  // divides heads
  std::size_t head_dim = 0;  // even; rotated in full
  std::size_t ffn = 0;
  float rms_eps = 1e-5f;
  float rope_theta = 10000.0f;
  Activation activation = Activation::kRelu2;
  RopePairing pairing = RopePairing::kHalfSplit;
  bool sub_norms = true;  // RMSNorm before attn_output and before ffn_down
  bool tied_head = true;  // logits use token_embd

  std::size_t q_dim() const { return heads * head_dim; }
  std::size_t kv_dim() const { return kv_heads * head_dim; }

  bool operator==(const Config&) const = default;
};

// Throws std::runtime_error naming the first impossible field, prefixed by `where`.
void check(const Config& config, const std::string& where);

}  // namespace tern::models
