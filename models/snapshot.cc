// SPDX-License-Identifier: Apache-2.0
//
// Layout, all little-endian: magic, length of the identity, identity, step, number of parameters
// (u64 each but the text), then parameters and both moments as float32.

#include "models/snapshot.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string_view>

#include "models/whole_file.h"

namespace tern::models {
namespace {

constexpr std::uint64_t kMagic = 0x3150414e534e5254;  // "TRNSNAP1"
constexpr std::string_view kRemedy = "; remove the file to start anew";

template <typename T>
std::string_view bytes_of(const T* data, std::size_t n) {
  return {reinterpret_cast<const char*>(data), n * sizeof(T)};
}

}  // namespace

void write_snapshot(const std::string& path, const std::string& identity, const TrainState& state) {
  const std::uint64_t head[] = {kMagic, identity.size()};
  const std::uint64_t sizes[] = {state.step, state.parameters.size()};
  const std::string_view parts[] = {
      bytes_of(head, 2),
      identity,
      bytes_of(sizes, 2),
      bytes_of(state.parameters.data(), state.parameters.size()),
      bytes_of(state.first.data(), state.first.size()),
      bytes_of(state.second.data(), state.second.size()),
  };
  write_whole_file(path, parts);
}

bool read_snapshot(const std::string& path, const std::string& identity, std::size_t size,
                   TrainState& state) {
  if (!std::filesystem::exists(path)) return false;
  const MappedFile file = map_file(path);
  std::size_t at = 0;
  const auto take = [&](void* out, std::size_t n) {
    if (n > file.bytes.size() - at)
      throw std::runtime_error(fmt::format("{}: the snapshot is cut short{}", path, kRemedy));
    std::memcpy(out, file.bytes.data() + at, n);
    at += n;
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
  state = std::move(read);
  return true;
}

}  // namespace tern::models
