// SPDX-License-Identifier: Apache-2.0
//
// The decoder of one byte of rtl/unpack/tern_unpack_t5.sv.

module tern_t5 (
  input  logic [7:0] code_i,

  output logic [4:0] nonzero_o,
  output logic [4:0] negative_o,
  output logic       illegal_o
);

  logic [9:0] w;

  tern_unpack_t5 #(.Rows(5), .Lanes(1)) u_unpack (.word_i(code_i), .w_o(w), .illegal_o);

  assign nonzero_o  = {w[8], w[6], w[4], w[2], w[0]};
  assign negative_o = {w[9], w[7], w[5], w[3], w[1]};

endmodule
