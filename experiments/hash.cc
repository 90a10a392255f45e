// SPDX-License-Identifier: Apache-2.0

#include "experiments/hash.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <new>
#include <stdexcept>
#include <vector>

#include "models/whole_file.h"

namespace tern::experiments {
namespace {

namespace fs = std::filesystem;

// What of a Hugging Face checkpoint is read.
std::string hash_of_directory(const std::string& path) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(path))
    if (entry.is_regular_file() &&
        (entry.path().extension() == ".safetensors" || entry.path().extension() == ".json" ||
         entry.path().extension() == ".model"))
      files.push_back(entry.path().filename());
  std::sort(files.begin(), files.end());
  std::string all;
  for (const std::string& name : files) all += name + ' ' + hash_of_file(path + '/' + name) + '\n';
  return hex(hash_bytes(all.data(), all.size()));
}

}  // namespace

std::uint64_t hash_bytes(const void* bytes, std::size_t n) noexcept {
  return XXH3_64bits(bytes, n);
}

std::string hash_of_file(const std::string& path) {
  if (fs::is_directory(path)) return hash_of_directory(path);
  const models::MappedFile file = models::map_file(path);
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       XXH3_freeState);
  if (state == nullptr) throw std::bad_alloc();
  XXH3_64bits_reset(state.get());
  // Read into what the cache holds, not through the mapping: the page faults of gigabytes take
  // longer than the copy, and their pages memory.
  std::vector<std::byte> part(std::size_t{256} << 10);
  for (std::size_t at = 0; at < file.bytes.size(); at += part.size()) {
    const std::size_t n = std::min(part.size(), file.bytes.size() - at);
    if (!models::copy_bytes(file.bytes.data() + at, n, part.data()))
      throw std::runtime_error(path + ": cannot be read, or became shorter meanwhile");
    XXH3_64bits_update(state.get(), part.data(), n);
  }
  return hex(XXH3_64bits_digest(state.get()));
}

std::string hex(std::uint64_t value) { return fmt::format("{:016x}", value); }

}  // namespace tern::experiments
