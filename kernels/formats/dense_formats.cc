// SPDX-License-Identifier: Apache-2.0

#include "kernels/formats/dense_formats.h"

#include <array>
#include <cstring>
#include <stdexcept>
#include <string>

#include "kernels/bf16.h"
#include "kernels/dense/q4_0.h"
#include "kernels/f16.h"
#include "kernels/formats/dense_layouts.h"

namespace tern::kernels {
namespace {

template <typename Word, Word kExponent>
bool words_sound(const std::uint8_t* in, std::size_t n) noexcept {
  unsigned bad = 0;
  for (std::size_t i = 0; i < n; ++i) {
    Word word;
    std::memcpy(&word, in + i * sizeof word, sizeof word);
    bad |= (word & kExponent) == kExponent ? 1u : 0u;
  }
  return bad == 0;
}

void f32_unpack(const std::uint8_t* in, std::size_t n, float* out) noexcept {
  std::memcpy(out, in, n * sizeof(float));
}

void f32_pack(const float* in, std::size_t n, std::uint8_t* out) noexcept {
  std::memcpy(out, in, n * sizeof(float));
}

constexpr std::size_t kRun = 256;  // words that pass through aligned memory at a time

template <void (*kConvert)(const std::uint16_t*, std::size_t, float*) noexcept>
void half_unpack(const std::uint8_t* in, std::size_t n, float* out) noexcept {
  std::uint16_t words[kRun];
  for (std::size_t i = 0; i < n; i += kRun) {
    const std::size_t some = n - i < kRun ? n - i : kRun;
    std::memcpy(words, in + 2 * i, 2 * some);
    kConvert(words, some, out + i);
  }
}

template <void (*kConvert)(const float*, std::size_t, std::uint16_t*) noexcept>
void half_pack(const float* in, std::size_t n, std::uint8_t* out) noexcept {
  std::uint16_t words[kRun];
  for (std::size_t i = 0; i < n; i += kRun) {
    const std::size_t some = n - i < kRun ? n - i : kRun;
    kConvert(in + i, some, words);
    std::memcpy(out + 2 * i, words, 2 * some);
  }
}

constexpr std::array kTable = {
    DenseFormat{"f32", 1, 4, f32_unpack, f32_pack, words_sound<std::uint32_t, 0x7F800000u>},
    DenseFormat{"f16", 1, 2, half_unpack<f16_to_f32>, half_pack<f32_to_f16>,
                words_sound<std::uint16_t, 0x7C00>},
    DenseFormat{"bf16", 1, 2, half_unpack<bf16_to_f32>, half_pack<f32_to_bf16>,
                words_sound<std::uint16_t, 0x7F80>},
    DenseFormat{"q8_0", q8_0::kBlock, q8_0::kBlockBytes, q8_0::unpack, q8_0::pack, q8_0::sound},
    DenseFormat{"q4_0", kQ4Group, kQ4GroupBytes, q4_0::unpack, q4_0::pack, q4_0::sound},
    DenseFormat{"q4_k", q4_k::kBlock, q4_k::kBlockBytes, q4_k::unpack, q4_k::pack, q4_k::sound},
    DenseFormat{"q6_k", q6_k::kBlock, q6_k::kBlockBytes, q6_k::unpack, q6_k::pack, q6_k::sound},
};

}  // namespace

std::span<const DenseFormat> dense_formats() noexcept { return kTable; }

const DenseFormat& dense_format(std::string_view name) {
  std::string names;
  for (const DenseFormat& format : kTable) {
    if (format.name == name) return format;
    names += (names.empty() ? "" : ", ") + std::string(format.name);
  }
  throw std::runtime_error("no dense format '" + std::string(name) + "', expected one of " + names);
}

}  // namespace tern::kernels
