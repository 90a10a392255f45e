// SPDX-License-Identifier: Apache-2.0
//
// tern_popcount at the widths around its special cases and at those of the dot-product units, each
// over the lowest bits of one input.

module tern_popcount_probe (
  input  logic [319:0] bits_i,
  output logic [159:0] counts_o  // [16 of 10 bits]: [width]
);

  function automatic int unsigned width(int unsigned i);
    case (i)
      0: width = 1;
      1: width = 2;
      2: width = 3;
      3: width = 4;
      4: width = 5;
      5: width = 6;
      6: width = 7;
      7: width = 8;
      8: width = 9;
      9: width = 11;
      10: width = 16;
      11: width = 22;
      12: width = 32;
      13: width = 64;
      14: width = 65;
      default: width = 320;
    endcase
  endfunction

  for (genvar i = 0; i < 16; i++) begin : gen_width
    localparam int unsigned Bits = width(i);
    logic [$clog2(Bits+1)-1:0] count;
    tern_popcount #(.Bits(Bits)) u_count (.bits_i(bits_i[Bits-1:0]), .count_o(count));
    assign counts_o[10*i +: 10] = 10'(count);
  end

endmodule
