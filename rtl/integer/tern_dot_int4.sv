// SPDX-License-Identifier: Apache-2.0
//
// Dot products of 4-bit weights and 8-bit activations, both two's complement: R rows of N weights
// times one vector of N activations, exactly, a step per cycle. The weights are recoded: two digits
// times nine bits are fewer to add than the four digits times five bits of recoded activations.

module tern_dot_int4 #(
  parameter  int unsigned Rows       = 1,
  parameter  int unsigned Lanes      = 16,
  localparam int unsigned Latency    = tern_pkg::dot_latency(tern_pkg::FormatInt4, Lanes),
  localparam int unsigned WeightBits = tern_pkg::weight_bits(tern_pkg::FormatInt4),
  localparam int unsigned ActBits    = tern_pkg::act_bits(tern_pkg::FormatInt4),
  localparam int unsigned SumBits    = tern_pkg::sum_bits(tern_pkg::FormatInt4, Lanes)
) (
  input  logic                             clk_i,

  input  logic [Latency-1:0]               en_i,  // stage s takes at the end of it
  input  logic [Rows*WeightBits*Lanes-1:0] w_i,   // [Rows, plane, Lanes], signed
  input  logic [ActBits*Lanes-1:0]         x_i,   // [plane, Lanes], signed

  output logic [Rows*SumBits-1:0]          sum_o  // [Rows], signed
);

  localparam int unsigned Digits = WeightBits / 2;

  for (genvar r = 0; r < Rows; r++) begin : gen_row
    logic [Digits*Lanes-1:0] one, two, negative;

    tern_booth_recode #(.Lanes(Lanes), .Bits(WeightBits)) u_recode (
      .value_i(w_i[r*WeightBits*Lanes +: WeightBits*Lanes]),
      .one_o(one), .two_o(two), .negative_o(negative)
    );
    tern_booth_row #(.Lanes(Lanes), .Bits(ActBits), .Digits(Digits)) u_row (
      .clk_i, .en_i,
      .value_i(x_i),
      .one_i(one), .two_i(two), .negative_i(negative),
      .sum_o(sum_o[SumBits*r +: SumBits])
    );
  end

endmodule
