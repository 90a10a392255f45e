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
    acc_latency = is_float(format) ? 1 + FpAddLatency : 1;  // a slot is read in its own cycle
  endfunction

  // Values of the DotUnit parameter: variants of the ternary unit; other formats have one.
  localparam int unsigned DotTree = 0;
  localparam int unsigned DotLut2 = 1;
  localparam int unsigned DotLut3 = 2;

  // Codes of ternary weights in a job: two bits each, or five trits in eight.
  localparam bit CodeT2 = 1'b0;
  localparam bit CodeT5 = 1'b1;

  // The byte of five zeros (kernels/tiles/trit5.h).
  localparam logic [7:0] ZeroT5 = 8'h18;

  // A trit on two wires: `nonzero` and, of a non-zero one, `negative`. Code 2'b10 (negative zero)
  // is illegal.
  localparam int unsigned TritNonzero  = 0;  // index of the bit plane
  localparam int unsigned TritNegative = 1;

  // What a job's Code register names: how its weights lie in memory (kernels/tiles/tiles.h).
  localparam int unsigned JobT2   = 0;
  localparam int unsigned JobT5   = 1;
  localparam int unsigned JobI4   = 2;
  localparam int unsigned JobI8   = 3;
  localparam int unsigned JobE4m3 = 4;
  localparam int unsigned JobBf16 = 5;
  localparam int unsigned JobF16  = 6;
  localparam int unsigned JobT5c  = 7;  // t5 by columns, those of zero activations left out

  // The job code of a format's weights; ternary engines take JobT2 as well, and JobT5c if built so.
  function automatic int unsigned job_code(int unsigned format);
    job_code = format + 1;
  endfunction

  // What the Status register reads.
  localparam int unsigned StatusIdle       = 0;  // since reset
  localparam int unsigned StatusBusy       = 1;
  localparam int unsigned StatusDone       = 2;
  localparam int unsigned StatusBadShape   = 3;  // a size is zero or too large: nothing was done
  localparam int unsigned StatusBadAddress = 4;  // misaligned, or beyond AddrBits: nothing was done
  localparam int unsigned StatusBadCode    = 5;  // weights of another engine: nothing was done
  localparam int unsigned StatusBusError   = 6;  // memory refused an access: results are void
  localparam int unsigned StatusBadWeight  = 7;  // an illegal code: results are void

  // 32-bit registers by word index (byte offset / 4). Addresses and counters of 64 bits take two,
  // low word first. Read only: what the engine is, and what it did last.
  localparam int unsigned RegMagic      = 0;   // "TERN"
  localparam int unsigned RegFormat     = 1;
  localparam int unsigned RegDotUnit    = 2;
  localparam int unsigned RegRows       = 3;
  localparam int unsigned RegLanes      = 4;
  localparam int unsigned RegMaxTokens  = 5;   // of one pass over the weights
  localparam int unsigned RegMaxCols    = 6;
  localparam int unsigned RegBeatBytes  = 7;
  localparam int unsigned RegStatus     = 8;
  localparam int unsigned RegInterrupt  = 9;   // bit 0: a job has ended; write 1 to clear
  localparam int unsigned RegEnable     = 10;  // bit 0: that drives irq_o
  localparam int unsigned RegDoorbell   = 11;  // write 1: begin; refused while busy
  localparam int unsigned RegRowCount   = 12;  // the job: M
  localparam int unsigned RegColCount   = 13;  // K
  localparam int unsigned RegTokenCount = 14;  // T
  localparam int unsigned RegCode       = 15;
  localparam int unsigned RegXAddress   = 16;  // beat-aligned, as WAddress and XStride
  localparam int unsigned RegWAddress   = 18;
  localparam int unsigned RegYAddress   = 20;  // 4-byte aligned, as YStride
  localparam int unsigned RegXStride    = 22;  // bytes from token to token
  localparam int unsigned RegYStride    = 23;
  localparam int unsigned RegCycles     = 24;  // of the last job, 64 bits, as all that follow
  localparam int unsigned RegFires      = 26;  // steps that met a token
  localparam int unsigned RegWaitMemory = 28;  // cycles without a fire: weights had not come
  localparam int unsigned RegWaitDrain  = 30;  // ... results had not left
  localparam int unsigned RegColumnSkip = 32;  // 1: takes JobT5c
  localparam int unsigned Registers     = 33;

  localparam logic [31:0] Magic = 32'h4e524554;

endpackage
