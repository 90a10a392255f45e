// SPDX-License-Identifier: Apache-2.0

#include "kernels/check.h"

#include <cstdio>
#include <cstdlib>

namespace tern {

void check_failed(const char* condition, const char* message, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: check failed: %s: %s\n", file, line, condition, message);
  std::abort();
}

}  // namespace tern
