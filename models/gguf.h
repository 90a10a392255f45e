// SPDX-License-Identifier: Apache-2.0
//
// GGUF v3: named, typed values and tensors in one file (shared/reference/formats.md 6.1). Stage 1
// of the data path: file -> checked names, shapes and bytes. What the tensors mean is not known
// here.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace tern::models {

enum class GgufType : std::uint32_t {
  kU8 = 0,
  kI8 = 1,
  kU16 = 2,
  kI16 = 3,
  kU32 = 4,
  kI32 = 5,
  kF32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kU64 = 10,
  kI64 = 11,
  kF64 = 12,
};

enum class TensorType : std::uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ8_0 = 8,
  kQ4K = 12,
  kQ6K = 14,
  kBf16 = 30,
  kTq1 = 34,
  kTq2 = 35,
  // Those of bitnet.cpp's fork of llama.cpp; upstream has other types of these ids, or none.
  kI2S = 36,
  kTl1 = 38,
  kTl2 = 39,
};

// The types that are read: one table row each. Their blocks and bytes are those of their format in
// kernels/formats. The name is "F32", "F16", "TQ1_0", ...; "" of a type that is not read.
std::string_view tensor_type_name(TensorType type) noexcept;
std::string_view tensor_format(TensorType type) noexcept;  // "f16" of dense_format(), "tq1_0", ...
bool tensor_is_ternary(TensorType type) noexcept;          // its format is one of ternary_format()
// The type of tensors in that format; nothing where no type is.
std::optional<TensorType> find_tensor_type(std::string_view format) noexcept;
// "F32 (0), F16 (1), ..."
std::string tensor_types_text();

// Elements of a block, of which a row holds a whole number; 0 of a type that is not read.
std::uint64_t tensor_block(TensorType type) noexcept;

// Bytes of a tensor of that type with `elements` in all, `cols` in its innermost dimension.
// 0 where the type cannot hold that shape. elements < 2^60.
std::uint64_t tensor_bytes(TensorType type, std::uint64_t elements, std::uint64_t cols) noexcept;

// Types that are not read, by name, for messages; "" of an id that nobody uses.
std::string_view foreign_tensor_type(std::uint32_t id) noexcept;
// The end of a message about a tensor that cannot be of its type: "" or that its id means another
// type in files of llama.cpp (39: TL2 here, MXFP4 there).
std::string clash_text(TensorType type);

// Elements are held in the widest type of their kind; `element` says what the file has.
struct GgufArray {
  GgufType element = GgufType::kU32;
  std::variant<std::vector<std::uint64_t>, std::vector<std::int64_t>, std::vector<double>,
               std::vector<std::string>>
      values;  // unsigned and bool, signed, float, string

  bool operator==(const GgufArray&) const = default;
};

struct GgufValue {
  GgufType type = GgufType::kU32;
  std::variant<std::uint64_t, std::int64_t, double, std::string, GgufArray> value;  // as above

  static GgufValue u32(std::uint32_t v) { return {GgufType::kU32, std::uint64_t{v}}; }
  static GgufValue f32(float v) { return {GgufType::kF32, double{v}}; }
  static GgufValue boolean(bool v) { return {GgufType::kBool, std::uint64_t{v}}; }
  static GgufValue string(std::string v) { return {GgufType::kString, std::move(v)}; }
  static GgufValue strings(std::vector<std::string> v) {
    return {GgufType::kArray, GgufArray{GgufType::kString, std::move(v)}};
  }
  static GgufValue i32s(std::vector<std::int64_t> v) {
    return {GgufType::kArray, GgufArray{GgufType::kI32, std::move(v)}};
  }

  bool operator==(const GgufValue&) const = default;
};

struct GgufTensor {
  std::string name;
  std::vector<std::uint64_t> shape;  // innermost first; 1 to 4 entries, none 0
  TensorType type;
  std::span<const std::byte> data;  // aligned to general.alignment within the file

  std::uint64_t elements() const;
};

class Gguf {
 public:
  // Throws std::runtime_error: one line that begins with `where` and names the field.
  // `bytes` is borrowed for as long as the Gguf and its tensors are used.
  static Gguf parse(std::span<const std::byte> bytes, std::string where);

  const std::string& where() const { return where_; }  // the file's name in error messages
  std::uint64_t alignment() const { return alignment_; }
  const std::vector<std::pair<std::string, GgufValue>>& values() const { return values_; }
  const std::vector<GgufTensor>& tensors() const { return tensors_; }

  const GgufValue* find(std::string_view key) const;           // nullptr: absent
  const GgufTensor* find_tensor(std::string_view name) const;  // nullptr: absent

  // The value of a key that must be there and of that kind, else std::runtime_error.
  std::uint64_t number(std::string_view key) const;  // any integer type, not negative
  double real(std::string_view key) const;           // f32, f64; finite
  bool boolean(std::string_view key) const;
  const std::string& text(std::string_view key) const;
  const std::vector<std::string>& strings(std::string_view key) const;
  const GgufArray& array(std::string_view key) const;

  [[noreturn]] void fail(std::string_view field, std::string_view what) const;

 private:
  const GgufValue& get(std::string_view key) const;

  std::string where_;
  std::uint64_t alignment_ = 32;
  std::vector<std::pair<std::string, GgufValue>> values_;
  std::vector<GgufTensor> tensors_;
  std::unordered_map<std::string, std::size_t> value_index_, tensor_index_;
};

// Writes a file whole or not at all; keys and tensors in the order given, tensors aligned to 32.
// Each tensor's data must have tensor_bytes(). Throws std::runtime_error naming `path`.
void write_gguf(const std::string& path, std::span<const std::pair<std::string, GgufValue>> values,
                std::span<const GgufTensor> tensors);

}  // namespace tern::models
