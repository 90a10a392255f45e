// SPDX-License-Identifier: Apache-2.0
//
// State space: the ternary matrices of the reference implementation's tiny models, which other
// programs have written in three layouts (shared/golden/README.md): uint8 as safetensors, TQ1_0
// and TQ2_0 as GGUF. The same trits in all, equal bytes when packed again.
// Parameters: the files.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>

#include "kernels/formats/formats.h"
#include "models/gguf.h"
#include "models/whole_file.h"
#include "tests/models/golden.h"
#include "tests/models/temp_folder.h"

namespace tern::models {
namespace {

using nlohmann::json;
using Bytes = std::vector<std::uint8_t>;

class Safetensors {
 public:
  explicit Safetensors(const std::filesystem::path& path) : bytes_(read_file(path)) {
    std::memcpy(&header_, bytes_.data(), sizeof header_);
    info_ = json::parse(bytes_.substr(8, header_));
  }
  const json& info(const std::string& name) const { return info_.at(name); }
  Bytes data(const std::string& name) const {
    const auto begin = info(name)["data_offsets"][0].get<std::size_t>();
    const auto end = info(name)["data_offsets"][1].get<std::size_t>();
    const std::string part = bytes_.substr(8 + header_ + begin, end - begin);
    return {part.begin(), part.end()};
  }
  float bf16(const std::string& name) const {
    const Bytes two = data(name);
    REQUIRE(two.size() == 2);
    const std::uint32_t bits = std::uint32_t{two[0]} << 16 | std::uint32_t{two[1]} << 24;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

 private:
  std::string bytes_;
  std::uint64_t header_ = 0;
  json info_;
};

constexpr std::pair<const char*, const char*> kNames[] = {
    {"attn_q", "self_attn.q_proj"}, {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"}, {"attn_output", "self_attn.o_proj"},
    {"ffn_gate", "mlp.gate_proj"},  {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
};

TEST_CASE("TQ1_0 TQ2_0 and uint8 files of one model hold the same trits and scales",
          "[models][golden]") {
  const auto folder = golden("bitnet-packed");
  if (!folder) return;
  const Safetensors reference(*folder / "model.safetensors");
  const kernels::TernaryFormat& hf = kernels::ternary_format("hf_u8");
  for (const auto& [file_name, format_name] :
       {std::pair{"model-tq1_0.gguf", "tq1_0"}, {"model-tq2_0.gguf", "tq2_0"}}) {
    const MappedFile mapped = map_file(*folder / file_name);
    const Gguf file = Gguf::parse(mapped.bytes, file_name);
    const kernels::TernaryFormat& format = kernels::ternary_format(format_name);
    std::size_t compared = 0;
    for (std::size_t layer = 0; layer < 2; ++layer)
      for (const auto& [gguf_name, hf_name] : kNames) {
        const std::string name = "model.layers." + std::to_string(layer) + "." + hf_name;
        const GgufTensor* t =
            file.find_tensor("blk." + std::to_string(layer) + "." + gguf_name + ".weight");
        REQUIRE(t != nullptr);
        REQUIRE(reference.info(name + ".weight")["dtype"] == "U8");
        const std::size_t cols = t->shape[0], rows = t->shape[1];
        INFO(file_name << " " << t->name << " " << rows << " x " << cols);
        const Bytes packed = reference.data(name + ".weight");
        const kernels::Trits expected = kernels::unpack_tensor(hf, packed, rows, cols, name);
        const Bytes tq(reinterpret_cast<const std::uint8_t*>(t->data.data()),
                       reinterpret_cast<const std::uint8_t*>(t->data.data()) + t->data.size());
        const kernels::Trits found = kernels::unpack_tensor(format, tq, rows, cols, t->name);
        CHECK(found.trits == expected.trits);
        CHECK(found.scale == reference.bf16(name + ".weight_scale"));
        CHECK(kernels::pack_tensor(format, found, rows, cols, t->name) == tq);
        CHECK(kernels::pack_tensor(hf, expected, rows, cols, name) == packed);
        ++compared;
      }
    CHECK(compared == 14);
  }
}

TEST_CASE("uint8 weights of a llama model unpack and pack to the same bytes", "[models][golden]") {
  const auto folder = golden("llama-bitlinear");
  if (!folder) return;
  const Safetensors reference(*folder / "model.safetensors");
  const kernels::TernaryFormat& hf = kernels::ternary_format("hf_u8");
  for (std::size_t layer = 0; layer < 2; ++layer)
    for (const auto& [unused, hf_name] : kNames) {
      const std::string name = "model.layers." + std::to_string(layer) + "." + hf_name + ".weight";
      const Bytes packed = reference.data(name);
      const std::size_t rows = 4 * reference.info(name)["shape"][0].get<std::size_t>();
      const std::size_t cols = reference.info(name)["shape"][1];
      const kernels::Trits t = kernels::unpack_tensor(hf, packed, rows, cols, name);
      // Random weights: all three trits, none of them rare.
      for (const int trit : {-1, 0, 1})
        CHECK(static_cast<std::size_t>(std::count(t.trits.begin(), t.trits.end(), trit)) >
              rows * cols / 8);
      CHECK(kernels::pack_tensor(hf, t, rows, cols, name) == packed);
    }
}

}  // namespace
}  // namespace tern::models
