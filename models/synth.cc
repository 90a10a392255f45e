// SPDX-License-Identifier: Apache-2.0

#include "models/synth.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "kernels/formats/dense_formats.h"
#include "kernels/formats/formats.h"
#include "models/gguf_metadata.h"
#include "models/model.h"
#include "models/random_stream.h"
#include "models/synth_tokenizer.h"

namespace tern::models {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{8} << 20;  // of dense rows at a time

// Rows of a dense matrix: fill(row, values [cols]).
using FillRow = std::function<void(std::size_t row, float* values)>;

void check_columns(const std::string& name, const kernels::DenseFormat& format, std::size_t cols) {
  if (const std::string problem = kernels::multiple_problem("columns", format.block, cols);
      !problem.empty())
    throw std::runtime_error("tensor " + name + ": " + std::string(format.name) + " " + problem);
}

TensorStream dense(const std::string& name, std::size_t rows, std::size_t cols,
                   const std::string& format_name, kernels::ThreadPool& pool, FillRow fill) {
  const kernels::DenseFormat& format = kernels::dense_format(format_name);
  check_columns(name, format, cols);
  return {name,
          {cols, rows},
          gguf_tensor_type(format_name),
          [=, &format, &pool, fill = std::move(fill)](const EmitBytes& emit) {
            const std::size_t row_bytes = format.bytes(cols);
            const std::size_t chunk = std::max<std::size_t>(1, kChunkBytes / row_bytes);
            std::vector<std::byte> bytes;
            for (std::size_t begin = 0; begin < rows; begin += chunk) {
              const std::size_t some = std::min(chunk, rows - begin);
              bytes.resize(some * row_bytes);
              pool.parallel_for(some, 1, [&](std::size_t first, std::size_t last) {
                std::vector<float> values(cols);
                for (std::size_t r = first; r < last; ++r) {
                  fill(begin + r, values.data());
                  format.pack(values.data(), cols,
                              reinterpret_cast<std::uint8_t*>(bytes.data() + r * row_bytes));
                }
              });
              emit(bytes);
            }
          }};
}

// Norms: near 1, as trained ones begin.
TensorStream norm(const std::string& name, std::size_t size, std::uint64_t seed) {
  return {name, {size}, TensorType::kF32, [=](const EmitBytes& emit) {
            std::vector<float> values(size);
            RandomStream(seed, name, 0).normal(0.05f, values.data(), size);
            for (float& v : values) v += 1.0f;
            emit(std::as_bytes(std::span(values)));
          }};
}

// What keeps the variance of an input of variance 1, times 0.9 to 1.1 by the tensor.
float gain(std::uint64_t seed, const std::string& name, double nonzero, std::size_t cols) {
  const double factor = 0.9 + 0.2 * RandomStream(seed, name, ~std::uint64_t{0}).uniform();
  return static_cast<float>(factor / std::sqrt(nonzero * static_cast<double>(cols)));
}

TensorStream ternary(const std::string& name, std::size_t rows, std::size_t cols,
                     const SynthOptions& o, kernels::ThreadPool& pool) {
  const kernels::TernaryFormat& format = kernels::ternary_format(o.linears);
  kernels::check_shape(format, rows, cols, "tensor " + name);
  check_gguf_shape(o.linears, rows, cols, name);
  const float gamma = gain(o.seed, name, std::max(1 - o.zeros, 1e-3), cols);
  return {name,
          {cols, rows},
          gguf_tensor_type(o.linears),
          [=, &format, &pool, zeros = o.zeros, seed = o.seed](const EmitBytes& emit) {
            kernels::Trits t{std::vector<std::int8_t>(rows * cols), gamma};
            pool.parallel_for(rows, 1, [&](std::size_t begin, std::size_t end) {
              for (std::size_t r = begin; r < end; ++r)
                RandomStream(seed, name, r).trits(zeros, t.trits.data() + r * cols, cols);
            });
            const std::vector<std::uint8_t> packed =
                kernels::pack_tensor(format, t, rows, cols, "tensor " + name);
            emit(std::as_bytes(std::span(packed)));
          }};
}

TensorStream linear(const std::string& name, std::size_t rows, std::size_t cols,
                    const SynthOptions& o, kernels::ThreadPool& pool) {
  const auto& formats = kernels::dense_formats();
  if (std::none_of(formats.begin(), formats.end(),
                   [&](const kernels::DenseFormat& f) { return f.name == o.linears; }))
    return ternary(name, rows, cols, o, pool);
  const float deviation = gain(o.seed, name, 1, cols);
  return dense(name, rows, cols, o.linears, pool,
               [=, seed = o.seed](std::size_t row, float* values) {
                 RandomStream(seed, name, row).normal(deviation, values, cols);
               });
}

TensorStream embedding(const std::string& name, const std::string& format, const SynthOptions& o,
                       kernels::ThreadPool& pool) {
  const Config& c = o.config;
  // 0.593 / sqrt(4096), of the same report as synth_row_norm().
  constexpr double kDeviation = 0.593 / 64;
  return dense(
      name, c.vocab, c.dim, format, pool,
      [=, vocab = c.vocab, dim = c.dim, seed = o.seed, rows = o.head_rows](std::size_t row,
                                                                           float* values) {
        const double norm = synth_row_norm(seed, row, vocab, rows);
        RandomStream(seed, name, row).normal(static_cast<float>(norm * kDeviation), values, dim);
      });
}

}  // namespace

