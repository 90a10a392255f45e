// SPDX-License-Identifier: Apache-2.0
//
// The reader. The header is taken event by event, by the one grammar it may have, so that nothing
// but names and numbers is ever held, and no nesting is followed.

#include "models/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "models/error_line.h"

namespace tern::models {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are read as they lie");

constexpr std::uint64_t kMostElements = std::uint64_t{1} << 50;
constexpr std::size_t kMostDims = 8;

struct Dtype {
  std::string_view name;
  unsigned bits;
};
constexpr std::array kDtypes = {
    Dtype{"F64", 64},    Dtype{"F32", 32}, Dtype{"F16", 16}, Dtype{"BF16", 16}, Dtype{"F8_E4M3", 8},
    Dtype{"F8_E5M2", 8}, Dtype{"I64", 64}, Dtype{"I32", 32}, Dtype{"I16", 16},  Dtype{"I8", 8},
    Dtype{"U64", 64},    Dtype{"U32", 32}, Dtype{"U16", 16}, Dtype{"U8", 8},    Dtype{"BOOL", 8},
};

// {"__metadata__": {name: text}, name: {"dtype": text, "shape": [n], "data_offsets": [n, n]}}
class Header : public nlohmann::json_sax<nlohmann::json> {
 public:
  struct Entry {
    SafeTensor tensor;
    std::vector<std::uint64_t> offsets;  // begin, end
    bool has_dtype = false, has_shape = false, has_offsets = false;
  };

  explicit Header(const Safetensors& file) : file_(file) {}
  std::vector<Entry> take() { return std::move(entries_); }

