// SPDX-License-Identifier: Apache-2.0
//
// State space: files of all 13 value types and all tensor types; every way a field can lie; every
// length a file can be cut to; random damage.
// Parameters: the hand-built file below, which is written byte by byte and shares no code with the
// writer.

#include "models/gguf.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>

#include "models/whole_file.h"
#include "tests/models/temp_folder.h"

namespace tern::models {
namespace {

using Catch::Contains;
using Values = std::vector<std::pair<std::string, GgufValue>>;

class Bytes {
 public:
  template <typename T>
  Bytes& put(T v) {
    const auto* p = reinterpret_cast<const char*>(&v);
    out_.insert(out_.end(), p, p + sizeof v);
    return *this;
  }
  Bytes& u32(std::uint32_t v) { return put(v); }
  Bytes& u64(std::uint64_t v) { return put(v); }
  Bytes& str(std::string_view s) {
    u64(s.size());
    out_ += s;
    return *this;
  }
  Bytes& head(std::uint64_t tensors, std::uint64_t keys) {
    out_ += "GGUF";
    return u32(3).u64(tensors).u64(keys);
  }
  Bytes& tensor(std::string_view name, std::vector<std::uint64_t> shape, std::uint32_t type,
                std::uint64_t offset) {
    str(name).u32(static_cast<std::uint32_t>(shape.size()));
    for (const auto extent : shape) u64(extent);
    return u32(type).u64(offset);
  }
  Bytes& pad() {
    out_.resize((out_.size() + 31) / 32 * 32);
    return *this;
  }
  Bytes& data(std::size_t n, char fill = 1) {
    out_.append(n, fill);
    return *this;
  }
  const std::string& get() const { return out_; }

