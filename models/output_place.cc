// SPDX-License-Identifier: Apache-2.0

#include "models/output_place.h"

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "models/descriptor.h"

namespace tern::models {
namespace {

namespace fs = std::filesystem;

// The number of the open file that `place` is the name of, or -1.
int descriptor_of(const fs::path& place) {
  std::error_code error;
  const fs::path folder = fs::canonical("/proc/self/fd", error);
  if (error || place.parent_path() != folder) return -1;
  const std::string name = place.filename().string();
  int number = -1;
  const auto [end, wrong] = std::from_chars(name.data(), name.data() + name.size(), number);
  return wrong == std::errc() && end == name.data() + name.size() ? number : -1;
}

}  // namespace

OutputPlace output_place(const std::string& path) {
  OutputPlace out{path};
  std::error_code error;
  fs::path place = fs::absolute(path, error);
  for (int links = 0; !error; ++links) {
    if (links > 40) fail_file(path, "cannot write", ELOOP);
    out.target = place.string();
    const fs::path folder = fs::canonical(place.parent_path(), error);
    if (error) break;  // opening it will say so
    place = folder / place.filename();
    out.target = place.string();
    // Behind this link is the name of a file, whose place in the output would be lost.
    out.descriptor = descriptor_of(place);
    if (out.descriptor >= 0) return out;
    if (!fs::is_symlink(fs::symlink_status(place, error))) break;
    place = folder / fs::read_symlink(place, error);
  }
  const fs::file_status status = fs::status(out.target, error);
  out.special = fs::exists(status) && !fs::is_regular_file(status);
  return out;
}

}  // namespace tern::models