  bool null() override { return unexpected("null"); }
  bool boolean(bool) override { return unexpected("a bool"); }
  bool number_integer(number_integer_t) override { return unexpected("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { return unexpected("a fraction"); }
  bool binary(binary_t&) override { return unexpected("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (at_ != At::kShape && at_ != At::kOffsets) return unexpected("a number");
    auto& list = at_ == At::kShape ? entries_.back().tensor.shape : entries_.back().offsets;
    if (list.size() == (at_ == At::kShape ? kMostDims : 2)) fail("lists too many numbers");
    list.push_back(value);
    return true;
  }

  bool string(string_t& value) override {
    if (at_ == At::kMetadataValue) return go(At::kMetadata);
    if (at_ != At::kDtype) return unexpected("a text");
    for (const Dtype& dtype : kDtypes)
      if (dtype.name == value) {
        entries_.back().tensor.dtype = dtype.name;
        return go(At::kTensor);
      }
    fail("has the unknown dtype '" + shown(value) + "'");
  }

  bool start_object(std::size_t) override {
    if (at_ == At::kStart) return go(At::kNames);
    if (at_ == At::kMetadataStart) return go(At::kMetadata);
    if (at_ == At::kTensorStart) return go(At::kTensor);
    return unexpected("an object");
  }

  bool end_object() override {
    if (at_ == At::kTensor) {
      const Entry& e = entries_.back();
      if (!e.has_dtype || !e.has_shape || !e.has_offsets)
        fail("lacks one of dtype, shape and data_offsets");
    }
    return go(at_ == At::kNames ? At::kEnd : At::kNames);
  }

  bool start_array(std::size_t) override {
    if (at_ == At::kShapeStart) return go(At::kShape);
    if (at_ == At::kOffsetsStart) return go(At::kOffsets);
    return unexpected("an array");
  }

  bool end_array() override {
    if (at_ == At::kOffsets && entries_.back().offsets.size() != 2)
      fail("has data_offsets that are no pair");
    return go(At::kTensor);
  }

  bool key(string_t& name) override {
    if (at_ == At::kMetadata) return go(At::kMetadataValue);
    if (at_ == At::kNames) {
      if (name == "__metadata__") {
        if (std::exchange(metadata_, true)) file_.fail("header", "has __metadata__ twice");
        return go(At::kMetadataStart);
      }
      entries_.emplace_back().tensor.name = std::move(name);
      return go(At::kTensorStart);
    }
    Entry& e = entries_.back();
    const auto field = [&](bool& has, At next) {
      if (std::exchange(has, true)) fail("has " + shown(name) + " twice");
      return go(next);
    };
    if (name == "dtype") return field(e.has_dtype, At::kDtype);
    if (name == "shape") return field(e.has_shape, At::kShapeStart);
    if (name == "data_offsets") return field(e.has_offsets, At::kOffsetsStart);
    fail("has the unknown field '" + shown(name) + "'");
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception&) override {
    file_.fail("header", "is no JSON at byte " + std::to_string(position));
  }

 private:
  // What is due next, or what list or object is open.
  enum class At : std::uint8_t {
    kStart,
    kNames,
    kMetadataStart,
    kMetadata,
    kMetadataValue,
    kTensorStart,
    kTensor,
    kDtype,
    kShapeStart,
    kShape,
    kOffsetsStart,
    kOffsets,
    kEnd,
  };

  bool go(At next) {
    at_ = next;
    return true;
  }
  [[noreturn]] void fail(const std::string& what) const {
    if (entries_.empty()) file_.fail("header", what);
    file_.fail("tensor " + shown(entries_.back().tensor.name), what);
  }
  bool unexpected(const char* found) const {
    if (at_ == At::kStart) file_.fail("header", std::string("is ") + found + ", no object");
    fail(std::string("has ") + found + " where the header may have none");
  }

  const Safetensors& file_;
  std::vector<Entry> entries_;
  At at_ = At::kStart;
  bool metadata_ = false;
};

// Sets the bytes of the tensor, which must be what its dtype and shape make.
void place(Header::Entry& e, std::span<const std::byte> data, const Safetensors& file) {
  const std::string field = "tensor " + shown(e.tensor.name);
  std::uint64_t elements = 1;
  for (const std::uint64_t extent : e.tensor.shape) {
    if (extent == 0 || extent > kMostElements / elements)
      file.fail(field, "has an impossible extent, " + std::to_string(extent));
    elements *= extent;
  }
  const std::uint64_t bytes = elements * (safetensors_bits(e.tensor.dtype) / 8);
  const std::uint64_t begin = e.offsets[0], end = e.offsets[1];
  if (begin > end || end > data.size())
    file.fail(field, "lies at bytes " + std::to_string(begin) + " to " + std::to_string(end) +
                         " of the data, the file has " + std::to_string(data.size()));
  if (end - begin != bytes)
    file.fail(field, "has " + std::to_string(end - begin) + " bytes, expected " +
                         std::to_string(bytes) + " of its shape in " + std::string(e.tensor.dtype));
  e.tensor.data = data.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(bytes));
}

}  // namespace

unsigned safetensors_bits(std::string_view dtype) noexcept {
  for (const Dtype& known : kDtypes)
    if (known.name == dtype) return known.bits;
  return 0;
}

std::uint64_t SafeTensor::elements() const {
  std::uint64_t n = 1;
  for (const std::uint64_t extent : shape) n *= extent;
  return n;
}

void Safetensors::fail(std::string_view field, std::string_view what) const {
  throw std::runtime_error(error_line(where_, field, what));
}

const SafeTensor* Safetensors::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

Safetensors Safetensors::parse(std::span<const std::byte> bytes, std::string where) {
  Safetensors file;
  file.where_ = std::move(where);
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length) file.fail("header", "the file ends before its length");
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > kMostHeader)
    file.fail("header", "has a length of " + std::to_string(length) + " bytes, expected at most " +
                            std::to_string(kMostHeader) + ": this is no safetensors file");
  if (length > bytes.size() - sizeof length)
    file.fail("header", "has a length of " + std::to_string(length) + " bytes, the file has " +
                            std::to_string(bytes.size() - sizeof length));
  const auto* text = reinterpret_cast<const char*>(bytes.data()) + sizeof length;
  Header header(file);
  nlohmann::json::sax_parse(text, text + length, &header);
  std::vector<Header::Entry> entries = header.take();
  const auto data = bytes.subspan(sizeof length + static_cast<std::size_t>(length));
  for (Header::Entry& e : entries) place(e, data, file);

  std::sort(entries.begin(), entries.end(), [](const Header::Entry& a, const Header::Entry& b) {
    return a.offsets[0] < b.offsets[0];
  });
  file.tensors_.reserve(entries.size());  // the index holds views of names
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::string field = "tensor " + shown(entries[i].tensor.name);
    if (i > 0 && entries[i].offsets[0] < entries[i - 1].offsets[1])
      file.fail(field, "overlaps tensor " + shown(entries[i - 1].tensor.name));
    file.tensors_.push_back(std::move(entries[i].tensor));
    if (!file.index_.emplace(file.tensors_.back().name, i).second)
      file.fail(field, "the name appears twice");
  }
  return file;
}

}  // namespace tern::models
