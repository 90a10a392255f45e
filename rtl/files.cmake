# SPDX-License-Identifier: Apache-2.0
#
# Every SystemVerilog file, packages first. Lint, elaboration and Verilation loop over this list.
set(TERN_RTL_PACKAGES rtl/tern_pkg.sv rtl/tern_fp_pkg.sv)
set(TERN_RTL_MODULES
  tern_dot_ternary
  tern_dot_fp16
  tern_row_ternary
  tern_row_fp16
  tern_reduce_fp16
  tern_stream_width
  tern_activation_buffer
  tern_sequencer
  tern_drain
  tern_engine)
set(TERN_RTL_SOURCES ${TERN_RTL_MODULES})
list(TRANSFORM TERN_RTL_SOURCES PREPEND rtl/)
list(TRANSFORM TERN_RTL_SOURCES APPEND .sv)
list(PREPEND TERN_RTL_SOURCES ${TERN_RTL_PACKAGES})
