// SPDX-License-Identifier: Apache-2.0
//
// The table of the peak loops: those of each ISA in turn. A new ISA is its file and its row here.

#include "kernels/roofline/peak.h"

#include <vector>

#include "kernels/roofline/peak_loops.h"

namespace tern::kernels {

#if defined(__x86_64__)
PeakLoops peak_loops_amx() noexcept;
PeakLoops peak_loops_avx512fp16() noexcept;
PeakLoops peak_loops_avx512bf16() noexcept;
PeakLoops peak_loops_avx512vnni() noexcept;
PeakLoops peak_loops_avx512bw() noexcept;
PeakLoops peak_loops_avxvnni() noexcept;
PeakLoops peak_loops_avx2() noexcept;
#elif defined(__aarch64__)
PeakLoops peak_loops_neon() noexcept;
#endif
PeakLoops peak_loops_scalar() noexcept;

std::string_view datatype_name(Datatype datatype) noexcept {
  switch (datatype) {
    case Datatype::kInt8:
      return "int8";
    case Datatype::kFp32:
      return "fp32";
    case Datatype::kFp16:
      return "fp16";
    case Datatype::kBf16:
      return "bf16";
  }
  return "";
}

std::span<const PeakLoop> peak_loops() noexcept {
  static const std::vector<PeakLoop> table = [] {
    std::vector<PeakLoop> rows;
    for (const PeakLoops part : {
#if defined(__x86_64__)
           peak_loops_amx(), peak_loops_avx512fp16(), peak_loops_avx512bf16(),
               peak_loops_avx512vnni(), peak_loops_avx512bw(), peak_loops_avxvnni(),
               peak_loops_avx2(),
#elif defined(__aarch64__)
             peak_loops_neon(),
#endif
               peak_loops_scalar(),
         })
      rows.insert(rows.end(), part.begin(), part.end());
    return rows;
  }();
  return table;
}

}  // namespace tern::kernels
