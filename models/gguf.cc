// SPDX-License-Identifier: Apache-2.0

#include "models/gguf.h"

#include <array>
#include <cmath>
#include <stdexcept>

#include "kernels/formats/dense_formats.h"
#include "kernels/formats/formats.h"
#include "models/error_line.h"

namespace tern::models {
namespace {

struct TypeRow {
  TensorType type;
  std::string_view name;
  std::string_view format;  // kernels/formats
  bool ternary;
};

constexpr std::array kTypes = {
    TypeRow{TensorType::kF32, "F32", "f32", false},
    TypeRow{TensorType::kF16, "F16", "f16", false},
    TypeRow{TensorType::kBf16, "BF16", "bf16", false},
    TypeRow{TensorType::kQ8_0, "Q8_0", "q8_0", false},
    TypeRow{TensorType::kQ4_0, "Q4_0", "q4_0", false},
    TypeRow{TensorType::kQ4K, "Q4_K", "q4_k", false},
    TypeRow{TensorType::kQ6K, "Q6_K", "q6_k", false},
    TypeRow{TensorType::kTq1, "TQ1_0", "tq1_0", true},
    TypeRow{TensorType::kTq2, "TQ2_0", "tq2_0", true},
    TypeRow{TensorType::kI2S, "I2_S", "i2_s", true},
    TypeRow{TensorType::kTl1, "TL1", "tl1", true},
    TypeRow{TensorType::kTl2, "TL2", "tl2", true},
};

struct ForeignType {
  std::uint32_t id;
  std::string_view name;
};

// ggml.h of llama.cpp, which has types of its own under the ids 36 to 39 of bitnet.cpp's fork: of
// files, MXFP4 alone (the others were removed before files had them). 37 is the fork's I8_S.
constexpr std::array kForeign = {
    ForeignType{3, "Q4_1"},      ForeignType{6, "Q5_0"},      ForeignType{7, "Q5_1"},
    ForeignType{9, "Q8_1"},      ForeignType{10, "Q2_K"},     ForeignType{11, "Q3_K"},
    ForeignType{13, "Q5_K"},     ForeignType{15, "Q8_K"},     ForeignType{16, "IQ2_XXS"},
    ForeignType{17, "IQ2_XS"},   ForeignType{18, "IQ3_XXS"},  ForeignType{19, "IQ1_S"},
    ForeignType{20, "IQ4_NL"},   ForeignType{21, "IQ3_S"},    ForeignType{22, "IQ2_S"},
    ForeignType{23, "IQ4_XS"},   ForeignType{24, "I8"},       ForeignType{25, "I16"},
    ForeignType{26, "I32"},      ForeignType{27, "I64"},      ForeignType{28, "F64"},
    ForeignType{29, "IQ1_M"},    ForeignType{31, "Q4_0_4_4"}, ForeignType{32, "Q4_0_4_8"},
    ForeignType{33, "Q4_0_8_8"}, ForeignType{37, "I8_S"},     ForeignType{39, "MXFP4"},
    ForeignType{40, "NVFP4"},    ForeignType{41, "Q1_0"},     ForeignType{42, "Q2_0"},
};

const TypeRow* find_type(TensorType type) noexcept {
  for (const TypeRow& row : kTypes)
    if (row.type == type) return &row;
  return nullptr;
}

const kernels::DenseFormat& dense_of(const TypeRow& row) noexcept {
  return kernels::dense_format(row.format);
}
const kernels::TernaryFormat& ternary_of(const TypeRow& row) noexcept {
  return kernels::ternary_format(row.format);
}

}  // namespace

std::string_view tensor_type_name(TensorType type) noexcept {
  const TypeRow* row = find_type(type);
  return row == nullptr ? std::string_view() : row->name;
}

std::optional<TensorType> find_tensor_type(std::string_view format) noexcept {
  if (format == "i2_s_arm") return TensorType::kI2S;  // one type, two layouts
  for (const TypeRow& row : kTypes)
    if (row.format == format) return row.type;
  return std::nullopt;
}

std::string_view tensor_format(TensorType type) noexcept {
  const TypeRow* row = find_type(type);
  return row == nullptr ? std::string_view() : row->format;
}

bool tensor_is_ternary(TensorType type) noexcept {
  const TypeRow* row = find_type(type);
  return row != nullptr && row->ternary;
}

std::string tensor_types_text() {
  std::string text;
  for (const TypeRow& row : kTypes)
    text += (text.empty() ? "" : ", ") + std::string(row.name) + " (" +
            std::to_string(static_cast<std::uint32_t>(row.type)) + ")";
  return text;
}

std::string_view foreign_tensor_type(std::uint32_t id) noexcept {
  for (const ForeignType& foreign : kForeign)
    if (foreign.id == id) return foreign.name;
  return {};
}

std::string clash_text(TensorType type) {
  const auto id = static_cast<std::uint32_t>(type);
  const std::string foreign(foreign_tensor_type(id));
  return foreign.empty() ? ""
                         : "; in files of llama.cpp, tensor type " + std::to_string(id) + " is " +
                               foreign + ", which this program does not read";
}

std::uint64_t tensor_block(TensorType type) noexcept {
  const TypeRow* row = find_type(type);
  if (row == nullptr) return 0;
  // I2_S of ARM: whose layout a file has is not known here.
  if (type == TensorType::kI2S) return kernels::ternary_format("i2_s_arm").col_multiple;
  return row->ternary ? ternary_of(*row).col_multiple : dense_of(*row).block;
}

std::uint64_t tensor_bytes(TensorType type, std::uint64_t elements, std::uint64_t cols) noexcept {
  const TypeRow* row = find_type(type);
  if (row == nullptr || cols == 0 || cols % tensor_block(type) != 0) return 0;
  if (!row->ternary) return dense_of(*row).bytes(elements);
  const kernels::TernaryFormat& format = ternary_of(*row);
  const std::uint64_t rows = elements / cols;
  if (cols < format.min_cols || rows % format.row_multiple != 0) return 0;
  return format.bytes(rows, cols);
}

std::uint64_t GgufTensor::elements() const {
  std::uint64_t n = 1;
  for (const std::uint64_t extent : shape) n *= extent;
  return n;
}

void Gguf::fail(std::string_view field, std::string_view what) const {
  throw std::runtime_error(error_line(where_, field, what));
}

const GgufValue* Gguf::find(std::string_view key) const {
  const auto found = value_index_.find(std::string(key));
  return found == value_index_.end() ? nullptr : &values_[found->second].second;
}

const GgufTensor* Gguf::find_tensor(std::string_view name) const {
  const auto found = tensor_index_.find(std::string(name));
  return found == tensor_index_.end() ? nullptr : &tensors_[found->second];
}

const GgufValue& Gguf::get(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) fail(key, "the key is missing");
  return *value;
}

