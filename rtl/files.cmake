# SPDX-License-Identifier: Apache-2.0
#
# Every SystemVerilog file of rtl/, packages first, each before its users. Lint, elaboration and
# Verilation loop over these lists; a module is named as its file.
set(TERN_RTL_PACKAGES rtl/tern_pkg.sv rtl/float/tern_fp_pkg.sv rtl/v1/tern_v1_pkg.sv rtl/v1/tern_v1_fp_pkg.sv)
set(TERN_RTL_MODULES
  float/tern_fp_add
  float/tern_fp_carry_save
  float/tern_fp_round
  float/tern_fp_exact_sum
  float/tern_fp_multiply_bf16
  float/tern_fp_tree_bf16
  float/tern_dot_fp8
  float/tern_dot_bf16
  float/tern_dot_fp16
  float/tern_accumulate_fp
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
