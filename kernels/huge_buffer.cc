// SPDX-License-Identifier: Apache-2.0

#include "kernels/huge_buffer.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>

namespace tern::kernels {

namespace {

constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

// The number behind `key` in a file of "key number" lines; the file's only number for "".
std::size_t number_in(const std::string& path, const std::string& key, std::size_t otherwise) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string word;
    if (!key.empty() && (!(words >> word) || word != key)) continue;
    std::size_t number = 0;
    return words >> number ? number : otherwise;  // "max" is no number
  }
  return otherwise;
}

// How one version of control groups names things.
struct GroupFiles {
  const char *mount, *limit, *usage, *idle_files;
};
constexpr GroupFiles kVersion2 = {"", "/memory.max", "/memory.current", "inactive_file"};
constexpr GroupFiles kVersion1 = {"/memory", "/memory.limit_in_bytes", "/memory.usage_in_bytes",
                                  "total_inactive_file"};

// Bytes below the limit of a control group, pages of files that nobody uses counted as free.
std::size_t group_headroom(const std::string& folder, const GroupFiles& files) {
  const std::size_t most = number_in(folder + files.limit, "", kNoLimit);
  if (most == kNoLimit) return kNoLimit;
  const std::size_t used = number_in(folder + files.usage, "", 0);
  const std::size_t idle = number_in(folder + "/memory.stat", files.idle_files, 0);
  return most - std::min(most, used - std::min(used, idle));
}

// The least of `group` ("/user.slice/x") and of all above it but the root. What a container does
// not see of its own path limits nothing.
std::size_t least_headroom(const std::string& root, std::string group, const GroupFiles& files) {
  if (group.find("/..") != group.npos) group.clear();  // outside of what is mounted here
  std::size_t least = kNoLimit;
  for (; !group.empty(); group.erase(group.rfind('/')))
    least = std::min(least, group_headroom(root + files.mount + group, files));
  return least;
}

std::string mib(std::size_t bytes) { return std::to_string((bytes + (1u << 20) - 1) >> 20); }

[[noreturn]] void refuse(const char* what, std::size_t bytes, std::size_t there) {
  throw std::runtime_error(std::string(what) + ": needs " + mib(bytes) + " MiB of memory, " +
                           mib(there) + " MiB are available");
}

}  // namespace

std::size_t control_group_headroom(const std::string& own, const std::string& root) {
  std::size_t least = std::min(group_headroom(root + kVersion2.mount, kVersion2),
                               group_headroom(root + kVersion1.mount, kVersion1));
  std::ifstream file(own);
  for (std::string line; std::getline(file, line);) {  // "4:cpu,memory:/group", "0::/group"
    const std::size_t names = line.find(':') + 1, group = line.find(":/", names);
    if (names == 0 || group == line.npos) continue;
    const std::string controllers = "," + line.substr(names, group - names) + ",";
    const std::string path = line.substr(group + 1);
    if (controllers == ",,") least = std::min(least, least_headroom(root, path, kVersion2));
    if (controllers.find(",memory,") != controllers.npos)
      least = std::min(least, least_headroom(root, path, kVersion1));
  }
  return least;
}

namespace {

// Of ulimit -v.
std::size_t address_space_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNoLimit;
  return limit.rlim_cur;
}
std::size_t address_space_used() {
  return number_in("/proc/self/statm", "", 0) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}
std::size_t address_space_left() {
  const std::size_t limit = address_space_limit();
  return limit == kNoLimit ? kNoLimit : limit - std::min(limit, address_space_used());
}

}  // namespace

std::size_t available_memory_bytes(bool mapped) {
  const std::size_t kib = number_in("/proc/meminfo", "MemAvailable:", kNoLimit / 1024);
  return std::min({kib * 1024, control_group_headroom("/proc/self/cgroup", "/sys/fs/cgroup"),
                   mapped ? kNoLimit : address_space_left()});
}

void require_memory(std::size_t bytes, const char* what, bool mapped) {
  const std::size_t there = available_memory_bytes(mapped);
  if (bytes > there) refuse(what, bytes, there);
}

void require_addresses(std::size_t bytes, const char* what) {
  const std::size_t limit = address_space_limit();
  if (limit == kNoLimit) return;
  const std::size_t needed = address_space_used() + bytes;
  if (needed > limit)
    throw std::runtime_error(std::string(what) + ": needs " + mib(needed) +
                             " MiB of addresses with all that is there, ulimit -v allows " +
                             mib(limit) + " MiB; ulimit -v " +
                             std::to_string(((needed >> 20) + 2) << 10) + " would do");
}

void HugeBuffer::map(const char* what) {
  mapped_ = size_ + kAlignment;
  base_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base_ == MAP_FAILED) {
    base_ = nullptr;
    throw std::runtime_error(std::string(what) + ": needs " + mib(size_) +
                             " MiB of memory, which the system does not give (" +
                             std::strerror(errno) + "); see ulimit -v");
  }
  const auto at = reinterpret_cast<std::uintptr_t>(base_);
  data_ =
      static_cast<std::uint8_t*>(base_) + ((at + kAlignment - 1) / kAlignment * kAlignment - at);
  // A kernel without huge pages refuses the advice, and normal pages are what remains.
  (void)madvise(base_, mapped_, asked_ == Pages::kHuge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

HugeBuffer HugeBuffer::untouched(std::size_t bytes, const char* what) {
  HugeBuffer buffer;
  buffer.size_ = bytes;
  buffer.asked_ = Pages::kHuge;
  if (bytes != 0) buffer.map(what);
  return buffer;
}

HugeBuffer::HugeBuffer(std::size_t bytes, Pages pages, ThreadPool& pool, const char* what)
    : size_(bytes), asked_(pages) {
  require_memory(bytes, what);
  if (bytes == 0) return;
  map(what);
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t grain = pages == Pages::kHuge ? kAlignment : page;
  const auto touch = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; i += page)
      *const_cast<volatile std::uint8_t*>(data_ + i) = 0;
  };
  pool.parallel_for(size_, grain, std::cref(touch));
}

HugeBuffer::~HugeBuffer() {
  if (base_ != nullptr) munmap(base_, mapped_);
}

std::size_t HugeBuffer::huge_bytes() const {
  const auto begin = reinterpret_cast<std::uintptr_t>(base_);
  std::ifstream smaps("/proc/self/smaps");
  std::size_t sum = 0;
  bool inside = false;  // the kernel may have cut the mapping in pieces
  for (std::string line; std::getline(smaps, line);) {
    std::uintptr_t from = 0, to = 0;
    std::size_t kib = 0;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
      inside = from < begin + mapped_ && to > begin;
    else if (inside && std::sscanf(line.c_str(), "AnonHugePages: %zu kB", &kib) == 1)
      sum += kib * 1024;
  }
  return std::min(sum, size_);
}

}  // namespace tern::kernels
