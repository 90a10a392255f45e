# SPDX-License-Identifier: Apache-2.0
#
# Toolchain file (preset aarch64): AArch64 programs from Debian's cross compiler, linked statically
# so that they run under qemu-user with no AArch64 root file system.

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)

find_program(TERN_QEMU_AARCH64 NAMES qemu-aarch64 qemu-aarch64-static REQUIRED)
set(CMAKE_CROSSCOMPILING_EMULATOR ${TERN_QEMU_AARCH64} -cpu max)

# What that CPU has: an emulator that lacks it would leave kernels untested, so isa_test fails then.
set(TERN_TEST_ENVIRONMENT TERN_REQUIRE_ISA=neon,neondot,neoni8mm)
