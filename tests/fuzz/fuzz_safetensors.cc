// SPDX-License-Identifier: Apache-2.0
//
// A safetensors file: every tensor's bytes lie within it and are touched.

#include "models/safetensors.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tern::models;
  const FuzzBytes input(data, size);
  return read_or_refuse([&] {
    const Safetensors file = Safetensors::parse(input.bytes(), kFuzzName);
    volatile unsigned sum = 0;
    for (const SafeTensor& t : file.tensors()) {
      if (file.find(t.name) != &t) std::abort();
      if (t.elements() * safetensors_bits(t.dtype) != t.data.size() * 8) std::abort();
      for (const std::byte b : t.data) sum = sum + static_cast<unsigned>(b);
    }
  });
}
