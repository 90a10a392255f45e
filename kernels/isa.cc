// SPDX-License-Identifier: Apache-2.0
//
// What the host has. Beside the tables, the only file that asks for the architecture.

#include "kernels/isa.h"

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace tern::kernels {

namespace {

#if defined(__x86_64__)
constexpr std::array kIsas = {Isa::kAvx512Vnni, Isa::kAvx2, Isa::kScalar};

// clang 14 does not know "f16c" in __builtin_cpu_supports. That the operating system saves the
// YMM registers is part of what "avx2" means there.
bool has_f16c() noexcept {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}

bool has_avx2() noexcept {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
}

bool has_avx512vnni() noexcept {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vnni");
}

void pause_instruction() noexcept { __builtin_ia32_pause(); }
#else
constexpr std::array kIsas = {Isa::kScalar};

bool has_avx2() noexcept { return false; }
bool has_avx512vnni() noexcept { return false; }
void pause_instruction() noexcept {}
#endif

std::string usable_names() {
  std::string names;
  for (const Isa isa : kIsas) {
    if (!host_has(isa)) continue;
    if (!names.empty()) names += ", ";
    names += isa_name(isa);
  }
  return names;
}

}  // namespace

std::span<const Isa> all_isas() noexcept { return kIsas; }

std::string_view isa_name(Isa isa) noexcept {
  switch (isa) {
    case Isa::kScalar:
      return "scalar";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512Vnni:
      return "avx512vnni";
  }
  return "unknown";
}

bool host_has(Isa isa) noexcept {
  switch (isa) {
    case Isa::kScalar:
      return true;
    case Isa::kAvx2:
      return has_avx2();
    case Isa::kAvx512Vnni:
      return has_avx512vnni();
  }
  return false;
}

Isa selected_isa() {
  const char* forced = std::getenv("TERN_ISA");
  if (forced == nullptr || *forced == '\0') {
    for (const Isa isa : kIsas)
      if (host_has(isa)) return isa;
    return Isa::kScalar;
  }
  for (const Isa isa : kIsas) {
    if (isa_name(isa) != forced) continue;
    if (host_has(isa)) return isa;
    throw std::runtime_error("TERN_ISA=" + std::string(forced) +
                             ": this host lacks it; it has: " + usable_names());
  }
  throw std::runtime_error("TERN_ISA=" + std::string(forced) +
                           ": no such instruction set; this host has: " + usable_names());
}

void spin_pause() noexcept { pause_instruction(); }

}  // namespace tern::kernels
