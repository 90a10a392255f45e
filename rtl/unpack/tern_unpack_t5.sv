// SPDX-License-Identifier: Apache-2.0
//
// One step of weights, five trits per byte, to bit planes: rows come in groups of five, a group as
// the eight bit planes of its bytes. Illegal bytes are five zeros here, and flagged.

module tern_unpack_t5 #(
  parameter int unsigned Rows  = 5,
  parameter int unsigned Lanes = 16
) (
  input  logic [Rows/5*8*Lanes-1:0] word_i,    // [Rows / 5][8 bits][Lanes]

  output logic [Rows*2*Lanes-1:0]   w_o,       // [Rows][nonzero, negative][Lanes]
  output logic                      illegal_o  // some byte of the word is illegal
);

  if (Rows % 5 != 0 || Rows == 0) begin : gen_check_rows
    $error("tern_unpack_t5: Rows must be a multiple of 5");
  end

  localparam int unsigned Groups = Rows / 5;

  logic [Groups*Lanes-1:0] illegal;
  assign illegal_o = |illegal;

  for (genvar g = 0; g < Groups; g++) begin : gen_group
    logic [5*Lanes-1:0] nonzero, negative;

    tern_decode_t5 #(.Lanes(Lanes)) u_decode (
      .code_i    (word_i[g*8*Lanes +: 8*Lanes]),
      .nonzero_o (nonzero),
      .negative_o(negative),
      .illegal_o (illegal[g*Lanes +: Lanes])
    );

    for (genvar t = 0; t < 5; t++) begin : gen_trit
      assign w_o[(5*g+t)*2*Lanes +: 2*Lanes] = {negative[t*Lanes +: Lanes],
                                               nonzero[t*Lanes +: Lanes]};
    end
  end

endmodule
