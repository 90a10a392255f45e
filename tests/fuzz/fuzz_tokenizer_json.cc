// SPDX-License-Identifier: Apache-2.0
//
// tokenizer.json of Hugging Face's tokenizers.

#include "models/hf_tokenizer.h"
#include "tests/fuzz/fuzz_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tern::models;
  const FuzzBytes file(data, size);
  return read_or_refuse(
      [&] { use_tokenizer(parse_tokenizer_json(file.text(), kFuzzName), file.text()); });
}
