// SPDX-License-Identifier: Apache-2.0
//
// Constants shared by every module of the accelerator.

package tern_v1_pkg;

  // A trit on two wires, two's complement: bit 0 says non-zero, bit 1 says negative. Code 2'b10
  // is illegal; the rows flag it.
  typedef enum logic [1:0] {
    TritZero  = 2'b00,
    TritPlus  = 2'b01,
    TritMinus = 2'b11
  } trit_e;

  // Values of the Format parameter: which dot-product unit an engine is built with.
  localparam int unsigned FormatTernary = 0;  // 2-bit trits x int8 -> exact int32
  localparam int unsigned FormatFp16    = 1;  // binary16 x binary16 -> binary32

  // FP16 dot products keep this many binary32 partial sums (kernels/dense/dense.h).
  localparam int unsigned Fp16Accumulators = 16;

endpackage
