// SPDX-License-Identifier: Apache-2.0
//
// What every module of the accelerator shares: the arithmetics an engine can be built with, the
// widths that follow from each, and the codes in which weights travel.

package tern_pkg;

  // Values of the Format parameter: the arithmetic of an engine.
  localparam int unsigned FormatTernary = 0;  // trits x int8 -> exact int
  localparam int unsigned FormatInt4    = 1;  // int4 x int8 -> exact int
  localparam int unsigned FormatInt8    = 2;  // int8 x int8 -> exact int
  localparam int unsigned FormatFp8     = 3;  // E4M3 x E4M3 -> binary32
  localparam int unsigned FormatBf16    = 4;  // bfloat16 x bfloat16 -> binary32
  localparam int unsigned FormatFp16    = 5;  // binary16 x binary16 -> binary32
  localparam int unsigned Formats       = 6;

  function automatic bit is_float(int unsigned format);
    is_float = format >= FormatFp8;
  endfunction

  // Bits of a weight and of an activation as a dot-product unit takes them.
  function automatic int unsigned weight_bits(int unsigned format);
    case (format)
      FormatTernary: weight_bits = 2;
      FormatInt4:    weight_bits = 4;
      FormatInt8:    weight_bits = 8;
      FormatFp8:     weight_bits = 8;
      default:       weight_bits = 16;
    endcase
  endfunction

  function automatic int unsigned act_bits(int unsigned format);
    act_bits = format == FormatBf16 || format == FormatFp16 ? 16 : 8;
  endfunction

  // Bits of the sum of `lanes` products; binary32 for float formats. Both operands may be at their
  // negative end: |w| <= 2^(weight_bits - 1) (ternary: 1), |x| <= 2^7.
  function automatic int unsigned sum_bits(int unsigned format, int unsigned lanes);
    case (format)
      FormatTernary: sum_bits = 9 + $clog2(lanes);
      FormatInt4:    sum_bits = 12 + $clog2(lanes);
      FormatInt8:    sum_bits = 16 + $clog2(lanes);
      default:       sum_bits = 32;
    endcase
  endfunction

  // Vectors that `vectors` become by `levels` levels of 3:2 compressors.
  function automatic int unsigned carry_save(int unsigned vectors, int unsigned levels);
    carry_save = vectors;
    for (int unsigned i = 0; i < levels; i++) carry_save = 2 * (carry_save / 3) + carry_save % 3;
  endfunction

  // Pipeline stages of the units that sum exactly (rtl/float/tern_fp_exact_sum.sv): the carry-save
  // stages alone, of ExactLevels levels each, and with multiply, align, add, normalise and round.
  localparam int unsigned ExactLevels = 4;

  function automatic int unsigned exact_vectors(int unsigned lanes);
    exact_vectors = carry_save(lanes, 2) + 1;  // the aligned products and the count of negatives
  endfunction

  function automatic int unsigned exact_tree_stages(int unsigned lanes);
    exact_tree_stages = 0;
    for (int unsigned i = 0; i < 8; i++) begin
      if (carry_save(exact_vectors(lanes), i * ExactLevels) > 2) exact_tree_stages = i + 1;
    end
  endfunction

  // Stages of the binary32 adder and of the bfloat16 multiplier.
  localparam int unsigned FpAddLatency       = 3;
  localparam int unsigned Bf16ProductLatency = 3;

  // Cycles from operands to sum_o of the dot-product unit, and from a sum to the accumulator: a
  // slot takes its next sum at least so many cycles after the last one.
  function automatic int unsigned dot_latency(int unsigned format, int unsigned lanes);
    case (format)
      FormatFp8, FormatFp16: dot_latency = 5 + exact_tree_stages(lanes);
      FormatBf16:            dot_latency = Bf16ProductLatency + FpAddLatency * $clog2(lanes);
      default:               dot_latency = 2;
    endcase
  endfunction

  function automatic int unsigned acc_latency(int unsigned format);
    acc_latency = is_float(format) ? 1 + FpAddLatency : 1;  // the slot is read in a cycle of its own
  endfunction

  // A trit on two wires: `nonzero` and, of a non-zero one, `negative`. Code 2'b10 (negative zero)
  // is illegal.
  localparam int unsigned TritNonzero  = 0;  // index of the bit plane
  localparam int unsigned TritNegative = 1;

endpackage
