// SPDX-License-Identifier: Apache-2.0

#include "kernels/dense/q4_0.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "kernels/f16.h"
#include "kernels/formats/dense_layouts.h"
#include "kernels/formats/formats.h"

namespace tern::kernels {

namespace {

std::size_t checked_bytes(std::size_t rows, std::size_t cols, const std::string& tensor) {
  if (const std::string problem = multiple_problem("columns", kQ4Group, cols); !problem.empty())
    throw std::runtime_error(tensor + ": Q4_0 " + problem);
  return rows * (cols / kQ4Group) * kQ4GroupBytes;
}

f16 scale_of(const std::uint8_t* group) { return static_cast<f16>(group[0] | group[1] << 8); }

void check_scale(f16 d, std::size_t weight, const std::string& tensor) {
  const float scale = f16_to_f32(d);
  if (!std::isfinite(scale))
    throw std::runtime_error(tensor + ": weight " + std::to_string(weight) +
                             ": the Q4_0 scale of its group is " + std::to_string(scale) +
                             ", not a finite number; convert the tensor again");
}

void pack_group(const float* w, std::uint8_t* group) {
  float most = 0.0f;
  for (std::size_t i = 0; i < kQ4Group; ++i)
    if (std::isnan(w[i]) || std::fabs(w[i]) > std::fabs(most)) most = w[i];
  const float scale = most / -8.0f;
  const float inverse = scale != 0.0f ? 1.0f / scale : 0.0f;
  const f16 d = f32_to_f16(scale);
  group[0] = static_cast<std::uint8_t>(d & 0xff);
  group[1] = static_cast<std::uint8_t>(d >> 8);
  std::fill(group + 2, group + kQ4GroupBytes, std::uint8_t{0x88});
  if (!std::isfinite(f16_to_f32(d)) || !std::isfinite(inverse)) return;
  // Every w * inverse is within [-8, 8] but for rounding, so the sum truncates to 0..16.
  const auto nibble = [&](float x) {
    return static_cast<unsigned>(std::clamp(x * inverse + 8.5f, 0.0f, 15.0f));
  };
  for (std::size_t i = 0; i < kQ4Group / 2; ++i)
    group[2 + i] = static_cast<std::uint8_t>(nibble(w[i]) | nibble(w[i + kQ4Group / 2]) << 4);
}

void unpack_group(const std::uint8_t* group, float* w) {
  const float d = f16_to_f32(scale_of(group));
  for (std::size_t i = 0; i < kQ4Group / 2; ++i) {
    w[i] = d * static_cast<float>((group[2 + i] & 15) - 8);
    w[i + kQ4Group / 2] = d * static_cast<float>((group[2 + i] >> 4) - 8);
  }
}

}  // namespace

namespace q4_0 {

void unpack(const std::uint8_t* in, std::size_t n, float* out) noexcept {
  for (std::size_t g = 0; g < n; g += kQ4Group, in += kQ4GroupBytes) unpack_group(in, out + g);
}

void pack(const float* in, std::size_t n, std::uint8_t* out) noexcept {
  for (std::size_t g = 0; g < n; g += kQ4Group, out += kQ4GroupBytes) pack_group(in + g, out);
}

bool sound(const std::uint8_t* in, std::size_t n) noexcept {
  bool finite = true;
  for (std::size_t g = 0; g < n; g += kQ4Group, in += kQ4GroupBytes) finite &= finite_f16(in);
  return finite;
}

}  // namespace q4_0

std::vector<std::uint8_t> pack_q4_0(const float* w, std::size_t rows, std::size_t cols,
                                    const std::string& tensor) {
  std::vector<std::uint8_t> bytes(checked_bytes(rows, cols, tensor));
  for (std::size_t g = 0; g * kQ4GroupBytes < bytes.size(); ++g) {
    std::uint8_t* group = bytes.data() + g * kQ4GroupBytes;
    pack_group(w + g * kQ4Group, group);
    check_scale(scale_of(group), g * kQ4Group, tensor);
  }
  return bytes;
}

std::vector<float> unpack_q4_0(std::span<const std::uint8_t> bytes, std::size_t rows,
                               std::size_t cols, const std::string& tensor) {
  const std::size_t expected = checked_bytes(rows, cols, tensor);
  if (bytes.size() != expected)
    throw std::runtime_error(tensor + ": " + std::to_string(bytes.size()) + " bytes, but Q4_0 of " +
                             std::to_string(rows) + " x " + std::to_string(cols) + " has " +
                             std::to_string(expected) + "; the file is cut short or mislabelled");
  std::vector<float> w(rows * cols);
  for (std::size_t g = 0; g * kQ4GroupBytes < bytes.size(); ++g) {
    const std::uint8_t* group = bytes.data() + g * kQ4GroupBytes;
    check_scale(scale_of(group), g * kQ4Group, tensor);
    unpack_group(group, w.data() + g * kQ4Group);
  }
  return w;
}

}  // namespace tern::kernels
