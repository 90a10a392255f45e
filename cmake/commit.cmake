# SPDX-License-Identifier: Apache-2.0
#
# Writes ${OUT} with the commit that is being built, if it changed. ROOT: the source tree.

execute_process(COMMAND git -C "${ROOT}" rev-parse --short=12 HEAD
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
execute_process(COMMAND git -C "${ROOT}" status --porcelain -uno
  OUTPUT_VARIABLE changes OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(commit AND changes)
  string(APPEND commit "-dirty")
endif()
file(CONFIGURE OUTPUT "${OUT}" CONTENT "#pragma once\n#define TERN_COMMIT \"@commit@\"\n" @ONLY)
