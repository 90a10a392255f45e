# SPDX-License-Identifier: Apache-2.0
#
# Every SystemVerilog file of rtl/, packages first; a module is named as its file. Lint, elaboration
# and Verilation loop over these lists.
set(TERN_RTL_PACKAGES rtl/tern_pkg.sv rtl/float/tern_fp_pkg.sv)
set(TERN_RTL_MODULES
  integer/tern_popcount
  integer/tern_sum
  integer/tern_group_table
  integer/tern_booth_recode
  integer/tern_booth_row
  integer/tern_dot_ternary
  integer/tern_dot_ternary_lut
  integer/tern_dot_int4
  integer/tern_dot_int8
  float/tern_fp_carry_save
  float/tern_fp_round
  float/tern_fp_exact_sum
  float/tern_fp_add
  float/tern_fp_multiply_bf16
  float/tern_fp_tree_bf16
  float/tern_dot_fp8
  float/tern_dot_bf16
  float/tern_dot_fp16
  float/tern_accumulate_fp
  unpack/tern_unpack_t2
  unpack/tern_unpack_t5
  engine/tern_accumulate_int
  engine/tern_activations
  engine/tern_columns
  engine/tern_dot
  engine/tern_drain
  engine/tern_gather
  engine/tern_sequencer
  engine/tern_turn
  engine/tern_weights
  engine/tern_engine
  axi/tern_fifo
  axi/tern_axi_reader
  axi/tern_axi_writer
  top/tern_registers
  top/tern_job
  top/tern_place
  top/tern_accelerator)
set(TERN_RTL_SOURCES ${TERN_RTL_MODULES})
list(TRANSFORM TERN_RTL_SOURCES PREPEND rtl/)
list(TRANSFORM TERN_RTL_SOURCES APPEND .sv)
list(PREPEND TERN_RTL_SOURCES ${TERN_RTL_PACKAGES})
