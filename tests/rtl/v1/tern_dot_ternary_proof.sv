// SPDX-License-Identifier: Apache-2.0
//
// Proof obligation: after a valid step tern_v1_dot_ternary holds what a design that multiplies would
// hold, for every legal trit and every activation, -2^(ActWidth-1) among them.

module tern_dot_ternary_proof #(
  parameter  int unsigned Lanes    = 4,
  parameter  int unsigned ActWidth = 8,
  localparam int unsigned SumWidth = ActWidth + $clog2(Lanes) + 1
) (
  input logic                      clk_i,
  input logic                      valid_i,
  input logic [2*Lanes-1:0]        w_i,
  input logic [ActWidth*Lanes-1:0] x_i
);

  logic signed [SumWidth-1:0] sum;

  tern_v1_dot_ternary #(.Lanes(Lanes), .ActWidth(ActWidth)) u_dot (
    .clk_i, .valid_i, .w_i, .x_i, .sum_o(sum)
  );

  // The specification.
  logic signed [1:0]          w [Lanes];
  logic signed [ActWidth-1:0] x [Lanes];
  logic signed [SumWidth-1:0] partial [Lanes+1];
  logic [Lanes-1:0]           illegal;

  assign partial[0] = '0;
  for (genvar l = 0; l < Lanes; l++) begin : gen_lane
    assign w[l]         = w_i[2*l +: 2];
    assign x[l]         = x_i[ActWidth*l +: ActWidth];
    assign partial[l+1] = partial[l] + w[l] * x[l];
    assign illegal[l]   = w[l] == 2'sb10;
  end

  logic signed [SumWidth-1:0] spec_q;
  logic                       seen_q = 1'b0;
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      spec_q <= partial[Lanes];
      seen_q <= 1'b1;
    end
  end

  // Without the assumption the proof fails: an illegal code counts as 0 here, as -2 there.
  always_comb assume (!valid_i || illegal == '0);
  always_comb assert (!seen_q || sum == spec_q);

endmodule
