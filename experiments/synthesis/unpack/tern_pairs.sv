// SPDX-License-Identifier: Apache-2.0
//
// Five trits per byte by hand, in the manner of densely packed decimal: two pairs of trits in three
// bits each, all but (0, 0), and a fifth trit in two bits, whose unused code (negative zero) says
// that a pair is (0, 0): then the fifth trit stands in the bits that the pair does not need.
//
//   byte = {sign 4, nonzero 4, second pair: {one_zero, sign, sign}, first pair, likewise}
//   one_zero = 0: two signs. one_zero = 1: if the first sign is 0 the first trit is zero, and the
//   other bit is the sign of the second; if it is 1 the second is zero, likewise.
//
// Escaped, the first pair's one_zero tells which pair is (0, 0); the second pair's one_zero is that
// of the pair left. Both are (0, 0) if the first is and its bits are those of the unused code.

module tern_pairs #(
  parameter bit Zero = 1'b1   // illegal bytes decode to zeros
) (
  input  logic [7:0] code_i,

  output logic [4:0] nonzero_o,
  output logic [4:0] negative_o,
  output logic       illegal_o
);

  logic a0, a1, a_one, c0, c1, c_one, n, s;
  assign {s, n, c_one, c1, c0, a_one, a1, a0} = code_i;

  logic escape, both, from_c, nonzero, negative, bad, a_zero, c_zero, a_one_zero;
  assign escape     = s & ~n;
  assign both       = ~a_one & a1 & ~a0;  // where escape
  assign from_c     = a_one | (both & ~c_one);
  assign nonzero    = from_c ? c0 : a0;
  assign negative   = from_c ? c1 : a1;
  assign bad        = negative & ~nonzero;
  assign illegal_o  = escape & bad;
  assign a_zero     = escape & (~a_one | (Zero & bad));
  assign c_zero     = escape & (a_one | both);
  assign a_one_zero = a_one & ~(escape & ~c_one);

  assign nonzero_o[0]  = ~((a_one_zero & ~a0) | a_zero);
  assign nonzero_o[1]  = ~((a_one_zero & a0) | a_zero);
  assign negative_o[0] = nonzero_o[0] & a0 & (a1 | ~a_one_zero);
  assign negative_o[1] = nonzero_o[1] & a1;
  assign nonzero_o[2]  = ~((c_one & ~c0) | c_zero);
  assign nonzero_o[3]  = ~((c_one & c0) | c_zero);
  assign negative_o[2] = nonzero_o[2] & c0 & (c1 | ~c_one);
  assign negative_o[3] = nonzero_o[3] & c1;
  assign nonzero_o[4]  = n | (s & nonzero);
  assign negative_o[4] = s & (n | (nonzero & negative));

endmodule
