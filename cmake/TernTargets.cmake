# SPDX-License-Identifier: Apache-2.0
#
# The only ways a target is made in this project, so that warnings, sanitizers, labels and
# time-outs are decided once, here.

add_library(tern_options INTERFACE)
target_compile_options(tern_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor
  # gcc 12 sees overlapping copies where std::string joins text at -O3 (its bug 105651), and
  # uninitialised registers in its own AVX-512 headers (its bug 105593).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  # A float result may not depend on whether the compiler fused a multiply with an add:
  # kernels that want a fused multiply-add write one.
  -ffp-contract=off)
target_include_directories(tern_options INTERFACE "${PROJECT_SOURCE_DIR}")
if(TERN_SANITIZE)
  # Project-wide, so that verilated code is instrumented as well.
  add_compile_options(-fsanitize=${TERN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TERN_SANITIZE})
endif()
if(TERN_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "TERN_FUZZ needs clang: -DCMAKE_CXX_COMPILER=clang++ (tests/fuzz/run.sh does so)")
  endif()
  set(TERN_FUZZ_OPTIONS -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  add_compile_options(${TERN_FUZZ_OPTIONS})
  add_link_options(-fsanitize=address,undefined)
endif()

# tern_library(<folder> SOURCES <file>... [LINK <target>...] [PRIVATE_LINK <target>...])
#   ->  tern::<folder>
function(tern_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK;PRIVATE_LINK")
  add_library(tern_${name} STATIC ${arg_SOURCES})
  add_library(tern::${name} ALIAS tern_${name})
  target_link_libraries(tern_${name} PUBLIC ${arg_LINK} PRIVATE ${arg_PRIVATE_LINK} tern_options)
endfunction()

# tern_verilate(<name> TOP <module> SOURCES <file>... [PARAMS <name>=<value>...] [DEFINES <macro>...] [FAST])
#   ->  tern::rtl_<name>, class V<name>; FAST: no assertions, no random power-up, -O3
# Generated code is a library of its own: it gets no project warnings, and its headers reach
# users as system headers. A lint warning fails the configure step, where Verilator runs.
function(tern_verilate name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "FAST" "TOP" "SOURCES;PARAMS;DEFINES")
  set(power_up --x-assign unique --x-initial unique)
  set(optimise -O2)
  if(arg_FAST)
    set(power_up --x-assign fast --x-initial fast --noassert)
    set(optimise -O3)
  endif()
  set(coverage)
  if(TERN_RTL_COVERAGE)
    # A counter for each bit that toggles: not of the widest units, whose lanes are alike.
    set(coverage --coverage-line)
    if(NOT "Lanes=64" IN_LIST arg_PARAMS)
      list(APPEND coverage --coverage-toggle --coverage-max-width 32)
    endif()
    set(optimise -O1)
  endif()
  list(TRANSFORM arg_PARAMS PREPEND "-G")
  list(TRANSFORM arg_DEFINES PREPEND "-D")
  list(TRANSFORM arg_SOURCES PREPEND "${PROJECT_SOURCE_DIR}/")
  add_library(tern_rtl_${name} STATIC)
  verilate(tern_rtl_${name}
    PREFIX V${name} TOP_MODULE ${arg_TOP} SOURCES ${PROJECT_SOURCE_DIR}/rtl/verilator.vlt ${arg_SOURCES}
    VERILATOR_ARGS -Wall -O3 ${power_up} ${coverage} ${arg_PARAMS} ${arg_DEFINES}
    OPT_FAST ${optimise})
  set_target_properties(tern_rtl_${name} PROPERTIES SYSTEM ON)
  # Verilator's own sources are the same for all: one copy, compiled once.
  get_target_property(sources tern_rtl_${name} SOURCES)
  set(runtime ${sources})
  list(FILTER runtime INCLUDE REGEX "^${VERILATOR_ROOT}/include/.*[.]cpp$")
  list(FILTER sources EXCLUDE REGEX "^${VERILATOR_ROOT}/include/.*[.]cpp$")
  set_property(TARGET tern_rtl_${name} PROPERTY SOURCES ${sources})
  if(NOT TARGET tern_verilated)
    add_library(tern_verilated STATIC ${runtime})
    target_include_directories(tern_verilated SYSTEM PUBLIC
      ${VERILATOR_ROOT}/include ${VERILATOR_ROOT}/include/vltstd)
    target_link_libraries(tern_verilated PUBLIC Threads::Threads)
    if(TERN_RTL_COVERAGE)
      target_compile_definitions(tern_verilated PUBLIC TERN_RTL_COVERAGE)
    endif()
  endif()
  target_link_libraries(tern_rtl_${name} PUBLIC tern_verilated)
  add_library(tern::rtl_${name} ALIAS tern_rtl_${name})
endfunction()

# A cross build's tests run beside the host's (TernAarch64.cmake), under an emulator that is up to
# 20 times slower.
set(TERN_TEST_PREFIX "")
set(TERN_TIMEOUT_FACTOR 1)
if(CMAKE_CROSSCOMPILING)
  set(TERN_TEST_PREFIX "${CMAKE_SYSTEM_PROCESSOR}/")
  set(TERN_TIMEOUT_FACTOR 5)
endif()

# tern_test(<folder>/<name> LINK <target>... [MAIN <target>] [TIMEOUT <s>]): builds <name>.cc of
# the calling folder; each TEST_CASE becomes a ctest of its own process, labelled <folder>
# (aarch64 in a cross build).
function(tern_test path)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MAIN;TIMEOUT" "LINK;LABELS")
  cmake_path(GET path PARENT_PATH folder)
  cmake_path(GET path FILENAME name)
  if(NOT arg_MAIN)
    set(arg_MAIN tern_catch_main)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  math(EXPR timeout "${arg_TIMEOUT} * ${TERN_TIMEOUT_FACTOR}")
  set(prefix "${TERN_TEST_PREFIX}${folder}/")
  string(REGEX REPLACE "/.*" "" label "${prefix}")
  set(properties LABELS ${label} TIMEOUT ${timeout})
  if(TERN_TEST_ENVIRONMENT)
    list(APPEND properties ENVIRONMENT ${TERN_TEST_ENVIRONMENT})
  endif()
  add_executable(${name} ${PROJECT_SOURCE_DIR}/tests/${path}.cc)
  target_link_libraries(${name} PRIVATE ${arg_LINK} ${arg_MAIN} Catch2::Catch2 tern_options)
  catch_discover_tests(${name} TEST_PREFIX "${prefix}" WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    PROPERTIES ${properties})
endfunction()

# tern_yosys_test(<name> <command>...): one ctest that runs the commands.
find_program(YOSYS yosys)
function(tern_yosys_test name)
  list(JOIN ARGN "; " script)
  add_test(NAME "${name}" COMMAND ${YOSYS} -q -p "${script}" WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties("${name}" PROPERTIES LABELS rtl TIMEOUT 300)
endfunction()

# tern_lint_test(<name> TOP <module> [PARAMS <name>=<value>...] [EXPECT <regex>]): one ctest that
# lints the RTL with -Wall; with EXPECT it passes when that message comes.
function(tern_lint_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TOP;EXPECT" "PARAMS")
  list(TRANSFORM arg_PARAMS PREPEND "-G")
  add_test(NAME "${name}" COMMAND ${VERILATOR_BIN} --lint-only -Wall --top-module ${arg_TOP}
    ${arg_PARAMS} rtl/verilator.vlt ${TERN_RTL_SOURCES} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties("${name}" PROPERTIES LABELS rtl TIMEOUT 120
    ENVIRONMENT "VERILATOR_ROOT=${VERILATOR_ROOT}")
  if(arg_EXPECT)
    set_tests_properties("${name}" PROPERTIES PASS_REGULAR_EXPRESSION "${arg_EXPECT}")
  endif()
endfunction()
