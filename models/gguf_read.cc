// SPDX-License-Identifier: Apache-2.0
//
// The GGUF reader. Nothing in the file is believed: each count is held against the bytes that are
// left before anything of that size is allocated.

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

#include "kernels/formats/formats.h"
#include "models/error_line.h"
#include "models/gguf.h"

namespace tern::models {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF is read as it lies");

constexpr std::uint32_t kMagic = 0x46554747;  // "GGUF"
constexpr std::uint64_t kSmallestValue = 8 + 4 + 1;
constexpr std::uint64_t kSmallestTensor = 8 + 4 + 8 + 4 + 8;
constexpr std::uint64_t kMostAlignment = 1 << 16;
constexpr std::uint64_t kMostElements = std::uint64_t{1} << 50;

class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, const Gguf& file) : bytes_(bytes), file_(file) {}

  std::size_t at() const { return at_; }
  std::uint64_t left() const { return bytes_.size() - at_; }
  [[noreturn]] void fail(std::string_view field, std::string_view what) const {
    file_.fail(field, what);
  }

  template <typename T>
  T read(std::string_view field) {
    need(sizeof(T), field);
    T value;
    std::memcpy(&value, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }

  std::string string(std::string_view field) {
    const auto length = read<std::uint64_t>(field);
    need(length, field);
    std::string value(reinterpret_cast<const char*>(bytes_.data() + at_),
                      static_cast<std::size_t>(length));
    at_ += static_cast<std::size_t>(length);
    return value;
  }

  // A count of things that take at least `each` bytes of the file.
  std::size_t count(std::uint64_t each, std::string_view field) {
    const auto n = read<std::uint64_t>(field);
    if (n > left() / each)
      fail(field, "counts " + std::to_string(n) + " entries, more than the file holds");
    return static_cast<std::size_t>(n);
  }

 private:
  void need(std::uint64_t n, std::string_view field) const {
    if (n > left())
      fail(field, "the file ends here: " + std::to_string(n) + " bytes needed at offset " +
                      std::to_string(at_) + ", " + std::to_string(left()) + " left");
  }

  std::span<const std::byte> bytes_;
  const Gguf& file_;
  std::size_t at_ = 0;
};

std::uint64_t scalar_bytes(GgufType type) {
  switch (type) {
    case GgufType::kU8:
    case GgufType::kI8:
    case GgufType::kBool:
      return 1;
    case GgufType::kU16:
    case GgufType::kI16:
      return 2;
    case GgufType::kU32:
    case GgufType::kI32:
    case GgufType::kF32:
      return 4;
    case GgufType::kU64:
    case GgufType::kI64:
    case GgufType::kF64:
    case GgufType::kString:  // its length
      return 8;
    case GgufType::kArray:
      break;
  }
  return 0;
}

std::uint64_t read_unsigned(Cursor& in, GgufType type, std::string_view key) {
  switch (type) {
    case GgufType::kU8:
      return in.read<std::uint8_t>(key);
    case GgufType::kU16:
      return in.read<std::uint16_t>(key);
    case GgufType::kU32:
      return in.read<std::uint32_t>(key);
    case GgufType::kBool: {
      const auto v = in.read<std::uint8_t>(key);
      if (v > 1) in.fail(key, "is a bool of value " + std::to_string(v) + ", expected 0 or 1");
      return v;
    }
    default:
      return in.read<std::uint64_t>(key);
  }
}

std::int64_t read_signed(Cursor& in, GgufType type, std::string_view key) {
  switch (type) {
    case GgufType::kI8:
      return in.read<std::int8_t>(key);
    case GgufType::kI16:
      return in.read<std::int16_t>(key);
    case GgufType::kI32:
      return in.read<std::int32_t>(key);
    default:
      return in.read<std::int64_t>(key);
  }
}

GgufType read_type(Cursor& in, std::string_view key) {
  const auto id = in.read<std::uint32_t>(key);
  if (id > static_cast<std::uint32_t>(GgufType::kF64))
    in.fail(key, "has value type " + std::to_string(id) + ", expected 0 to 12");
  return static_cast<GgufType>(id);
}

// Calls visit with a reader of one element of `type`: the one place that maps types to kinds.
template <typename Visit>
auto with_reader(GgufType type, Visit&& visit) {
  switch (type) {
    case GgufType::kU8:
    case GgufType::kU16:
    case GgufType::kU32:
    case GgufType::kU64:
    case GgufType::kBool:
      return visit([type](Cursor& in, std::string_view k) { return read_unsigned(in, type, k); });
    case GgufType::kF32:
      return visit([](Cursor& in, std::string_view k) { return double{in.read<float>(k)}; });
    case GgufType::kF64:
      return visit([](Cursor& in, std::string_view k) { return in.read<double>(k); });
    case GgufType::kString:
      return visit([](Cursor& in, std::string_view k) { return in.string(k); });
    default:
      return visit([type](Cursor& in, std::string_view k) { return read_signed(in, type, k); });
  }
}

GgufArray read_array(Cursor& in, std::string_view key) {
  GgufArray array;
  array.element = read_type(in, key);
  if (array.element == GgufType::kArray) in.fail(key, "is an array of arrays");
  const std::size_t n = in.count(scalar_bytes(array.element), key);
  with_reader(array.element, [&](auto read) {
    std::vector<decltype(read(in, key))> values;
    values.reserve(n);
    for (std::size_t i = 0; i < n; ++i) values.push_back(read(in, key));
    array.values = std::move(values);
  });
  return array;
}

