// SPDX-License-Identifier: Apache-2.0

#include "models/whole_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "models/descriptor.h"
#include "models/output_place.h"

namespace tern::models {
namespace {

namespace fs = std::filesystem;

// The same for every spelling of one file, whether it exists or not.
std::string place_of(const std::string& path) {
  std::error_code error;
  fs::path place = fs::absolute(path, error);
  // weakly_canonical() leaves a link as it is whose target is not there yet.
  for (int links = 0; links < 40 && fs::is_symlink(fs::symlink_status(place, error)); ++links)
    place = place.parent_path() / fs::read_symlink(place, error);
  place = fs::weakly_canonical(place, error);
  return error ? path : place.string();
}

// The files that are mapped, so that copy_bytes() finds the one that an address is of.
class Mappings {
 public:
  void add(std::uintptr_t begin, std::size_t bytes, int fd) {
    const std::unique_lock lock(mutex_);
    all_[begin] = {bytes, fd};
  }
  void remove(std::uintptr_t begin) {
    const std::unique_lock lock(mutex_);
    const auto it = all_.find(begin);
    ::close(it->second.fd);
    all_.erase(it);
  }
  struct Place {
    int fd = -1;  // in no mapping
    off_t offset = 0;
  };
  Place place(std::uintptr_t at, std::size_t bytes) const {
    const std::shared_lock lock(mutex_);
    auto it = all_.upper_bound(at);
    if (it == all_.begin()) return {};
    --it;
    const std::uintptr_t offset = at - it->first;
    if (offset > it->second.bytes || bytes > it->second.bytes - offset) return {};
    return {it->second.fd, static_cast<off_t>(offset)};
  }

