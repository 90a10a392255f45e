// SPDX-License-Identifier: Apache-2.0
//
// The keys of a GGUF file to a tokenizer.

#include "models/gguf_tokenizer.h"
#include "tests/fuzz/fuzz_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tern::models;
  const FuzzBytes file(data, size);
  return read_or_refuse([&] {
    use_tokenizer(read_gguf_tokenizer(Gguf::parse(file.bytes(), kFuzzName)), file.text());
  });
}
