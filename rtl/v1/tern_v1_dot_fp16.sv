// SPDX-License-Identifier: Apache-2.0
//
// FP16 lanes: the product of each pair of binary16, exact in binary32, one step per cycle.

module tern_v1_dot_fp16 #(
  parameter int unsigned Lanes = 16
) (
  input  logic                clk_i,

  input  logic                valid_i,
  input  logic [16*Lanes-1:0] w_i,       // [Lanes] binary16, finite
  input  logic [16*Lanes-1:0] x_i,       // [Lanes] binary16, finite

  output logic [32*Lanes-1:0] product_o  // [Lanes] of the last valid step, one cycle after it
);

  logic [32*Lanes-1:0] product;

  // Gated by valid_i, here and in the accumulators, so that idle lanes do not toggle and a
  // simulator skips them.
  always_comb begin
    product = '0;
    if (valid_i) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        product[32*l +: 32] = tern_v1_fp_pkg::product(w_i[16*l +: 16], x_i[16*l +: 16]);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) product_o <= product;
  end

endmodule
