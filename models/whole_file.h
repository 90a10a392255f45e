// SPDX-License-Identifier: Apache-2.0
//
// Files read as a whole without a copy, and written whole or not at all.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tern::models {

// The bytes of a regular file, mapped read-only; they live as long as a copy of the pointer.
// Throws std::runtime_error naming the file.
struct MappedFile {
  std::shared_ptr<const void> owner;
  std::span<const std::byte> bytes;
};
MappedFile map_file(const std::string& path);

// Gives back the memory of the whole pages within [at, at + bytes) of a mapped file. The bytes
// remain readable: whoever reads them gets them from the file again.
void drop_pages(const void* at, std::size_t bytes) noexcept;

// Copies [at, at + bytes), of a mapped file or of any memory, to `to`. From a file it is read, not
// mapped: for a row here and there, where a page fault takes longer (some 4 us, and 64 KB of
// memory) than the copy. False where the file no longer has the bytes. Any thread.
bool copy_bytes(const void* at, std::size_t bytes, void* to) noexcept;

// A file that is written piece by piece into a temporary file beside `path`; finish() syncs it and
// renames it over `path`. Destroyed before that it leaves `path` as it was and nothing beside it.
// Where `path` is a link, all this is done to what it leads to. What is no regular file (a pipe, a
// device) is written in place, and so is a file that this process has open (/dev/stdout).
// Each throws std::runtime_error naming `path`; std::system_error where the system refused, so that
// a pipe that nobody reads (EPIPE) can be told from other failures.
class WholeFile {
 public:
  explicit WholeFile(const std::string& path);
  ~WholeFile();
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;

  void write(std::string_view part);
  void write(std::span<const std::byte> part) {
    write(std::string_view(reinterpret_cast<const char*>(part.data()), part.size()));
  }
  std::uint64_t written() const { return written_; }
  void finish();

 private:
  std::string path_, target_, temporary_;  // the latter two empty: written in place
  int fd_ = -1;
  std::uint64_t written_ = 0;
};

// The same for a directory: files are written into path_of(name); finish() renames the whole.
// `path` may be an empty directory but hold nothing, which would be lost.
class WholeDirectory {
 public:
  explicit WholeDirectory(const std::string& path);
  ~WholeDirectory();
  WholeDirectory(const WholeDirectory&) = delete;
  WholeDirectory& operator=(const WholeDirectory&) = delete;

  std::string path_of(const std::string& name) const;
  void finish();

 private:
  std::string path_, target_, temporary_;
};

// The parts one after the other through a WholeFile.
void write_whole_file(const std::string& path, std::span<const std::string_view> parts);
void write_whole_file(const std::string& path, std::string_view contents);

// Throws std::runtime_error where write_whole_file would have to: ask before hours of work.
void check_writable(const std::string& path);

// The same for a WholeDirectory.
void check_writable_directory(const std::string& path);

// The files that a command may write, each with the option that names it; a path may be empty: not
// wanted. Throws as check_writable() does, and where two options name one file, which the later one
// would replace or follow, or an option one of `inputs`.
struct OutputFile {
  std::string_view option;  // "--json"
  std::string path;
};
void check_outputs(const std::vector<OutputFile>& outputs,
                   const std::vector<std::string>& inputs = {});
// Only the names, which may also be directories.
void check_apart(const std::vector<OutputFile>& outputs, const std::vector<std::string>& inputs);

}  // namespace tern::models
