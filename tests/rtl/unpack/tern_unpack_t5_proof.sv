// SPDX-License-Identifier: Apache-2.0
//
// Proof obligation: every trit of a word is what an unpacker of one lane and five rows (proved in
// tern_trit5_proof) makes of the byte whose bits stand where the layout says, and the flag is set
// if and only if one of them is illegal.

module tern_unpack_t5_proof #(
  parameter int unsigned Rows  = 10,
  parameter int unsigned Lanes = 4
) (
  input logic [Rows*Lanes*8/5-1:0] word_i
);

  logic [Rows*2*Lanes-1:0] w;
  logic                    illegal;

  tern_unpack_t5 #(.Rows(Rows), .Lanes(Lanes)) u_unpack (
    .word_i, .w_o(w), .illegal_o(illegal)
  );

  logic [Rows/5*Lanes-1:0] any;
  always_comb assert (illegal == (any != '0));

  for (genvar g = 0; g < Rows / 5; g++) begin : gen_group
    for (genvar l = 0; l < Lanes; l++) begin : gen_lane
      logic [7:0] code;
      logic [9:0] tuple;

      for (genvar b = 0; b < 8; b++) begin : gen_bit
        assign code[b] = word_i[(g*8 + b)*Lanes + l];
      end
      tern_unpack_t5 #(.Rows(5), .Lanes(1)) u_one (
        .word_i(code), .w_o(tuple), .illegal_o(any[g*Lanes + l])
      );
      for (genvar p = 0; p < 10; p++) begin : gen_plane
        always_comb assert (w[(10*g + p)*Lanes + l] == tuple[p]);
      end
    end
  end

endmodule
