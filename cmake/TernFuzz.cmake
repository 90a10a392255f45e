# SPDX-License-Identifier: Apache-2.0
#
# A short run of the fuzz targets (tests/fuzz), which clang builds in build/fuzz, as one test. Where
# clang or its libFuzzer is missing, it reports as skipped.

find_program(TERN_CLANGXX clang++)
set(missing "")
if(NOT TERN_CLANGXX)
  set(missing "clang libclang-rt-14-dev")
else()
  file(WRITE "${PROJECT_BINARY_DIR}/fuzz_probe.cc"
    "extern \"C\" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }\n")
  execute_process(COMMAND ${TERN_CLANGXX} -fsanitize=fuzzer,address fuzz_probe.cc -o fuzz_probe
    WORKING_DIRECTORY "${PROJECT_BINARY_DIR}" RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
  if(failed)
    set(missing "libclang-rt-14-dev")
  endif()
endif()
if(missing)
  message(WARNING "The readers will not be fuzzed: apt-get install ${missing}")
  add_test(NAME "fuzz/skipped for want of ${missing}" COMMAND ${CMAKE_COMMAND} -E false)
  set_tests_properties("fuzz/skipped for want of ${missing}" PROPERTIES
    LABELS fuzz SKIP_RETURN_CODE 1)
  return()
endif()
add_test(NAME "fuzz/every reader for a while" COMMAND ${PROJECT_SOURCE_DIR}/tests/fuzz/run.sh 3000)
set_tests_properties("fuzz/every reader for a while" PROPERTIES
  LABELS fuzz TIMEOUT 3600)  # it builds first
