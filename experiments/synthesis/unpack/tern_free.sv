// SPDX-License-Identifier: Apache-2.0
//
// The smallest code that the search (search.cc) found where illegal bytes may decode to anything:
// what it costs that those of tern_decode_t5 are zeros. A netlist, cell by cell.

module tern_free #(
  parameter bit Zero = 1'b0  // has no other form
) (
  input  logic [7:0] code_i,

  output logic [4:0] nonzero_o,
  output logic [4:0] negative_o,
  output logic       illegal_o
);

  if (Zero) begin : gen_check_params
    $error("tern_free: illegal bytes are not zeros");
  end

  logic n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, n12, n13, n14, n15, n16, n17;

  assign n0 = ~(code_i[5] ^ code_i[4]);
  assign n1 = ~(code_i[7] | code_i[6] | code_i[4]);
  assign n2 = ~((code_i[0] & n1) | code_i[7]);
  assign n3 = ~((code_i[0] & code_i[1]) | n1);
  assign n4 = (code_i[1] & n0) | code_i[0];
  assign n5 = ~(n4 | n1);
  assign n6 = ~((n3 | n4) & n2);
  assign n7 = ~((code_i[1] & n3) | n1);
  assign n8 = n0 & n7;
  assign n9 = ~((n6 | code_i[3]) & (code_i[1] | n3));
  assign n10 = ~(code_i[6] | n6);
  assign n11 = ~((code_i[2] & code_i[5]) | n10);
  assign n12 = ~(n9 | code_i[6]);
  assign n13 = ~((code_i[5] & n11) | n10);
  assign n14 = ~((code_i[2] | n11) & n2);
  assign n15 = (code_i[3] | n11) & code_i[2];
  assign n16 = n11 & code_i[3];
  assign n17 = ~(code_i[6] | n14 | n9);

  assign nonzero_o  = {n14, n11, n13, n3, n7};
  assign negative_o = {n12, n16, n15, n5, n8};
  assign illegal_o  = n17;

endmodule