 private:
  std::string out_;
};

Gguf parse(const std::string& bytes) {
  return Gguf::parse(std::as_bytes(std::span(bytes)), "file");
}

std::string message(const std::string& bytes) {
  try {
    parse(bytes);
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "";
}

Bytes key(std::string_view name) { return Bytes().head(0, 1).str(name); }

std::string sample() {
  Bytes b;
  b.head(2, 4).str("text").u32(8).str("hello");
  b.str("n").u32(4).u32(7);
  b.str("list").u32(9).u32(8).u64(2).str("a").str("");
  b.str("halves").u32(9).u32(6).u64(2).put(0.5f).put(-0.5f);
  b.tensor("w", {128, 2}, 36, 0).tensor("v", {3}, 0, 96).pad();
  return b.data(96).data(12).get();
}

TEST_CASE("all 13 value types are read as they were meant", "[models]") {
  Bytes b;
  b.head(0, 13);
  b.str("u8").u32(0).put<std::uint8_t>(255);
  b.str("i8").u32(1).put<std::int8_t>(-1);
  b.str("u16").u32(2).put<std::uint16_t>(65535);
  b.str("i16").u32(3).put<std::int16_t>(-2);
  b.str("u32").u32(4).u32(0xFFFFFFFF);
  b.str("i32").u32(5).put<std::int32_t>(-3);
  b.str("f32").u32(6).put(1.5f);
  b.str("bool").u32(7).put<std::uint8_t>(1);
  b.str("str").u32(8).str("s\n");
  b.str("arr").u32(9).u32(3).u64(2).put<std::int16_t>(-7).put<std::int16_t>(8);
  b.str("u64").u32(10).u64(0xFFFFFFFFFFFFFFFF);
  b.str("i64").u32(11).put<std::int64_t>(-4);
  b.str("f64").u32(12).put(-0.1);
  const Gguf f = parse(b.get());
  REQUIRE(f.values().size() == 13);
  CHECK(f.values()[9].first == "arr");
  CHECK(f.number("u8") == 255);
  CHECK(std::get<std::int64_t>(f.find("i8")->value) == -1);
  CHECK(f.number("u16") == 65535);
  CHECK(std::get<std::int64_t>(f.find("i16")->value) == -2);
  CHECK(f.number("u32") == 0xFFFFFFFF);
  CHECK(std::get<std::int64_t>(f.find("i32")->value) == -3);
  CHECK(f.real("f32") == 1.5);
  CHECK(f.boolean("bool"));
  CHECK(f.text("str") == "s\n");
  CHECK(f.array("arr") == GgufArray{GgufType::kI16, std::vector<std::int64_t>{-7, 8}});
  CHECK(f.number("u64") == 0xFFFFFFFFFFFFFFFF);
  CHECK(std::get<std::int64_t>(f.find("i64")->value) == -4);
  CHECK(f.real("f64") == -0.1);
  CHECK(f.find("none") == nullptr);
}

TEST_CASE("tensors are found with their shape type and bytes", "[models]") {
  const std::string bytes = sample();
  const Gguf f = parse(bytes);
  REQUIRE(f.tensors().size() == 2);
  const GgufTensor* w = f.find_tensor("w");
  REQUIRE(w != nullptr);
  CHECK(w->shape == std::vector<std::uint64_t>{128, 2});
  CHECK(w->type == TensorType::kI2S);
  CHECK(w->data.size() == 64 + 32);
  const GgufTensor* v = f.find_tensor("v");
  REQUIRE(v != nullptr);
  CHECK(v->data.size() == 12);
  CHECK(reinterpret_cast<const char*>(v->data.data()) == bytes.data() + bytes.size() - 12);
  CHECK(f.find_tensor("x") == nullptr);
}

TEST_CASE("the size of a tensor is that of its published layout", "[models]") {
  CHECK(tensor_bytes(TensorType::kF32, 6, 3) == 24);
  CHECK(tensor_bytes(TensorType::kF16, 6, 3) == 12);
  CHECK(tensor_bytes(TensorType::kTq1, 512, 256) == 108);
  CHECK(tensor_bytes(TensorType::kTq2, 512, 256) == 132);
  CHECK(tensor_bytes(TensorType::kI2S, 512, 256) == 160);
  CHECK(tensor_bytes(TensorType::kTq2, 512, 128) == 0);
  CHECK(tensor_bytes(TensorType::kI2S, 512, 64) == 160);  // of ARM
  CHECK(tensor_bytes(TensorType::kI2S, 512, 32) == 0);
  // 3200 x 8640 of bitnet_b1_58-3B, by ggml_nbytes of bitnet.cpp's fork (formats.md 6.1).
  CHECK(tensor_bytes(TensorType::kTl1, 3200 * 8640, 8640) == 3200 * 8640 / 4 + 32);
  CHECK(tensor_bytes(TensorType::kTl2, 3200 * 8640, 8640) ==
        ((8640 - 256) * 3200 / 3 * 5 / 8 + 256 * 3200 / 2 * 4 / 8 + 31) / 32 * 32 + 32);
  CHECK(tensor_bytes(TensorType::kTl1, 33 * 128, 128) == 0);
  CHECK(tensor_bytes(TensorType::kTl2, 32 * 128, 128) == 0);
  CHECK(tensor_bytes(TensorType{13}, 512, 256) == 0);
}

TEST_CASE("what is written is read back bit for bit", "[models]") {
  const TempFolder folder;
  const float nan = std::nanf("7");
  const Values values = {
      {"z", GgufValue::string("last name first")},
      {"u8", {GgufType::kU8, std::uint64_t{200}}},
      {"i8", {GgufType::kI8, std::int64_t{-100}}},
      {"u16", {GgufType::kU16, std::uint64_t{60000}}},
      {"i16", {GgufType::kI16, std::int64_t{-30000}}},
      {"u32", GgufValue::u32(4000000000)},
      {"i32", {GgufType::kI32, std::int64_t{-2000000000}}},
      {"u64", {GgufType::kU64, std::uint64_t{1} << 63}},
      {"i64", {GgufType::kI64, std::int64_t{-1} << 62}},
      {"f32", GgufValue::f32(1e-45f)},
      {"f64", {GgufType::kF64, 5e-324}},
      {"yes", GgufValue::boolean(true)},
      {"strings", GgufValue::strings({"", "b", std::string("\0c", 2)})},
      {"ints", GgufValue::i32s({-1, 2})},
      {"bools", {GgufType::kArray, GgufArray{GgufType::kBool, std::vector<std::uint64_t>{1, 0}}}},
      {"floats", {GgufType::kArray, GgufArray{GgufType::kF32, std::vector<double>{0.25, -0.0}}}},
  };
  std::vector<float> floats = {1.0f, nan, -0.0f};
  std::vector<std::uint8_t> codes(96, 0x55);
  const std::vector<GgufTensor> tensors = {
      {"first.weight", {3, 1}, TensorType::kF32, std::as_bytes(std::span(floats))},
      {"second.weight", {128, 2}, TensorType::kI2S, std::as_bytes(std::span(codes))},
  };
  const std::string path = folder.file("a.gguf");
  write_gguf(path, values, tensors);
  const std::string bytes = read_file(path);
  const Gguf f = parse(bytes);
  CHECK(f.values() == values);
  REQUIRE(f.tensors().size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const GgufTensor& got = f.tensors()[i];
    CHECK(got.name == tensors[i].name);
    CHECK(got.shape == tensors[i].shape);
    REQUIRE(got.data.size() == tensors[i].data.size());
    CHECK(std::memcmp(got.data.data(), tensors[i].data.data(), got.data.size()) == 0);
    CHECK((got.data.data() - std::as_bytes(std::span(bytes)).data()) % 32 == 0);
  }
  CHECK(bytes.size() % 32 == 0);
}

TEST_CASE("a file cut anywhere is refused in one line", "[models]") {
  const std::string bytes = sample();
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    const std::string text = message(bytes.substr(0, n));
    INFO("cut to " << n << ": " << text);
    CHECK(text.starts_with("file: "));
    CHECK(text.find('\n') == std::string::npos);
  }
  CHECK(message(bytes).empty());
}

TEST_CASE("random damage is refused or read but never crashes", "[models]") {
  const std::string bytes = sample();
  std::mt19937 rng(11);
  std::size_t refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = bytes;
    for (auto n = 1 + rng() % 4; n > 0; --n) {
      const auto at = rng() % damaged.size();
      const char extremes[] = {0, 1, 127, -128, -1};
      damaged[at] = rng() % 2 == 0 ? extremes[rng() % 5] : static_cast<char>(rng() % 256);
    }
    const std::string text = message(damaged);
    refused += !text.empty();
    REQUIRE(text.find('\n') == std::string::npos);
  }
  CHECK(refused > 1000);
}

TEST_CASE("a count beyond the file is refused before anything is allocated", "[models]") {
  const std::uint64_t counts[] = {1, 1000, std::uint64_t{1} << 40, ~std::uint64_t{0},
                                  (~std::uint64_t{0}) / 8 + 1};
  for (const std::uint64_t n : counts) {
    CHECK_THAT(message(Bytes().head(n, 0).get()), Contains("tensor count"));
    CHECK_THAT(message(Bytes().head(0, n).get()), Contains("key count"));
    CHECK_THAT(message(key("k").u32(8).u64(n).get()), Contains("file: k: the file ends here"));
    for (std::uint32_t element = 0; element < 13; ++element)
      if (element != 9)
        CHECK_THAT(message(key("k").u32(9).u32(element).u64(n).get()), Contains("file: k: counts"));
  }
}

TEST_CASE("each lying field is named", "[models]") {
  CHECK_THAT(message("GGML"), Contains("file: magic"));
  CHECK_THAT(message("GG"), Contains("file: magic: the file ends here"));
  CHECK_THAT(message("GGUF" + Bytes().u32(2).get()), Contains("version: is 2, expected 3"));
  CHECK_THAT(message(key("k").u32(13).u32(0).get()), Contains("k: has value type 13"));
  CHECK_THAT(message(key("k").u32(7).put<std::uint8_t>(2).get()), Contains("k: is a bool"));
  CHECK_THAT(message(key("k").u32(9).u32(9).u64(0).get()), Contains("k: is an array of arrays"));
  CHECK_THAT(message(key("").u32(4).u32(0).get()), Contains("no name"));
  CHECK_THAT(message(key("a\nb").u32(7).put<std::uint8_t>(2).get()), Contains("a?b: is a bool"));
  CHECK_THAT(message(Bytes().head(0, 2).str("k").u32(4).u32(0).str("k").u32(4).u32(0).get()),
             Contains("k: the key appears twice"));
  for (const std::uint32_t bad : {0u, 1u, 4u, 24u, 1u << 17})
    CHECK_THAT(message(key("general.alignment").u32(4).u32(bad).get()),
               Contains("general.alignment: is"));
}

std::string one_tensor(const std::vector<std::uint64_t>& shape, std::uint32_t type,
                       std::uint64_t offset, std::size_t room) {
  return message(Bytes().head(1, 0).tensor("t", shape, type, offset).pad().data(room).get());
}

TEST_CASE("each lying tensor is named", "[models]") {
  CHECK(one_tensor({8}, 0, 0, 32).empty());
  CHECK_THAT(one_tensor({8}, 0, 0, 31), Contains("tensor t: needs 32 bytes at data offset 0"));
  CHECK(one_tensor({8}, 0, 32, 64).empty());
  CHECK_THAT(one_tensor({8}, 0, 16, 64), Contains("tensor t: offset 16"));
  CHECK_THAT(one_tensor({8}, 0, std::uint64_t{0} - 32, 64), Contains("tensor t: needs"));
  CHECK_THAT(one_tensor({}, 0, 0, 32), Contains("tensor t: has 0 dimensions"));
  CHECK_THAT(one_tensor({1, 1, 1, 1, 1}, 0, 0, 32), Contains("tensor t: has 5 dimensions"));
  CHECK_THAT(one_tensor({0}, 0, 0, 32), Contains("tensor t: has an impossible extent, 0"));
  CHECK_THAT(one_tensor({std::uint64_t{1} << 32, std::uint64_t{1} << 32}, 0, 0, 32),
             Contains("tensor t: has an impossible extent"));
  CHECK_THAT(one_tensor({8}, 6, 0, 32),
             Contains("tensor t: has tensor type 6, Q5_0; this program reads F32 (0), F16 (1)"));
  CHECK_THAT(one_tensor({8}, 40, 0, 32), Contains("has tensor type 40, NVFP4; this program"));
  CHECK_THAT(one_tensor({8}, 4, 0, 32),
             Contains("tensor t: has tensor type 4; this program reads F32 (0)"));
  CHECK_THAT(one_tensor({8}, 0xFFFFFFFF, 0, 32), Contains("tensor t: has tensor type"));
  CHECK_THAT(one_tensor({96, 2}, 36, 0, 128),
             Contains("tensor t: I2_S needs columns in multiples of 64, found 96"));
  CHECK_THAT(one_tensor({64, 33}, 38, 0, 1024), Contains("tensor t: TL1 cannot hold 33 rows"));
  CHECK_THAT(one_tensor({128, 32}, 39, 0, 2048),
             Contains("tensor t: TL2 cannot hold 32 rows of 128; in files of llama.cpp, tensor "
                      "type 39 is MXFP4"));
  CHECK_THAT(one_tensor({255, 2}, 34, 0, 64),
             Contains("tensor t: TQ1_0 needs columns in multiples of 256, found 255"));
  CHECK_THAT(one_tensor({128, 2}, 35, 0, 64),
             Contains("tensor t: TQ2_0 needs columns in multiples of 256, found 128"));
  CHECK(one_tensor({128}, 36, 0, 64).empty());
  CHECK_THAT(one_tensor({128}, 36, 0, 63), Contains("tensor t: needs 64 bytes"));
  Bytes two;
  two.head(2, 0).tensor("a", {8}, 0, 0).tensor("b", {9}, 0, 32).pad().data(68);
  CHECK(message(two.get()).empty());
  Bytes same;
  same.head(2, 0).tensor("a", {8}, 0, 0).tensor("a", {8}, 0, 32).pad().data(64);
  CHECK_THAT(message(same.get()), Contains("tensor a: the name appears twice"));
  Bytes over;
  over.head(2, 0).tensor("a", {9}, 0, 0).tensor("b", {8}, 0, 32).pad().data(64);
  CHECK_THAT(message(over.get()), Contains("tensor b: overlaps tensor a"));
}

TEST_CASE("a key that is missing or of another type is named", "[models]") {
  const std::string bytes = sample();
  const Gguf f = parse(bytes);
  CHECK_THROWS_WITH(f.number("none"), Contains("file: none: the key is missing"));
  CHECK_THROWS_WITH(f.number("text"), Contains("file: text: expected an integer"));
  CHECK_THROWS_WITH(f.real("n"), Contains("file: n: expected a floating-point number"));
  CHECK_THROWS_WITH(f.text("n"), Contains("file: n: expected a string"));
  CHECK_THROWS_WITH(f.boolean("n"), Contains("file: n: expected a bool"));
  CHECK_THROWS_WITH(f.strings("n"), Contains("file: n: expected an array"));
  CHECK_THROWS_WITH(f.strings("halves"), Contains("file: halves: expected an array of strings"));
  const std::string negative = key("k").u32(5).put<std::int32_t>(-5).get();
  CHECK_THROWS_WITH(parse(negative).number("k"), Contains("file: k: is -5"));
  const std::string infinite = key("k").u32(6).put(INFINITY).get();
  CHECK_THROWS_WITH(parse(infinite).real("k"), Contains("file: k: is not finite"));
}

}  // namespace
}  // namespace tern::models
