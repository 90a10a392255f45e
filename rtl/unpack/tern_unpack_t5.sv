// SPDX-License-Identifier: Apache-2.0
//
// One step of weights, five trits per byte, to bit planes: rows come in groups of five, a group as
// the eight bit planes of its bytes. 13 bytes are illegal; each is five zeros here, and flagged.
//
// The code: trits 0 and 1 are a pair, 2 and 3 another, each of three bits and all but (0, 0). Bits
// 7:6 are trit 4: 11 is 0, 10 is +1, 01 is -1; 00 escapes: then a pair is (0, 0), and trit 4
// stands in two bits that the pair does not need.
//
//   bits 7:6  4  1:0       trits 0, 1                  trits 2, 3                 trit 4
//   not 00                 bits 1:0, one zero if !b4   bits 3:2, one zero if b5   of bits 7:6
//   00        0            bits 1:0, one zero if !b5   0, 0                       of bits 3:2
//   00        1  not 00    0, 0                        bits 3:2, one zero if b5   of bits 1:0
//   00        1  00        0, 0                        0, 0; b5 is 0              of bits 3:2
//
//   pair of bits (x1, x0), two signs:    first negative = !x0, second negative = x1
//                          one zero:     x0: first zero, second negative = x1
//                                       !x0: second zero, first negative = !x1
//   trit 4 of bits (x1, x0), escaped:    01 is +1, 11 is -1, 10 is 0, 00 is illegal
//
// Rules and equations came from a search over netlists of any code: experiments/synthesis/unpack.
// All of it is in one process, on words of N lanes: so the simulator copies nothing.

module tern_unpack_t5 #(
  parameter int unsigned Rows  = 5,
  parameter int unsigned Lanes = 16
) (
  input  logic [Rows/5*8*Lanes-1:0] word_i,    // [Rows / 5][8 bits][Lanes]

  output logic [Rows*2*Lanes-1:0]   w_o,       // [Rows][nonzero, negative][Lanes]
  output logic                      illegal_o  // some byte of the word is illegal
);

  if (Rows % 5 != 0 || Rows == 0 || Lanes == 0) begin : gen_check_params
    $error("tern_unpack_t5: Rows must be a multiple of 5, and Lanes at least 1");
  end

  localparam int unsigned Groups = Rows / 5;

  logic [Lanes-1:0] b0, b1, b2, b3, b4, b5, b6, b7;
  logic [Lanes-1:0] escape;      // a pair is (0, 0)
  logic [Lanes-1:0] low;         // bit 4 and bits 1:0 not 00: escaped, trit 4 is of bits 1:0
  logic [Lanes-1:0] low_n;       // escaped, bit 4: neither that nor an illegal bit 5
  logic [Lanes-1:0] zero_01;     // pair 0, 1 is (0, 0)
  logic [Lanes-1:0] zero_23;
  logic [Lanes-1:0] one_zero;    // pair 0, 1 holds one zero, unless zero_01
  logic [Lanes-1:0] x0_n, x1_n;  // escaped: the bits that are trit 4, inverted
  logic [Lanes-1:0] illegal;     // of the group
  logic [Lanes-1:0] any;         // of all groups so far
  logic [Lanes-1:0] nz0, nz1, nz2, nz3, nz4, neg0, neg1, neg2, neg3, neg4;

  always_comb begin
    any = '0;
    for (int unsigned g = 0; g < Groups; g++) begin
      b0 = word_i[(g*8+0)*Lanes +: Lanes];
      b1 = word_i[(g*8+1)*Lanes +: Lanes];
      b2 = word_i[(g*8+2)*Lanes +: Lanes];
      b3 = word_i[(g*8+3)*Lanes +: Lanes];
      b4 = word_i[(g*8+4)*Lanes +: Lanes];
      b5 = word_i[(g*8+5)*Lanes +: Lanes];
      b6 = word_i[(g*8+6)*Lanes +: Lanes];
      b7 = word_i[(g*8+7)*Lanes +: Lanes];

      escape  = ~(b7 | b6);
      low     = b4 & (b1 | b0);
      low_n   = ~((low | b5) & b4 & escape);
      zero_23 = escape & ~low;

      nz2  = ~((b2 & b5) | zero_23);
      neg2 = ~((b3 & b5) | zero_23 | b2);
      nz3  = ~((nz2 & b5) | zero_23);
      neg3 = nz3 & b3;

      // Where bits 3:2 are not meant, b2 | nz2 and b3 | low are 1; where bits 1:0 are not, low_n
      // is. Of an illegal byte both of x0_n and x1_n are 1, also where bit 5 makes it illegal.
      x0_n = ~((b0 | low_n) & (b2 | nz2));
      x1_n = ~((b1 | low_n) & (b3 | low));
      nz4  = ~((b7 & b6) | x0_n);
      neg4 = ~((x1_n & escape) | b7 | x0_n);

      illegal  = zero_23 & x0_n & x1_n;  // x0_n & x1_n imply zero_23; ABC maps it smaller so
      zero_01  = escape & (b4 | illegal);
      one_zero = ~((zero_23 & b5) | b4);
      any      = any | illegal;

      nz0  = ~((one_zero & b0) | zero_01);
      neg0 = ~((one_zero & b1) | zero_01 | b0);
      nz1  = ~((one_zero & nz0) | zero_01);
      neg1 = nz1 & b1;

      w_o[(g*10+0)*Lanes +: Lanes] = nz0;
      w_o[(g*10+1)*Lanes +: Lanes] = neg0;
      w_o[(g*10+2)*Lanes +: Lanes] = nz1;
      w_o[(g*10+3)*Lanes +: Lanes] = neg1;
      w_o[(g*10+4)*Lanes +: Lanes] = nz2;
      w_o[(g*10+5)*Lanes +: Lanes] = neg2;
      w_o[(g*10+6)*Lanes +: Lanes] = nz3;
      w_o[(g*10+7)*Lanes +: Lanes] = neg3;
      w_o[(g*10+8)*Lanes +: Lanes] = nz4;
      w_o[(g*10+9)*Lanes +: Lanes] = neg4;
    end
    illegal_o = |any;
  end

endmodule
