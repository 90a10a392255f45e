// SPDX-License-Identifier: Apache-2.0
//
// The table of the read loops: those of each ISA in turn. A new ISA is its file and its row here.

#include "kernels/roofline/read.h"

#include <vector>

#include "kernels/roofline/read_streams.h"

namespace tern::kernels {

ReadLoops read_loops_scalar() noexcept;
#if defined(__x86_64__)
ReadLoops read_loops_avx2() noexcept;
ReadLoops read_loops_avx512bw() noexcept;
#elif defined(__aarch64__)
ReadLoops read_loops_neon() noexcept;
#endif

std::span<const Kernel<ReadFn>> read_loops() noexcept {
  static const std::vector<Kernel<ReadFn>> table = [] {
    std::vector<Kernel<ReadFn>> rows;
    for (const ReadLoops part : {
#if defined(__x86_64__)
           read_loops_avx512bw(), read_loops_avx2(),
#elif defined(__aarch64__)
             read_loops_neon(),
#endif
               read_loops_scalar(),
         })
      rows.insert(rows.end(), part.begin(), part.end());
    return rows;
  }();
  return table;
}

}  // namespace tern::kernels
