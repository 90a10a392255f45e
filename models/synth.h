// SPDX-License-Identifier: Apache-2.0
//
// Full-size checkpoints with random weights, so that speed can be measured without a download.
// Every tensor's bytes depend on the seed and its name alone, never on the number of threads.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/thread_pool.h"
#include "models/config.h"
#include "models/tensor_stream.h"
#include "models/tokenizer.h"

namespace tern::models {

struct SynthShape {
  std::string_view name;     // "bitnet-2b4t"
  std::string_view source;   // of the figures
  std::string_view linears;  // what its release holds, a format of kernels/formats
  Config config;             // without the name of a model
};

std::span<const SynthShape> synth_shapes();
// Throws std::runtime_error that lists the names.
const SynthShape& synth_shape(std::string_view name);

// How long the rows of embedding and head are.
enum class HeadRows : std::uint8_t { kUniform, kRealistic };

struct SynthOptions {
  Config config;
  std::string linears = "i2_s";    // a format that GGUF files hold
  std::string embeddings = "f16";  // a dense one
  std::string head = "f16";        // likewise, of an untied head
  HeadRows head_rows = HeadRows::kRealistic;
  double zeros = 0.43;  // fraction of ternary weights
  std::uint64_t seed = 1;
};

// The length of a token's row of embedding and head, over the mean length of ordinary rows.
// As "Fishing for Magikarp" (arXiv 2405.05417) reports of LLaMA-3-8B's 128256 input embeddings
// (github.com/cohere-ai/magikarp, results/reports): mean 0.593, standard deviation 0.073; of the
// 256 special tokens 254 below 0.068, and 188 others; 2203 below 0.418. LLaMA-3.1-8B is alike.
double synth_row_norm(std::uint64_t seed, std::size_t token, std::size_t vocab, HeadRows rows);

// The tensors, in the order of a checkpoint. The pool is borrowed and used by one produce() at a
// time. Throws std::runtime_error naming a tensor that its format cannot hold, or an option.
std::vector<TensorStream> synth_tensors(const SynthOptions& options, kernels::ThreadPool& pool);

// A chat template (Jinja) for the special tokens of synth_tokenizer(): BitNet b1.58 2B4T's, or
// LLaMA-3's for other shapes.
std::string_view synth_chat_template(const Config& config) noexcept;

}  // namespace tern::models