double synth_row_norm(std::uint64_t seed, std::size_t token, std::size_t vocab, HeadRows rows) {
  if (rows == HeadRows::kUniform) return 1;
  RandomStream random(seed, "row norms", token);
  const std::size_t first_special = vocab - synth_specials(vocab);
  if (token >= first_special && token != first_special &&
      token != first_special + kEndOfTextOffset && token != first_special + kEndOfTurnOffset)
    return 0.01 + 0.09 * random.uniform();
  const double draw = random.uniform();
  if (draw < 188.0 / 128000) return 0.01 + 0.10 * random.uniform();
  if (draw < 2203.0 / 128000) return 0.115 + 0.59 * random.uniform();
  float normal;
  random.normal(0.083f, &normal, 1);  // what is left of the variance
  return 1 + static_cast<double>(normal);
}

std::vector<TensorStream> synth_tensors(const SynthOptions& o, kernels::ThreadPool& pool) {
  const Config& c = o.config;
  if (!(o.zeros >= 0 && o.zeros <= 1))
    throw std::runtime_error("zeros: found " + std::to_string(o.zeros) + ", expected 0 to 1");
  std::vector<TensorStream> tensors = {
      embedding("token_embd.weight", c.tied_head ? o.head : o.embeddings, o, pool)};
  for (std::size_t l = 0; l < c.layers; ++l) {
    for (const NormSlot& slot : norm_slots())
      if (c.sub_norms || !slot.sub_norm)
        tensors.push_back(norm(tensor_name(l, slot.name), slot.size(c), o.seed));
    for (const LinearSlot& slot : linear_slots())
      tensors.push_back(linear(tensor_name(l, slot.name), slot.rows(c), slot.cols(c), o, pool));
  }
  tensors.push_back(norm("output_norm.weight", c.dim, o.seed));
  if (!c.tied_head) tensors.push_back(embedding("output.weight", o.head, o, pool));
  return tensors;
}

std::string_view synth_chat_template(const Config& c) noexcept {
  if (c.architecture == "llama")
    return "{% for message in messages %}{{ '<|start_header_id|>' + message['role'] + "
           "'<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
           "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}"
           "{% endif %}";
  return "{% for message in messages %}{{ message['role'] | capitalize + ': ' + "
         "message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
         "{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}";
}

}  // namespace tern::models
