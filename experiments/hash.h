// SPDX-License-Identifier: Apache-2.0
//
// The hash that results name files, settings and outputs by: XXH3 with 64 bits, of libxxhash. Not
// against forgery.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tern::experiments {

std::uint64_t hash_bytes(const void* bytes, std::size_t n) noexcept;

// Of all bytes of a file, as `xxhsum -H3` prints it; of the files of a checkpoint where it names a
// directory. Throws std::runtime_error naming the file.
std::string hash_of_file(const std::string& path);

std::string hex(std::uint64_t value);  // 16 digits

}  // namespace tern::experiments
