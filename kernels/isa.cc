// SPDX-License-Identifier: Apache-2.0
//
// What the host has. Beside the tables, the only file that asks for the architecture.

#include "kernels/isa.h"

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "kernels/prefetch.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace tern::kernels {

namespace {

#if defined(__x86_64__)
constexpr std::array kIsas = {Isa::kAmx,        Isa::kAvx512Fp16, Isa::kAvx512Bf16,
                              Isa::kAvx512Vbmi, Isa::kAvx512Vnni, Isa::kAvx512Bw,
                              Isa::kAvxVnni,    Isa::kAvx2,       Isa::kScalar};

// Bits of CPUID leaf 7 that not every compiler has names for (Intel SDM volume 2A, CPUID).
constexpr unsigned kEdx7AmxBf16 = 1u << 22, kEdx7Fp16 = 1u << 23, kEdx7AmxTile = 1u << 24,
                   kEdx7AmxInt8 = 1u << 25;
constexpr unsigned kEax71AvxVnni = 1u << 4, kEax71Bf16 = 1u << 5;

struct Leaf7 {
  unsigned edx = 0;    // subleaf 0
  unsigned eax_1 = 0;  // subleaf 1

  Leaf7() noexcept {
    unsigned most = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid_count(7, 0, &most, &b, &c, &edx) == 0) return;
    if (most >= 1) __get_cpuid_count(7, 1, &eax_1, &b, &c, &d);
  }
};

const Leaf7& leaf7() noexcept {
  static const Leaf7 leaf;
  return leaf;
}

// clang 14 does not know "f16c" in __builtin_cpu_supports. That the operating system saves the
// YMM registers is part of what "avx2" means there.
bool has_f16c() noexcept {
  static const bool has = [] {  // once: a virtual machine leaves for its host to answer CPUID
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
  }();
  return has;
}

bool has_avx2() noexcept {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
}

