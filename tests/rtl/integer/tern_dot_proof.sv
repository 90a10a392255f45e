// SPDX-License-Identifier: Apache-2.0
//
// Proof obligation of an integer dot-product unit: two cycles after a step it holds what a design
// that multiplies would hold. Activations are of XBits bits and sign-extended, so that a deep sum
// stays provable; illegal trits are excluded. Steps come every cycle.

module tern_dot_proof #(
  // 0, 1: ternary, masked or gated; 2, 3: tables; 4: int4; 8: int8
  parameter  int unsigned Unit  = 0,
  parameter  int unsigned Lanes = 1,
  parameter  int unsigned XBits = 8,
  localparam int unsigned Format  = Unit == 4 ? tern_pkg::FormatInt4
                                  : Unit == 8 ? tern_pkg::FormatInt8 : tern_pkg::FormatTernary,
  localparam int unsigned WeightBits = tern_pkg::weight_bits(Format),
  localparam int unsigned ActBits    = tern_pkg::act_bits(Format),
  localparam int unsigned SumBits    = tern_pkg::sum_bits(Format, Lanes)
) (
  input logic                        clk_i,
  input logic [WeightBits*Lanes-1:0] w_i,
  input logic [XBits*Lanes-1:0]      x_i
);

  logic [ActBits*Lanes-1:0] x;
  for (genvar j = 0; j < ActBits; j++) begin : gen_extend
    assign x[j*Lanes +: Lanes] = x_i[(j < XBits ? j : XBits - 1)*Lanes +: Lanes];
  end

  logic signed [SumBits-1:0] sum;
  if (Unit < 2) begin : gen_ternary
    tern_dot_ternary #(.Lanes(Lanes), .GateZeros(1'(Unit))) u_dot (
      .clk_i, .en_i('1), .w_i, .x_i(x), .sum_o(sum)
    );
  end else if (Unit < 4) begin : gen_lut
    tern_dot_ternary_lut #(.Lanes(Lanes), .Group(Unit)) u_dot (
      .clk_i, .en_i('1), .w_i, .x_i(x), .sum_o(sum)
    );
  end else if (Unit == 4) begin : gen_int4
    tern_dot_int4 #(.Lanes(Lanes)) u_dot (.clk_i, .en_i('1), .w_i, .x_i(x), .sum_o(sum));
  end else begin : gen_int8
    tern_dot_int8 #(.Lanes(Lanes)) u_dot (.clk_i, .en_i('1), .w_i, .x_i(x), .sum_o(sum));
  end

  // The specification. A trit is {negative, nonzero}: as a signed number of two bits.
  logic signed [SumBits-1:0] partial [Lanes+1];
  assign partial[0] = '0;
  for (genvar l = 0; l < Lanes; l++) begin : gen_lane
    logic signed [WeightBits-1:0] weight;
    logic signed [XBits-1:0]      activation;
    for (genvar b = 0; b < WeightBits; b++) begin : gen_weight
      assign weight[b] = w_i[b*Lanes+l];
    end
    for (genvar b = 0; b < XBits; b++) begin : gen_activation
      assign activation[b] = x_i[b*Lanes+l];
    end
    assign partial[l+1] = partial[l] + weight * activation;
  end

  logic signed [SumBits-1:0] spec_q, spec_q2;
  logic [1:0]                seen_q = '0;
  always_ff @(posedge clk_i) begin
    spec_q  <= partial[Lanes];
    spec_q2 <= spec_q;
    seen_q  <= {seen_q[0], 1'b1};
  end

  if (Format == tern_pkg::FormatTernary) begin : gen_legal
    always_comb assume ((w_i[Lanes +: Lanes] & ~w_i[0 +: Lanes]) == '0);
  end

  always_comb assert (!seen_q[1] || sum == spec_q2);

endmodule
