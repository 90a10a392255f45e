// SPDX-License-Identifier: Apache-2.0
//
// One step of weights, two bits per trit, which already lie as bit planes. Negative without
// nonzero is illegal: it is zero here, and flagged.

module tern_unpack_t2 #(
  parameter int unsigned Rows  = 5,
  parameter int unsigned Lanes = 16
) (
  input  logic [Rows*2*Lanes-1:0] word_i,    // [Rows][nonzero, negative][Lanes]

  output logic [Rows*2*Lanes-1:0] w_o,       // likewise
  output logic                    illegal_o  // some trit of the word is illegal
);

  if (Rows == 0 || Lanes == 0) begin : gen_check_params
    $error("tern_unpack_t2: Rows and Lanes must be at least 1");
  end

  logic [Rows*Lanes-1:0] illegal;
  assign illegal_o = |illegal;

  for (genvar r = 0; r < Rows; r++) begin : gen_row
    logic [Lanes-1:0] nonzero, negative;
    assign {negative, nonzero} = word_i[r*2*Lanes +: 2*Lanes];

    assign w_o[r*2*Lanes +: 2*Lanes]  = {negative & nonzero, nonzero};
    assign illegal[r*Lanes +: Lanes] = negative & ~nonzero;
  end

endmodule