 private:
  struct File {
    std::size_t bytes;
    int fd;
  };
  mutable std::shared_mutex mutex_;
  std::map<std::uintptr_t, File> all_;
};

Mappings& mappings() {
  static auto* const all = new Mappings;  // outlives every mapping
  return *all;
}

std::string temporary_name(const std::string& target) {
  return target + ".tmp" + std::to_string(::getpid());
}

void check_replaceable(const std::string& directory) {
  if (directory.empty()) throw std::runtime_error("an output directory has an empty name");
  std::error_code error;
  const fs::file_status status = fs::status(directory, error);
  if (!fs::exists(status)) return;
  if (!fs::is_directory(status))
    throw std::runtime_error(directory + ": is a file, and a directory is to be written");
  if (!fs::is_empty(directory, error) || error)
    throw std::runtime_error(directory + ": is not empty: name another directory or remove it");
}

}  // namespace

void drop_pages(const void* at, std::size_t bytes) noexcept {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto address = reinterpret_cast<std::uintptr_t>(at);
  const std::uintptr_t begin = (address + page - 1) / page * page;
  const std::uintptr_t end = (address + bytes) / page * page;
  if (begin < end) (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

bool copy_bytes(const void* at, std::size_t bytes, void* to) noexcept {
  const auto [fd, offset] = mappings().place(reinterpret_cast<std::uintptr_t>(at), bytes);
  if (fd < 0) {
    std::memcpy(to, at, bytes);
    return true;
  }
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t n =
        ::pread(fd, static_cast<char*>(to) + done, bytes - done, offset + static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

MappedFile map_file(const std::string& path) {
  // Nobody may ever write to a pipe: opening it must not wait for that.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) fail_file(path, "cannot open", errno);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) fail_file(path, "cannot read", errno);
  if (!S_ISREG(info.st_mode))
    throw std::runtime_error(path + ": not a regular file; only texts may come from a pipe");
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size == 0) throw std::runtime_error(path + ": the file is empty");
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED && errno == ENOMEM)
    throw std::runtime_error(
        path + ": needs " + std::to_string((size + (1u << 20) - 1) >> 20) +
        " MiB of address space, which the system does not give; see ulimit -v");
  if (data == MAP_FAILED) fail_file(path, "cannot map", errno);
  mappings().add(reinterpret_cast<std::uintptr_t>(data), size, file.get());
  file.release();
  return {std::shared_ptr<const void>(data,
                                      [size](const void* p) {
                                        mappings().remove(reinterpret_cast<std::uintptr_t>(p));
                                        ::munmap(const_cast<void*>(p), size);
                                      }),
          {static_cast<const std::byte*>(data), size}};
}

WholeFile::WholeFile(const std::string& path) : path_(path) {
  const OutputPlace place = output_place(path);
  if (place.descriptor >= 0) {
    fd_ = ::fcntl(place.descriptor, F_DUPFD_CLOEXEC, 0);
  } else if (place.special) {
    fd_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    target_ = place.target;
    temporary_ = temporary_name(target_);
    fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  }
  if (fd_ < 0) fail_file(path_, "cannot write", errno);
}

WholeFile::~WholeFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void WholeFile::write(std::string_view part) {
  written_ += part.size();
  while (!part.empty()) {
    const ssize_t n = ::write(fd_, part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_file(path_, "cannot write", errno);
    part.remove_prefix(static_cast<std::size_t>(n));
  }
}

void WholeFile::finish() {
  if (!temporary_.empty() && ::fsync(fd_) != 0) fail_file(path_, "cannot write", errno);
  const int closed = ::close(std::exchange(fd_, -1));
  const int error = errno;
  const bool moved =
      closed == 0 && (temporary_.empty() || ::rename(temporary_.c_str(), target_.c_str()) == 0);
  if (moved) return;
  const int why = closed == 0 ? errno : error;
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  fail_file(path_, "cannot write", why);
}

WholeDirectory::WholeDirectory(const std::string& path) : path_(path) {
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  check_replaceable(path_);
  target_ = output_place(path_).target;
  const std::string temporary = temporary_name(target_);
  if (::mkdir(temporary.c_str(), 0777) != 0) fail_file(path_, "cannot write", errno);
  temporary_ = temporary;
}

WholeDirectory::~WholeDirectory() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

std::string WholeDirectory::path_of(const std::string& name) const {
  return temporary_ + "/" + name;
}

void WholeDirectory::finish() {
  const Descriptor folder(::open(temporary_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0 || ::fsync(folder.get()) != 0 ||
      ::rename(temporary_.c_str(), target_.c_str()) != 0)
    fail_file(path_, "cannot write", errno);
  temporary_.clear();
}

void write_whole_file(const std::string& path, std::span<const std::string_view> parts) {
  WholeFile file(path);
  for (const std::string_view part : parts) file.write(part);
  file.finish();
}

void write_whole_file(const std::string& path, std::string_view contents) {
  write_whole_file(path, std::span(&contents, 1));
}

void check_writable(const std::string& path) {
  if (path.empty()) throw std::runtime_error("an output file has an empty name");
  const OutputPlace place = output_place(path);
  const auto require = [&](bool writable) {
    if (!writable) fail_file(path, "cannot write", errno);
  };
  if (place.descriptor >= 0) {
    const int mode = ::fcntl(place.descriptor, F_GETFL);
    require(mode >= 0);
    if ((mode & O_ACCMODE) == O_RDONLY) fail_file(path, "cannot write", EBADF);
    return;
  }
  // Opening a pipe would wait for a reader, or tell the one there is that nothing comes.
  if (place.special && fs::is_fifo(place.target)) return require(::access(path.c_str(), W_OK) == 0);
  if (place.special) {
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    return require(file.get() >= 0);
  }
  const std::string temporary = temporary_name(place.target);
  const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  require(file.get() >= 0);
  ::unlink(temporary.c_str());
}

void check_writable_directory(const std::string& path) { const WholeDirectory probe(path); }

void check_apart(const std::vector<OutputFile>& outputs, const std::vector<std::string>& inputs) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::string_view option = outputs[i].option;
    const std::string& path = outputs[i].path;
    if (path.empty()) continue;
    // A named pipe or a terminal takes one after the other.
    const OutputPlace place = output_place(path);
    if (place.descriptor < 0 && place.special && !fs::is_directory(path)) continue;
    const auto same = [&](const std::string& other) {
      if (other.empty()) return false;
      if (place.descriptor >= 0) return output_place(other).descriptor == place.descriptor;
      return place_of(other) == place_of(path);
    };
    for (const std::string& input : inputs)
      if (place.descriptor < 0 && same(input))
        throw std::runtime_error(path + ": named by " + std::string(option) +
                                 ", which would replace what the command reads");
    for (std::size_t j = 0; j < i; ++j)
      if (same(outputs[j].path))
        throw std::runtime_error(path + ": named by " + std::string(outputs[j].option) + " and " +
                                 std::string(option) + ", which need files of their own");
  }
}

void check_outputs(const std::vector<OutputFile>& outputs, const std::vector<std::string>& inputs) {
  check_apart(outputs, inputs);
  for (const OutputFile& output : outputs)
    if (!output.path.empty()) check_writable(output.path);
}

}  // namespace tern::models
