# SPDX-License-Identifier: Apache-2.0
#
# Every SystemVerilog file of rtl/, packages first, each before its users. Lint, elaboration and
# Verilation loop over these lists; a module is named as its file.
set(TERN_RTL_PACKAGES rtl/tern_pkg.sv rtl/v1/tern_v1_pkg.sv rtl/v1/tern_v1_fp_pkg.sv)
set(TERN_RTL_MODULES
  integer/tern_popcount
  integer/tern_sum
  integer/tern_dot_ternary
  integer/tern_group_table
  integer/tern_dot_ternary_lut
  integer/tern_booth_recode
  integer/tern_booth_row
  integer/tern_dot_int4
  integer/tern_dot_int8
  v1/tern_v1_dot_ternary
  v1/tern_v1_dot_fp16
  v1/tern_v1_row_ternary
  v1/tern_v1_row_fp16
  v1/tern_v1_reduce_fp16
  v1/tern_v1_stream_width
  v1/tern_v1_activation_buffer
  v1/tern_v1_sequencer
  v1/tern_v1_drain
  v1/tern_v1_engine)
set(TERN_RTL_SOURCES ${TERN_RTL_MODULES})
list(TRANSFORM TERN_RTL_SOURCES PREPEND rtl/)
list(TRANSFORM TERN_RTL_SOURCES APPEND .sv)
list(PREPEND TERN_RTL_SOURCES ${TERN_RTL_PACKAGES})
