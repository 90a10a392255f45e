// SPDX-License-Identifier: Apache-2.0
//
// The keys of a GGUF file to a tokenizer; what was accepted must encode any text and decode it.

#include "models/gguf_tokenizer.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tern::models;
  const FuzzBytes file(data, size);
  return read_or_refuse([&] {
    const Tokenizer tokenizer(read_gguf_tokenizer(Gguf::parse(file.bytes(), kFuzzName)));
    const auto ids = tokenizer.encode(file.text().substr(0, 64), true);
    for (const TokenId id : ids)
      if (id >= tokenizer.size()) std::abort();
    (void)tokenizer.decode(ids, true);
  });
}
