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

  logic [Lanes-1:0] nonzero, negative, illegal;

  always_comb begin
    illegal = '0;
    for (int unsigned r = 0; r < Rows; r++) begin
      nonzero  = word_i[(2*r+0)*Lanes +: Lanes];
      negative = word_i[(2*r+1)*Lanes +: Lanes];
      illegal  = illegal | (negative & ~nonzero);

      w_o[(2*r+0)*Lanes +: Lanes] = nonzero;
      w_o[(2*r+1)*Lanes +: Lanes] = negative & nonzero;
    end
    illegal_o = |illegal;
  end

endmodule
