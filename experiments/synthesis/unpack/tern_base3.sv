// SPDX-License-Identifier: Apache-2.0
//
// Five trits per byte, plain base 3: byte = sum of 3^i d[i], little endian (big endian is the same
// circuit with its outputs in another order). Digit 1 is +1; digit 2 is -1, or with Offset = 1
// digits stand for trit + 1, as files of ternary weights have them.

module tern_base3 #(
  parameter bit Offset = 1'b0,
  parameter bit Zero   = 1'b1   // illegal bytes decode to zeros
) (
  input  logic [7:0] code_i,

  output logic [4:0] nonzero_o,
  output logic [4:0] negative_o,
  output logic       illegal_o
);

  logic [7:0] rest;
  logic [1:0] digit;

  assign illegal_o = code_i >= 8'd243;

  always_comb begin
    rest = code_i;
    for (int unsigned i = 0; i < 5; i++) begin
      digit         = 2'(rest % 8'd3);
      rest          = rest / 8'd3;
      nonzero_o[i]  = (Offset ? digit != 2'd1 : digit != 2'd0) && !(Zero && illegal_o);
      negative_o[i] = (Offset ? digit == 2'd0 : digit == 2'd2) && !(Zero && illegal_o);
    end
  end

endmodule
