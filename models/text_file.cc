// SPDX-License-Identifier: Apache-2.0

#include "models/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <vector>

#include "models/descriptor.h"

namespace tern::models {
std::string read_text(const std::string& path, std::size_t most) {
  const bool standard = path == "-";
  const std::string where = standard ? "standard input" : path;
  const Descriptor file(standard ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail_file(where, "cannot open", errno);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) fail_file(where, "cannot read", errno);
  std::string text;
  if (S_ISREG(info.st_mode)) {
    most = text.max_size();  // it has an end
    text.reserve(static_cast<std::size_t>(info.st_size));
  }
  std::vector<char> part(std::size_t{1} << 16);
  for (;;) {
    const ssize_t n = ::read(file.get(), part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_file(where, "cannot read", errno);
    if (n == 0) return text;
    if (static_cast<std::size_t>(n) > most - text.size())
      throw std::runtime_error(where + ": gives more than " + std::to_string(most) +
                               " bytes, the most that is read from a pipe; name a file");
    text.append(part.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace tern::models
