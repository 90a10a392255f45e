// SPDX-License-Identifier: Apache-2.0
//
// State space: files by hand and of random models; every kind of lying header; files cut at every
// offset; random damage.
// Parameters: none.

#include "models/safetensors.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "tests/models/hf_files.h"
#include "tests/models/tiny_model.h"

namespace tern::models {
namespace {

using Catch::Contains;
using nlohmann::json;

// Exactly these bytes, so that the address sanitizer finds a read past them.
struct Exact {
  explicit Exact(const std::string& text)
      : bytes(std::as_bytes(std::span(text)).begin(), std::as_bytes(std::span(text)).end()) {}
  std::vector<std::byte> bytes;
};

std::string with_header(const std::string& header, std::size_t data) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + std::string(data, 'x');
}

// "" when the file is read.
std::string message(const std::string& file) {
  const Exact exact(file);
  try {
    Safetensors::parse(exact.bytes, "file");
  } catch (const std::runtime_error& e) {
    const std::string text = e.what();
    CHECK(text.starts_with("file: "));
    CHECK(text.find('\n') == std::string::npos);
    return text;
  }
  return "";
}

std::string one(const std::string& info, std::size_t data) {
  return message(with_header("{\"t\":" + info + "}", data));
}

TEST_CASE("tensors are found where their offsets say", "[models]") {
  const std::string text = with_header(
      R"({"b":{"dtype":"F16","shape":[2,3],"data_offsets":[4,16]},"__metadata__":{"format":"pt"},)"
      R"("a":{"shape":[],"data_offsets":[0,4],"dtype":"F32"}})",
      16);
  const Exact exact(text);
  const Safetensors file = Safetensors::parse(exact.bytes, "file");
  REQUIRE(file.tensors().size() == 2);
  CHECK(file.tensors()[0].name == "a");  // as they lie
  const SafeTensor* b = file.find("b");
  REQUIRE(b != nullptr);
  CHECK(b->dtype == "F16");
  CHECK(b->shape == std::vector<std::uint64_t>{2, 3});
  CHECK(b->elements() == 6);
  CHECK(b->data.data() == exact.bytes.data() + exact.bytes.size() - 12);
  CHECK(b->data.size() == 12);
  CHECK(file.find("a")->elements() == 1);
  CHECK(file.find("c") == nullptr);
  CHECK(message(with_header("{}  ", 0)).empty());  // blanks pad a header
}

TEST_CASE("each dtype has the bytes of its name", "[models]") {
  for (const auto& [dtype, bytes] : {std::pair{"F64", 8u},
                                     {"F32", 4u},
                                     {"F16", 2u},
                                     {"BF16", 2u},
                                     {"F8_E4M3", 1u},
                                     {"F8_E5M2", 1u},
                                     {"I64", 8u},
                                     {"I32", 4u},
                                     {"I16", 2u},
                                     {"I8", 1u},
                                     {"U64", 8u},
                                     {"U32", 4u},
                                     {"U16", 2u},
                                     {"U8", 1u},
                                     {"BOOL", 1u}}) {
    INFO(dtype);
    CHECK(safetensors_bits(dtype) == 8 * bytes);
    const auto info = [&](unsigned end) {
      return json{{"dtype", dtype}, {"shape", {3}}, {"data_offsets", {0, end}}}.dump();
    };
    CHECK(one(info(3 * bytes), 24).empty());
    CHECK_THAT(one(info(3 * bytes - 1), 24), Contains("tensor t: has"));
  }
  CHECK(safetensors_bits("F4") == 0);
}

TEST_CASE("each lie of a header is named", "[models]") {
  CHECK_THAT(message(""), Contains("header: the file ends before its length"));
  CHECK_THAT(message(std::string(7, 'x')), Contains("the file ends before its length"));
  CHECK_THAT(message("\x09" + std::string(7, '\0') + "{}" + std::string(6, ' ')),
             Contains("length of 9 bytes"));
  CHECK_THAT(message(std::string(8, '\xff') + "{}"), Contains("this is no safetensors file"));
  CHECK_THAT(message(with_header("", 0)), Contains("header: is no JSON at byte"));
  CHECK_THAT(message(with_header("{", 0)), Contains("header: is no JSON at byte"));
  CHECK_THAT(message(with_header("{} x", 0)), Contains("is no JSON"));
  CHECK_THAT(message(with_header("[]", 0)), Contains("header: is an array, no object"));
  CHECK_THAT(message(with_header("7", 0)), Contains("header: is a number, no object"));
  CHECK_THAT(message(with_header("{\"__metadata__\":{\"a\":1}}", 0)), Contains("has a number"));
  CHECK_THAT(message(with_header("{\"__metadata__\":{},\"__metadata__\":{}}", 0)),
             Contains("__metadata__ twice"));

  CHECK_THAT(one("7", 0), Contains("tensor t: has a number where"));
  CHECK_THAT(one("{}", 0), Contains("tensor t: lacks one of dtype, shape and data_offsets"));
  const std::string f = R"("dtype":"F32")", s = R"("shape":[1])", o = R"("data_offsets":[0,4])";
  CHECK(one("{" + f + "," + s + "," + o + "}", 4).empty());
  CHECK_THAT(one("{" + f + "," + s + "," + o + "}", 3),
             Contains("bytes 0 to 4 of the data, the file has 3"));
  CHECK_THAT(one("{" + f + "," + s + "}", 4), Contains("lacks one of"));
  CHECK_THAT(one("{" + f + "," + f + "," + s + "}", 4), Contains("has dtype twice"));
  CHECK_THAT(one("{" + f + "," + s + "," + o + ",\"x\":1}", 4), Contains("unknown field 'x'"));
  CHECK_THAT(one(R"({"dtype":"F31",)" + s + "," + o + "}", 4), Contains("unknown dtype 'F31'"));
  CHECK_THAT(one(R"({"dtype":32,)" + s + "," + o + "}", 4), Contains("has a number where"));
  CHECK_THAT(one("{" + f + R"(,"shape":[-1],)" + o + "}", 4), Contains("has a negative number"));
  CHECK_THAT(one("{" + f + R"(,"shape":[1.0],)" + o + "}", 4), Contains("has a fraction"));
  CHECK_THAT(one("{" + f + R"(,"shape":[0],)" + o + "}", 4), Contains("impossible extent, 0"));
  CHECK_THAT(one("{" + f + R"(,"shape":[4294967296,4294967296],)" + o + "}", 4),
             Contains("impossible extent"));
  CHECK_THAT(one("{" + f + R"(,"shape":[18446744073709551617],)" + o + "}", 4),
             Contains("has a fraction"));
  CHECK_THAT(one("{" + f + R"(,"shape":[1,1,1,1,1,1,1,1,1],)" + o + "}", 4),
             Contains("lists too many numbers"));
  CHECK_THAT(one("{" + f + R"(,"shape":[[1]],)" + o + "}", 4), Contains("has an array where"));
  CHECK_THAT(one("{" + f + "," + s + R"(,"data_offsets":[4]})", 4), Contains("no pair"));
  CHECK_THAT(one("{" + f + "," + s + R"(,"data_offsets":[0,4,4]})", 4), Contains("too many"));
  CHECK_THAT(one("{" + f + "," + s + R"(,"data_offsets":[4,0]})", 4), Contains("bytes 4 to 0"));
  CHECK_THAT(one("{" + f + "," + s + R"(,"data_offsets":[18446744073709551612,4]})", 4),
             Contains("of the data"));
  const std::string t = "{" + f + "," + s + "," + o + "}";
  CHECK_THAT(message(with_header("{\"t\":" + t + ",\"t\":" + t + "}", 4)), Contains("tensor t: "));
  CHECK_THAT(message(with_header("{\"t\":" + t + ",\"u\":" + t + "}", 4)),
             Contains("overlaps tensor"));
  CHECK_THAT(
      message(with_header(
          "{\"t\":" + t + R"(,"t":{"dtype":"U8","shape":[1],)" + R"("data_offsets":[4,5]}})", 5)),
      Contains("tensor t: the name appears twice"));
  // Depth is not followed.
  CHECK_THAT(message(with_header(std::string(100000, '['), 0)), Contains("header: is an array"));
  CHECK_THAT(one(std::string(100000, '{'), 0), Contains("file: "));
}

TEST_CASE("a damaged safetensors file is refused or read but never crashes", "[models]") {
  Config c = tiny_config();
  c.vocab = c.dim = c.ffn = 8;
  c.heads = c.kv_heads = 1;
  c.head_dim = 8;
  const std::string text = hf_tensors(random_master(c, 1), HfLinears::kPacked, "BF16").text();
  REQUIRE(message(text).empty());
  for (std::size_t n = 0; n < text.size(); ++n) REQUIRE_FALSE(message(text.substr(0, n)).empty());
  std::uint64_t head = 0;
  std::memcpy(&head, text.data(), sizeof head);
  std::mt19937 rng(5);
  std::size_t refused = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string damaged = text;
    for (auto n = 1 + rng() % 3; n > 0; --n)
      damaged[rng() % (8 + head)] = static_cast<char>(rng() % 256);
    refused += !message(damaged).empty();
  }
  CHECK(refused > 2500);
}

}  // namespace
}  // namespace tern::models
