// SPDX-License-Identifier: Apache-2.0
//
// Proof obligation: tern_unpack_t2 leaves legal trits as they are, turns illegal ones to zero, and
// flags a word if and only if it holds one.

module tern_unpack_t2_proof #(
  parameter int unsigned Rows  = 3,
  parameter int unsigned Lanes = 4
) (
  input logic [Rows*2*Lanes-1:0] word_i
);

  logic [Rows*2*Lanes-1:0] w;
  logic                    illegal;

  tern_unpack_t2 #(.Rows(Rows), .Lanes(Lanes)) u_unpack (
    .word_i, .w_o(w), .illegal_o(illegal)
  );

  logic [Rows*Lanes-1:0] any;
  always_comb assert (illegal == (any != '0));

  for (genvar r = 0; r < Rows; r++) begin : gen_row
    for (genvar l = 0; l < Lanes; l++) begin : gen_lane
      logic [1:0] in, out;
      assign in  = {word_i[(r*2 + 1)*Lanes + l], word_i[r*2*Lanes + l]};
      assign out = {w[(r*2 + 1)*Lanes + l], w[r*2*Lanes + l]};
      assign any[r*Lanes + l] = in == 2'b10;
      always_comb assert (out == (in == 2'b10 ? 2'b00 : in));
    end
  end

endmodule