std::uint64_t Gguf::number(std::string_view key) const {
  const GgufValue& v = get(key);
  if (v.type == GgufType::kBool) fail(key, "expected an integer, found a bool");
  if (const auto* u = std::get_if<std::uint64_t>(&v.value)) return *u;
  const auto* i = std::get_if<std::int64_t>(&v.value);
  if (i == nullptr) fail(key, "expected an integer, found another type");
  if (*i < 0) fail(key, "is " + std::to_string(*i) + ", expected one of at least 0");
  return static_cast<std::uint64_t>(*i);
}

double Gguf::real(std::string_view key) const {
  const auto* d = std::get_if<double>(&get(key).value);
  if (d == nullptr) fail(key, "expected a floating-point number, found another type");
  if (!std::isfinite(*d)) fail(key, "is not finite");
  return *d;
}

bool Gguf::boolean(std::string_view key) const {
  const GgufValue& v = get(key);
  if (v.type != GgufType::kBool) fail(key, "expected a bool, found another type");
  return std::get<std::uint64_t>(v.value) != 0;
}

const std::string& Gguf::text(std::string_view key) const {
  const auto* s = std::get_if<std::string>(&get(key).value);
  if (s == nullptr) fail(key, "expected a string, found another type");
  return *s;
}

const GgufArray& Gguf::array(std::string_view key) const {
  const auto* a = std::get_if<GgufArray>(&get(key).value);
  if (a == nullptr) fail(key, "expected an array, found another type");
  return *a;
}

const std::vector<std::string>& Gguf::strings(std::string_view key) const {
  const auto* s = std::get_if<std::vector<std::string>>(&array(key).values);
  if (s == nullptr) fail(key, "expected an array of strings, found another element type");
  return *s;
}

}  // namespace tern::models
