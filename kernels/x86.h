// SPDX-License-Identifier: Apache-2.0
//
// Intrinsics and the target attributes of the x86 instruction sets. A function that uses
// intrinsics carries the attribute of its ISA; a lambda does not inherit it.

#pragma once

// gcc 12 takes the deliberately undefined operands of its own intrinsics for mistakes (gcc bug
// 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#pragma GCC diagnostic pop

#define TERN_AVX2 "avx2,fma,f16c"
#define TERN_AVX512BW TERN_AVX2 ",avx512f,avx512bw,avx512dq,avx512vl"

#define TERN_TARGET_AVX2 [[gnu::target(TERN_AVX2)]]
#define TERN_TARGET_AVXVNNI [[gnu::target(TERN_AVX2 ",avxvnni")]]
#define TERN_TARGET_AVX512BW [[gnu::target(TERN_AVX512BW)]]
#define TERN_TARGET_AVX512VNNI [[gnu::target(TERN_AVX512BW ",avx512vnni")]]
#define TERN_TARGET_AVX512VBMI [[gnu::target(TERN_AVX512BW ",avx512vnni,avx512vbmi")]]
#define TERN_TARGET_AVX512BF16 [[gnu::target(TERN_AVX512BW ",avx512vnni,avx512bf16")]]
#define TERN_TARGET_AVX512FP16 [[gnu::target(TERN_AVX512BW ",avx512vnni,avx512bf16,avx512fp16")]]
#define TERN_TARGET_AMX \
  [[gnu::target(TERN_AVX512BW ",avx512vnni,avx512vbmi,amx-tile,amx-int8,amx-bf16")]]
