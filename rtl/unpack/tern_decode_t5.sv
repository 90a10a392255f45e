// SPDX-License-Identifier: Apache-2.0
//
// The byte of five trits, decoded for `Lanes` bytes at once that lie as eight bit planes. Trits 0
// and 1 are a pair, 2 and 3 another, of three bits each: all but (0, 0). Bits 7:6 are trit 4: 11 is
// 0, 10 is +1, 01 is -1; 00 escapes: a pair is (0, 0), and trit 4 stands where the pair's bits are
// not needed.
//
//   pair of bits (x1, x0):   two signs: first negative = !x0, second negative = x1
//                            one zero:  x0 = 1: first zero, second negative = x1
//                                       x0 = 0: second zero, first negative = !x1
//   trit 4 of (x1, x0):      01 is +1, 11 is -1, 10 is 0, 00 is illegal
//
//   bits 7:6  4  1:0          pair 0, 1               pair 2, 3                  trit 4
//   not 00    p               bits 1:0, zero if !p    bits 3:2, zero if bit 5    of bits 7:6
//   00        0               bits 1:0, zero if !b5   (0, 0)                     of bits 3:2
//   00        1  not 00       (0, 0)                  bits 3:2, zero if bit 5    of bits 1:0
//   00        1  00           (0, 0)                  (0, 0), bit 5 = 0          of bits 3:2
//
// 13 bytes are illegal; they decode to five zeros. Found by a search over circuits whose outputs
// are some code of all 243 tuples: experiments/synthesis/unpack.

module tern_decode_t5 #(
  parameter int unsigned Lanes = 16
) (
  input  logic [8*Lanes-1:0] code_i,      // [bit of the byte][lane]

  output logic [5*Lanes-1:0] nonzero_o,   // [trit][lane]
  output logic [5*Lanes-1:0] negative_o,  // [trit][lane], never without nonzero_o
  output logic [Lanes-1:0]   illegal_o
);

  if (Lanes < 1) begin : gen_check_params
    $error("tern_decode_t5: Lanes must be at least 1");
  end

  logic [Lanes-1:0] b0, b1, b2, b3, b4, b5, b6, b7;
  assign {b7, b6, b5, b4, b3, b2, b1, b0} = code_i;

  logic [Lanes-1:0] escape;      // a pair is (0, 0)
  logic [Lanes-1:0] low;         // escaped: trit 4 is of bits 1:0
  logic [Lanes-1:0] low_n;       // of legal bytes: neither that nor the last row of the table
  logic [Lanes-1:0] zero_01;     // pair 0, 1 is (0, 0)
  logic [Lanes-1:0] zero_23;
  logic [Lanes-1:0] one_zero;    // pair 0, 1 holds one zero, unless zero_01
  logic [Lanes-1:0] x0_n, x1_n;  // escaped: the bits that are trit 4, inverted
  logic [Lanes-1:0] nz0, nz1, nz2, nz3, nz4, neg0, neg1, neg2, neg3, neg4;

  assign escape  = ~(b7 | b6);
  assign low     = b4 & (b1 | b0);
  assign low_n   = ~((low | b5) & b4 & escape);
  assign zero_23 = escape & ~low;

  assign nz2  = ~((b2 & b5) | zero_23);
  assign neg2 = ~((b3 & b5) | zero_23 | b2);
  assign nz3  = ~((nz2 & b5) | zero_23);
  assign neg3 = nz3 & b3;

  // Where bits 3:2 are not meant, b2 | nz2 and b3 | low are 1; where bits 1:0 are not, low_n is.
  // Of an illegal byte both of x0_n and x1_n are 1, also where bit 5 is what makes it illegal.
  assign x0_n = ~((b0 | low_n) & (b2 | nz2));
  assign x1_n = ~((b1 | low_n) & (b3 | low));
  assign nz4  = ~((b7 & b6) | x0_n);
  assign neg4 = ~((x1_n & escape) | b7 | x0_n);

  assign illegal_o = zero_23 & x0_n & x1_n;
  assign zero_01   = escape & (b4 | illegal_o);
  assign one_zero  = ~((zero_23 & b5) | b4);

  assign nz0  = ~((one_zero & b0) | zero_01);
  assign neg0 = ~((one_zero & b1) | zero_01 | b0);
  assign nz1  = ~((one_zero & nz0) | zero_01);
  assign neg1 = nz1 & b1;

  assign nonzero_o  = {nz4, nz3, nz2, nz1, nz0};
  assign negative_o = {neg4, neg3, neg2, neg1, neg0};

endmodule