GgufValue read_value(Cursor& in, std::string_view key) {
  const GgufType type = read_type(in, key);
  if (type == GgufType::kArray) return {type, read_array(in, key)};
  return with_reader(type, [&](auto read) { return GgufValue{type, read(in, key)}; });
}

struct Placed {
  GgufTensor tensor;
  std::uint64_t offset, bytes;
};

Placed read_tensor_info(Cursor& in, std::uint64_t alignment) {
  Placed p;
  p.tensor.name = in.string("tensor names");
  const std::string field = "tensor " + shown(p.tensor.name);
  const auto dims = in.read<std::uint32_t>(field);
  if (dims < 1 || dims > 4)
    in.fail(field, "has " + std::to_string(dims) + " dimensions, expected 1 to 4");
  std::uint64_t elements = 1;
  for (std::uint32_t d = 0; d < dims; ++d) {
    const auto extent = in.read<std::uint64_t>(field);
    if (extent == 0 || extent > kMostElements / elements)
      in.fail(field, "has an impossible extent, " + std::to_string(extent));
    elements *= extent;
    p.tensor.shape.push_back(extent);
  }
  const auto type = in.read<std::uint32_t>(field);
  p.tensor.type = TensorType{type};
  if (const std::string_view name = tensor_type_name(p.tensor.type); name.empty()) {
    const std::string foreign(foreign_tensor_type(type));
    in.fail(field, "has tensor type " + std::to_string(type) +
                       (foreign.empty() ? "" : ", " + foreign) + "; this program reads " +
                       tensor_types_text());
  } else if (const std::string problem = kernels::multiple_problem(
                 "columns", tensor_block(p.tensor.type), p.tensor.shape[0]);
             !problem.empty()) {
    in.fail(field, std::string(name) + " " + problem);
  }
  p.bytes = tensor_bytes(p.tensor.type, elements, p.tensor.shape[0]);
  if (p.bytes == 0)
    in.fail(field, std::string(tensor_type_name(p.tensor.type)) + " cannot hold " +
                       std::to_string(elements / p.tensor.shape[0]) + " rows of " +
                       std::to_string(p.tensor.shape[0]) + clash_text(p.tensor.type));
  p.offset = in.read<std::uint64_t>(field);
  if (p.offset % alignment != 0)
    in.fail(field, "offset " + std::to_string(p.offset) + " is no multiple of the alignment, " +
                       std::to_string(alignment));
  return p;
}

void check_apart(std::vector<Placed>& placed, const Gguf& file) {
  std::vector<const Placed*> order;
  for (const Placed& p : placed) order.push_back(&p);
  std::sort(order.begin(), order.end(),
            [](const Placed* a, const Placed* b) { return a->offset < b->offset; });
  for (std::size_t i = 1; i < order.size(); ++i)
    if (order[i]->offset < order[i - 1]->offset + order[i - 1]->bytes)
      file.fail("tensor " + shown(order[i]->tensor.name),
                "overlaps tensor " + shown(order[i - 1]->tensor.name));
}

}  // namespace

Gguf Gguf::parse(std::span<const std::byte> bytes, std::string where) {
  Gguf file;
  file.where_ = std::move(where);
  Cursor in(bytes, file);
  if (in.read<std::uint32_t>("magic") != kMagic) in.fail("magic", "this is no GGUF file");
  const auto version = in.read<std::uint32_t>("version");
  if (version != 3) in.fail("version", "is " + std::to_string(version) + ", expected 3");
  const std::size_t tensors = in.count(kSmallestTensor, "tensor count");
  const std::size_t values = in.count(kSmallestValue, "key count");

  for (std::size_t i = 0; i < values; ++i) {
    std::string key = in.string("keys");
    if (key.empty()) in.fail("keys", "entry " + std::to_string(i) + " has no name");
    if (!file.value_index_.emplace(key, i).second) in.fail(shown(key), "the key appears twice");
    GgufValue value = read_value(in, shown(key));
    file.values_.emplace_back(std::move(key), std::move(value));
  }
  if (file.find("general.alignment") != nullptr) {
    file.alignment_ = file.number("general.alignment");
    if (!std::has_single_bit(file.alignment_) || file.alignment_ < 8 ||
        file.alignment_ > kMostAlignment)
      in.fail("general.alignment", "is " + std::to_string(file.alignment_) +
                                       ", expected a power of two from 8 to 65536");
  }

  std::vector<Placed> placed;
  for (std::size_t i = 0; i < tensors; ++i) {
    placed.push_back(read_tensor_info(in, file.alignment_));
    const std::string& name = placed.back().tensor.name;
    if (!file.tensor_index_.emplace(name, i).second)
      in.fail("tensor " + shown(name), "the name appears twice");
  }
  const std::uint64_t start = (in.at() + file.alignment_ - 1) / file.alignment_ * file.alignment_;
  const std::uint64_t room = start > bytes.size() ? 0 : bytes.size() - start;
  for (const Placed& p : placed)
    if (p.offset > room || p.bytes > room - p.offset)
      in.fail("tensor " + shown(p.tensor.name),
              "needs " + std::to_string(p.bytes) + " bytes at data offset " +
                  std::to_string(p.offset) + ", the file has " + std::to_string(room));
  check_apart(placed, file);
  for (Placed& p : placed) {
    p.tensor.data = bytes.subspan(static_cast<std::size_t>(start + p.offset),
                                  static_cast<std::size_t>(p.bytes));
    file.tensors_.push_back(std::move(p.tensor));
  }
  return file;
}

}  // namespace tern::models
