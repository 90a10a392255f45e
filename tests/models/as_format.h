// SPDX-License-Identifier: Apache-2.0
//
// A checkpoint whose linears are I2_S written again in another GGUF type.

#pragma once

#include <list>
#include <span>
#include <string>
#include <vector>

#include "kernels/f16.h"
#include "kernels/formats/formats.h"
#include "models/gguf.h"
#include "models/whole_file.h"

namespace tern::models {

// Scales are rounded to binary16, also where `type` is I2_S: then all types hold equal weights.
inline void write_as(const std::string& from, TensorType type, const std::string& to) {
  const MappedFile mapped = map_file(from);
  const Gguf file = Gguf::parse(mapped.bytes, from);
  const kernels::TernaryFormat& source = kernels::ternary_format("i2_s");
  const kernels::TernaryFormat& target =
      kernels::ternary_format(type == TensorType::kI2S   ? "i2_s"
                              : type == TensorType::kTq1 ? "tq1_0"
                                                         : "tq2_0");
  std::list<std::vector<std::uint8_t>> packed;
  std::vector<GgufTensor> tensors = file.tensors();
  for (GgufTensor& t : tensors) {
    if (t.type != TensorType::kI2S) continue;
    const auto cols = static_cast<std::size_t>(t.shape[0]);
    const std::size_t rows = static_cast<std::size_t>(t.elements()) / cols;
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(t.data.data()), t.data.size());
    kernels::Trits trits = kernels::unpack_tensor(source, bytes, rows, cols, t.name);
    trits.scale = kernels::f16_to_f32(kernels::f32_to_f16(trits.scale));
    packed.push_back(kernels::pack_tensor(target, trits, rows, cols, t.name));
    t.type = type;
    t.data = std::as_bytes(std::span(packed.back()));
  }
  write_gguf(to, file.values(), tensors);
}

}  // namespace tern::models
