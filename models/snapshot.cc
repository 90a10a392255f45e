// SPDX-License-Identifier: Apache-2.0
//
// Layout, all little-endian: magic, length of the identity, identity, step, number of parameters
// (u64 each but the text), parameters and both moments as float32, and a checksum of all before.

#include "models/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string_view>

#include "models/whole_file.h"

namespace tern::models {
namespace {

constexpr std::uint64_t kMagic = 0x3250414e534e5254;  // "TRNSNAP2"
constexpr std::string_view kRemedy = "; remove the file to start anew";

template <typename T>
std::string_view bytes_of(const T* data, std::size_t n) {
  return {reinterpret_cast<const char*>(data), n * sizeof(T)};
}

// FNV-1a by 8-byte words, the last one padded with zeros.
std::uint64_t checksum(std::uint64_t sum, std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, std::min<std::size_t>(8, bytes.size() - i));
    sum = (sum ^ word) * 0x100000001b3;
  }
  return sum;
}
constexpr std::uint64_t kChecksumStart = 0xcbf29ce484222325;

}  // namespace

void write_snapshot(const std::string& path, const std::string& identity, const TrainState& state) {
  const std::uint64_t head[] = {kMagic, identity.size()};
  const std::uint64_t sizes[] = {state.step, state.parameters.size()};
  std::uint64_t sum = kChecksumStart;
  const std::string_view parts[] = {
      bytes_of(head, 2),
      identity,
      bytes_of(sizes, 2),
      bytes_of(state.parameters.data(), state.parameters.size()),
      bytes_of(state.first.data(), state.first.size()),
      bytes_of(state.second.data(), state.second.size()),
      bytes_of(&sum, 1),
  };
  for (const std::string_view part : std::span(parts).first(6)) sum = checksum(sum, part);
  write_whole_file(path, parts);
}

bool read_snapshot(const std::string& path, const std::string& identity, std::size_t size,
                   TrainState& state) {
  if (!std::filesystem::exists(path)) return false;
  const MappedFile file = map_file(path);
  std::size_t at = 0;
  std::uint64_t sum = kChecksumStart;
  const auto take = [&](void* out, std::size_t n) {
    if (n > file.bytes.size() - at)
      throw std::runtime_error(fmt::format("{}: the snapshot is cut short{}", path, kRemedy));
    std::memcpy(out, file.bytes.data() + at, n);
    at += n;
    // Word by word as it was written: head and sizes are two words each.
    sum = checksum(sum, {static_cast<const char*>(out), n});
  };
  const auto number = [&take] {
    std::uint64_t n = 0;
    take(&n, sizeof n);
    return n;
  };
  if (number() != kMagic)
    throw std::runtime_error(fmt::format("{}: not a snapshot of tern train{}", path, kRemedy));
  std::string written(std::min<std::uint64_t>(number(), 4096), '\0');
  take(written.data(), written.size());
  if (written != identity)
    throw std::runtime_error(fmt::format("{}: snapshot of another run ('{}', now '{}'){}", path,
                                         written, identity, kRemedy));
  TrainState read;
  read.step = number();
  if (const std::uint64_t n = number(); n != size)
    throw std::runtime_error(
        fmt::format("{}: {} parameters found, {} expected{}", path, n, size, kRemedy));
  for (auto* v : {&read.parameters, &read.first, &read.second}) {
    v->resize(size);
    take(v->data(), size * sizeof(float));
  }
  const std::uint64_t expected = sum;
  if (number() != expected)
    throw std::runtime_error(fmt::format("{}: the snapshot is damaged{}", path, kRemedy));
  state = std::move(read);
  return true;
}

}  // namespace tern::models
