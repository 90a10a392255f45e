// SPDX-License-Identifier: Apache-2.0

#include "experiments/output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "experiments/commands.h"
#include "models/utf8.h"

namespace tern::experiments {

void print_out(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
    return;
  if (errno == EPIPE) throw Exit{0};
  throw std::runtime_error(std::string("standard output: cannot write: ") + std::strerror(errno));
}

void TextStream::add(std::string_view bytes) {
  pending_ += bytes;
  const std::size_t whole = pending_.size() - models::utf8_unfinished(pending_);
  if (whole == 0) return;
  print_out(std::string_view(pending_).substr(0, whole));
  pending_.erase(0, whole);
}

void TextStream::finish() {
  print_out(pending_);
  pending_.clear();
}

}  // namespace tern::experiments
