// SPDX-License-Identifier: Apache-2.0
//
// SentencePiece's tokenizer.model.

#include "models/sentencepiece.h"
#include "tests/fuzz/fuzz_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tern::models;
  const FuzzBytes file(data, size);
  return read_or_refuse(
      [&] { use_tokenizer(parse_sentencepiece(file.text(), kFuzzName), file.text()); });
}
