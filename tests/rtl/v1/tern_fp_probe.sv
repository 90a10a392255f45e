// SPDX-License-Identifier: Apache-2.0
//
// The functions of tern_v1_fp_pkg on pins.

module tern_fp_probe (
  input  logic [15:0] h_i,
  input  logic [15:0] k_i,
  input  logic [31:0] a_i,
  input  logic [31:0] b_i,

  output logic [31:0] product_o,
  output logic [31:0] sum_o,
  output logic        finite_o  // h_i
);

  assign product_o = tern_v1_fp_pkg::product(h_i, k_i);
  assign sum_o     = tern_v1_fp_pkg::add(a_i, b_i);
  assign finite_o  = tern_v1_fp_pkg::finite(h_i[14:10]);

endmodule
