// SPDX-License-Identifier: Apache-2.0
//
// The shapes of released models: one row each.

#include <array>
#include <stdexcept>

#include "models/architecture.h"
#include "models/synth.h"

namespace tern::models {
namespace {

struct Row {
  std::string_view name, source, linears, architecture;
  std::size_t vocab, context, dim, layers, heads, kv_heads, head_dim, ffn;
  float rms_eps, rope_theta;
  bool tied_head;
};

// Figures that only third parties' tables of config.json files give are marked (tables).
constexpr std::array kRows = {
    Row{"bitnet-2b4t", "microsoft/bitnet-b1.58-2B-4T: shared/reference/bitnet.md 1.1", "i2_s",
        "bitnet-b1.58", 128256, 4096, 2560, 30, 20, 5, 128, 6912, 1e-5f, 500000, true},
    // The paper has 24 heads (arXiv 2411.04965 Table 6), the released reproduction 16.
    Row{"bitnet-700m", "1bitLLM/bitnet_b1_58-large: arXiv 2411.04965 Table 6, heads (tables)",
        "i2_s", "bitnet", 32002, 2048, 1536, 24, 16, 16, 96, 4096, 1e-5f, 10000, true},
    Row{"bitnet-3b", "1bitLLM/bitnet_b1_58-3B: arXiv 2411.04965 Table 6, vocabulary (tables)",
        "tl2", "bitnet", 32002, 2048, 3200, 26, 32, 32, 100, 8640, 1e-5f, 10000, true},
    Row{"llama3-8b-1.58",
        "HF1BitLLM/Llama3-8B-1.58-100B-tokens, shape of meta-llama/Meta-Llama-3-8B", "i2_s",
        "llama", 128256, 8192, 4096, 32, 32, 8, 128, 14336, 1e-5f, 500000, false},
    Row{"falcon3-1b-1.58", "tiiuae/Falcon3-1B-Instruct-1.58bit (tables)", "i2_s", "llama", 131072,
        8192, 2048, 18, 8, 4, 256, 8192, 1e-6f, 1000042, false},
    Row{"falcon3-3b-1.58", "tiiuae/Falcon3-3B-Instruct-1.58bit (tables)", "i2_s", "llama", 131072,
        32768, 3072, 22, 12, 4, 256, 9216, 1e-6f, 1000042, false},
    Row{"falcon3-7b-1.58", "tiiuae/Falcon3-7B-Instruct-1.58bit (tables)", "i2_s", "llama", 131072,
        32768, 3072, 28, 12, 4, 256, 23040, 1e-6f, 1000042, false},
    Row{"tiny", "no model: for tests; every format but TL1 and TL2 holds it", "i2_s",
        "bitnet-b1.58", 1024, 512, 256, 2, 4, 2, 64, 768, 1e-5f, 500000, true},
    Row{"tiny-llama", "no model: for tests; untied head, adjacent RoPE pairs", "i2_s", "llama",
        1024, 512, 256, 2, 4, 2, 64, 768, 1e-5f, 500000, false},
};

SynthShape shape_of(const Row& row) {
  Config c;
  const Architecture& a = *find_architecture(row.architecture);
  c.architecture = a.name;
  c.activation = a.activation;
  c.pairing = a.pairing;
  c.sub_norms = a.sub_norms;
  c.name = std::string(row.name) + " synthetic";
  c.vocab = row.vocab;
  c.context = row.context;
  c.dim = row.dim;
  c.layers = row.layers;
  c.heads = row.heads;
  c.kv_heads = row.kv_heads;
  c.head_dim = row.head_dim;
  c.ffn = row.ffn;
  c.rms_eps = row.rms_eps;
  c.rope_theta = row.rope_theta;
  c.tied_head = row.tied_head;
  return {row.name, row.source, row.linears, c};
}

}  // namespace

std::span<const SynthShape> synth_shapes() {
  static const std::vector<SynthShape> shapes = [] {
    std::vector<SynthShape> all;
    for (const Row& row : kRows) all.push_back(shape_of(row));
    return all;
  }();
  return shapes;
}

const SynthShape& synth_shape(std::string_view name) {
  std::string names;
  for (const SynthShape& shape : synth_shapes()) {
    if (shape.name == name) return shape;
    names += (names.empty() ? "" : ", ") + std::string(shape.name);
  }
  throw std::runtime_error("no shape '" + std::string(name) + "', expected one of " + names);
}

}  // namespace tern::models
