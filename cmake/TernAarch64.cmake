# SPDX-License-Identifier: Apache-2.0
#
# kernels/ and its tests once more, for AArch64 under qemu-user (preset aarch64), as part of this
# build and of its ctest: names and label begin with "aarch64". Where a tool is missing, the tests
# report as one skipped test.

find_program(TERN_AARCH64_CXX aarch64-linux-gnu-g++)
find_program(TERN_QEMU_AARCH64 NAMES qemu-aarch64 qemu-aarch64-static)
set(missing "")
if(NOT TERN_AARCH64_CXX)
  list(APPEND missing g++-aarch64-linux-gnu)
endif()
if(NOT TERN_QEMU_AARCH64)
  list(APPEND missing qemu-user)
endif()
if(missing)
  list(JOIN missing " " missing)
  message(WARNING "The AArch64 kernels will be neither built nor tested: apt-get install ${missing}")
  add_test(NAME "aarch64/skipped for want of ${missing}" COMMAND ${CMAKE_COMMAND} -E false)
  set_tests_properties("aarch64/skipped for want of ${missing}" PROPERTIES
    LABELS aarch64 SKIP_RETURN_CODE 1)
  return()
endif()
message(STATUS "AArch64 kernels: built by ${TERN_AARCH64_CXX}, tested under ${TERN_QEMU_AARCH64}")

include(ExternalProject)
set(build "${PROJECT_BINARY_DIR}/aarch64")
ExternalProject_Add(aarch64
  SOURCE_DIR "${PROJECT_SOURCE_DIR}"
  PREFIX "${build}/external"
  BINARY_DIR "${build}"
  CONFIGURE_COMMAND ${CMAKE_COMMAND} -S <SOURCE_DIR> --preset aarch64 -B <BINARY_DIR>
  BUILD_COMMAND ${CMAKE_COMMAND} --build <BINARY_DIR>
  INSTALL_COMMAND ""
  BUILD_ALWAYS ON
  USES_TERMINAL_BUILD ON)  # its progress is shown, and nothing else waits for the console

file(WRITE "${build}/tests.cmake"
  "if(EXISTS \"${build}/CTestTestfile.cmake\")\n"
  "  subdirs(\"${build}\")\n"
  "else()\n"
  "  add_test(aarch64/NOT_BUILT aarch64_NOT_BUILT)\n"
  "endif()\n")
set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${build}/tests.cmake")
