// SPDX-License-Identifier: Apache-2.0
//
// A GGUF file to a model, and what was accepted through two tokens.

#include "models/checkpoint.h"
#include "models/cpu_engine.h"
#include "models/transformer.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace tern;
using namespace tern::models;

// The caller's memory, not the reader's, grows with these, whatever the file has.
bool small(const Config& c) { return c.layers <= 4 && c.q_dim() <= 1024 && c.vocab <= 4096; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const FuzzBytes file(data, size);
  return read_or_refuse([&] {
    const auto model = read_model(Gguf::parse(file.bytes(), kFuzzName), nullptr);
    if (!small(model->config)) return;
    static kernels::ThreadPool pool(1);
    CpuEngine engine(kernels::Isa::kScalar, pool);
    Transformer decoder(*model, engine, {.isa = kernels::Isa::kScalar});
    try {
      decoder.forward(std::vector<TokenId>{0});
      if (model->config.context > 1) decoder.forward(std::vector<TokenId>{1});
    } catch (const std::runtime_error&) {  // activations out of range: names no file
    }
  });
}
