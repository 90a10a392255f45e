// SPDX-License-Identifier: Apache-2.0
//
// Intrinsics and the target attributes of the AArch64 instruction sets. Advanced SIMD itself is
// part of the base architecture and needs none; the extensions came with Armv8.2-A, and gcc inlines
// their intrinsics only where that is named. Clang knows these attributes from version 16 on.

#pragma once

#include <arm_neon.h>

#define TERN_TARGET_NEONDOT [[gnu::target("arch=armv8.2-a+dotprod")]]
#define TERN_TARGET_NEONI8MM [[gnu::target("arch=armv8.2-a+dotprod+i8mm")]]
