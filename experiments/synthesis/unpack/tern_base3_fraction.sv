// SPDX-License-Identifier: Apache-2.0
//
// Five trits per byte as a fraction: byte = ceil(256 v / 243) of the big-endian base-3 number v, so
// that multiplying by 3 moves one digit after the other above the point (TQ1_0 of GGUF files).
// Digits stand for trit + 1. The 13 bytes that no v gives are illegal.

module tern_base3_fraction #(
  parameter bit Zero = 1'b1   // illegal bytes decode to zeros
) (
  input  logic [7:0] code_i,

  output logic [4:0] nonzero_o,
  output logic [4:0] negative_o,
  output logic       illegal_o
);

  logic [9:0]   product;
  logic [255:0] image;

  always_comb begin
    image = '0;
    for (int unsigned v = 0; v < 243; v++) image[8'((256 * v + 242) / 243)] = 1'b1;
  end
  assign illegal_o = !image[code_i];

  always_comb begin
    product = {2'b00, code_i};
    for (int unsigned i = 0; i < 5; i++) begin
      product       = {2'b00, product[7:0]} + {1'b0, product[7:0], 1'b0};
      nonzero_o[i]  = product[9:8] != 2'd1 && !(Zero && illegal_o);
      negative_o[i] = product[9:8] == 2'd0 && !(Zero && illegal_o);
    end
  end

endmodule
