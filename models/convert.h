// SPDX-License-Identifier: Apache-2.0
//
// A loaded model into a file of another kind or with other formats (tern convert).

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/thread_pool.h"
#include "models/convert_matrix.h"
#include "models/model.h"

namespace tern::models {

struct ConvertOptions {
  // Formats of kernels/formats, for directories also kMasterFormat. None: as they are where the
  // target can hold it, else the nearest that it can.
  std::optional<std::string> linears, embeddings, head;
  bool ternarize = false;  // dense linears may become ternary
  // Of a directory with packed weights: "bitlinear" or "autobitlinear", which say what weight_scale
  // means; empty: as the released models of the architecture.
  std::string linear_class;
  std::string name;                           // general.name; empty: the model's
  std::uint64_t shard_bytes = 5'000'000'000;  // of a directory; transformers' own
};

// A tensor of the model as it will be written: a matrix, or a vector whose floats are `values`.
struct ConvertTensor {
  std::size_t layer = 0;
  std::string_view slot;  // of linear_slots() or norm_slots(); "" outside of layers
  std::string name;       // ours: "blk.0.attn_q.weight"
  const std::vector<float>* values = nullptr;  // null: a matrix
  MatrixStream matrix;
};

struct ConvertReport {
  std::deque<MatrixReport> matrices;  // in the order of the model
  std::vector<std::string> files;     // written, by name
  std::uint64_t bytes = 0;            // of all files
  std::vector<std::string> notes;     // what of the model's results changes, a sentence each
};

// Says before each tensor how far the work is; false stops it.
using ConvertProgress =
    std::function<bool(std::size_t done, std::size_t total, const std::string& name)>;

// The tensors of the model, whose rows of attn_q and attn_k will lie as `pairing` wants. What
// `choose` says is the format of a matrix. `reports` gets one for each matrix. Everything passed by
// reference must outlive the result.
std::vector<ConvertTensor> plan_tensors(
    const Model& model, RopePairing pairing, bool ternarize, kernels::ThreadPool& pool,
    const std::function<std::string(const Linear&, std::string_view slot)>& choose,
    std::deque<MatrixReport>& reports);

// What the options ask for that matrix; nothing where they are silent.
std::optional<std::string> asked_format(const Linear& matrix, std::string_view slot, bool tied,
                                        const ConvertOptions& options);
// A note where the products of ternary linears lose their INT8 activations.
void note_activations(ConvertReport& report);
// Throws std::runtime_error where options ask two formats of one tensor.
void check_tied(const ConvertOptions& options);

// Each writes whole or not at all, with that tokenizer instead of the model's, and returns whether
// `progress` let it end. Throws std::runtime_error that names what is wrong and the remedy.
bool convert_to_gguf(const Model& model, const TokenizerData& tokenizer, const std::string& path,
                     const ConvertOptions& options, kernels::ThreadPool& pool,
                     const ConvertProgress& progress, ConvertReport& report);
bool convert_to_hf(const Model& model, const TokenizerData& tokenizer, const std::string& directory,
                   const ConvertOptions& options, kernels::ThreadPool& pool,
                   const ConvertProgress& progress, ConvertReport& report);

}  // namespace tern::models
