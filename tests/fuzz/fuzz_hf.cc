// SPDX-License-Identifier: Apache-2.0
//
// A Hugging Face model without its directory: config.json up to the first zero byte, then
// model.safetensors. The text before is tried as an index of shards as well.

#include "models/cpu_engine.h"
#include "models/hf_checkpoint.h"
#include "models/transformer.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tern;
  using namespace tern::models;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t text_size = std::min(all.find('\0'), size);
  const FuzzBytes text(data, text_size);
  const std::size_t rest = std::min(text_size + 1, size);
  const FuzzBytes weights(data + rest, size - rest);
  read_or_refuse([&] { read_hf_index(text.text(), kFuzzName); });
  return read_or_refuse([&] {
    const HfConfig config = read_hf_config(text.text(), kFuzzName);
    const Safetensors file = Safetensors::parse(weights.bytes(), kFuzzName);
    const auto model = read_hf_model(config, std::span(&file, 1), {}, {}, false);
    if (model->config.layers > 4 || model->config.q_dim() > 1024) return;
    static kernels::ThreadPool pool(1);
    CpuEngine engine(kernels::Isa::kScalar, pool);
    Transformer decoder(*model, engine, {.isa = kernels::Isa::kScalar});
    try {
      decoder.forward(std::vector<TokenId>{0});
    } catch (const std::runtime_error&) {  // activations out of range: names no file
    }
  });
}