bool has_avx512bw() noexcept {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool has_avx512vnni() noexcept { return has_avx512bw() && __builtin_cpu_supports("avx512vnni"); }

// Linux gives tile registers only to processes that ask for them
// (Documentation/arch/x86/xstate.rst).
bool tiles_granted() noexcept {
  constexpr long kArchReqXcompPerm = 0x1023, kXfeatureXtiledata = 18;
  static const bool granted = syscall(SYS_arch_prctl, kArchReqXcompPerm, kXfeatureXtiledata) == 0;
  return granted;
}

bool host_has_x86(Isa isa) noexcept {
  switch (isa) {
    case Isa::kAvx2:
      return has_avx2();
    case Isa::kAvxVnni:
      return has_avx2() && (leaf7().eax_1 & kEax71AvxVnni) != 0;
    case Isa::kAvx512Bw:
      return has_avx512bw();
    case Isa::kAvx512Vnni:
      return has_avx512vnni();
    case Isa::kAvx512Vbmi:
      return has_avx512vnni() && __builtin_cpu_supports("avx512vbmi");
    case Isa::kAvx512Bf16:
      return has_avx512vnni() && (leaf7().eax_1 & kEax71Bf16) != 0;
    case Isa::kAvx512Fp16:
      return host_has_x86(Isa::kAvx512Bf16) && (leaf7().edx & kEdx7Fp16) != 0;
    case Isa::kAmx: {
      constexpr unsigned kAll = kEdx7AmxTile | kEdx7AmxInt8 | kEdx7AmxBf16;
      return host_has_x86(Isa::kAvx512Fp16) && (leaf7().edx & kAll) == kAll && tiles_granted();
    }
    default:
      return false;
  }
}

bool host_has_beyond_scalar(Isa isa) noexcept { return host_has_x86(isa); }
void pause_instruction() noexcept { __builtin_ia32_pause(); }
unsigned asks_of_this_cpu() noexcept { return __builtin_cpu_is("intel") != 0 ? 2 : 1; }
#elif defined(__aarch64__)
constexpr std::array kIsas = {Isa::kNeonI8mm, Isa::kNeonDot, Isa::kNeon, Isa::kScalar};

// Linux, arch/arm64/include/uapi/asm/hwcap.h.
constexpr unsigned long kHwcapAsimd = 1ul << 1, kHwcapAsimdDp = 1ul << 20, kHwcap2I8mm = 1ul << 13;

bool host_has_beyond_scalar(Isa isa) noexcept {
  switch (isa) {
    case Isa::kNeon:
      return (getauxval(AT_HWCAP) & kHwcapAsimd) != 0;
    case Isa::kNeonDot:
      return (getauxval(AT_HWCAP) & kHwcapAsimdDp) != 0;
    case Isa::kNeonI8mm:
      return host_has_beyond_scalar(Isa::kNeonDot) && (getauxval(AT_HWCAP2) & kHwcap2I8mm) != 0;
    default:
      return false;
  }
}

void pause_instruction() noexcept { asm volatile("yield"); }
unsigned asks_of_this_cpu() noexcept { return 0; }  // not measured
#else
constexpr std::array kIsas = {Isa::kScalar};

bool host_has_beyond_scalar(Isa) noexcept { return false; }
void pause_instruction() noexcept {}
unsigned asks_of_this_cpu() noexcept { return 0; }
#endif

std::string_view prefetch_variable() noexcept {
  const char* forced = std::getenv("TERN_PREFETCH");
  return forced == nullptr ? "" : forced;
}

std::string usable_names() {
  std::string names;
  for (const Isa isa : kIsas) {
    if (!host_has(isa)) continue;
    if (!names.empty()) names += ", ";
    names += isa_name(isa);
  }
  return names;
}

struct IsaRow {
  Isa isa;
  std::string_view name;
  Isa base;  // what it was built upon
};

constexpr std::array kRows = {
    IsaRow{Isa::kScalar, "scalar", Isa::kScalar},
    IsaRow{Isa::kAvx2, "avx2", Isa::kScalar},
    IsaRow{Isa::kAvxVnni, "avxvnni", Isa::kAvx2},
    IsaRow{Isa::kAvx512Bw, "avx512bw", Isa::kAvx2},
    IsaRow{Isa::kAvx512Vnni, "avx512vnni", Isa::kAvx512Bw},
    IsaRow{Isa::kAvx512Vbmi, "avx512vbmi", Isa::kAvx512Vnni},
    IsaRow{Isa::kAvx512Bf16, "avx512bf16", Isa::kAvx512Vbmi},
    IsaRow{Isa::kAvx512Fp16, "avx512fp16", Isa::kAvx512Bf16},
    IsaRow{Isa::kAmx, "amx", Isa::kAvx512Fp16},
    IsaRow{Isa::kNeon, "neon", Isa::kScalar},
    IsaRow{Isa::kNeonDot, "neondot", Isa::kNeon},
    IsaRow{Isa::kNeonI8mm, "neoni8mm", Isa::kNeonDot},
};

constexpr const IsaRow& row_of(Isa isa) { return kRows[static_cast<std::size_t>(isa)]; }

constexpr bool rows_in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (static_cast<std::size_t>(kRows[i].isa) != i) return false;
  return true;
}
static_assert(rows_in_order());

}  // namespace

std::span<const Isa> all_isas() noexcept { return kIsas; }

std::string_view isa_name(Isa isa) noexcept { return row_of(isa).name; }

bool host_has(Isa isa) noexcept { return isa == Isa::kScalar || host_has_beyond_scalar(isa); }

bool contains(Isa isa, Isa part) noexcept {
  for (;; isa = row_of(isa).base) {
    if (isa == part) return true;
    if (isa == Isa::kScalar) return false;
  }
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

unsigned times_asked() noexcept {
  static const unsigned times = [] {
    const std::string_view forced = prefetch_variable();
    return forced == "0" ? 0 : forced == "1" ? 1 : forced == "2" ? 2 : asks_of_this_cpu();
  }();
  return times;
}

const bool asks_near = times_asked() == 2;

void check_environment() {
  selected_isa();
  const std::string_view forced = prefetch_variable();
  if (!forced.empty() && forced != "0" && forced != "1" && forced != "2")
    throw std::runtime_error("TERN_PREFETCH=" + std::string(forced) +
                             ": expected 0, 1, 2, or nothing for what suits this CPU");
}

}  // namespace tern::kernels
