// SPDX-License-Identifier: Apache-2.0
//
// Dot products of two's complement bytes: R rows of N weights times one vector of N activations,
// exactly, a step per cycle. The activations are recoded, once for all rows.

module tern_dot_int8 #(
  parameter  int unsigned Rows       = 1,
  parameter  int unsigned Lanes      = 16,
  localparam int unsigned Latency    = tern_pkg::dot_latency(tern_pkg::FormatInt8, Lanes),
  localparam int unsigned WeightBits = tern_pkg::weight_bits(tern_pkg::FormatInt8),
  localparam int unsigned ActBits    = tern_pkg::act_bits(tern_pkg::FormatInt8),
  localparam int unsigned SumBits    = tern_pkg::sum_bits(tern_pkg::FormatInt8, Lanes)
) (
  input  logic                             clk_i,

  input  logic [Latency-1:0]               en_i,  // stage s takes at the end of it
  input  logic [Rows*WeightBits*Lanes-1:0] w_i,   // [Rows, plane, Lanes], signed
  input  logic [ActBits*Lanes-1:0]         x_i,   // [plane, Lanes], signed

  output logic [Rows*SumBits-1:0]          sum_o  // [Rows], signed
);

  localparam int unsigned Digits = ActBits / 2;

  logic [Digits*Lanes-1:0] one, two, negative;

  tern_booth_recode #(.Lanes(Lanes), .Bits(ActBits)) u_recode (
    .value_i(x_i), .one_o(one), .two_o(two), .negative_o(negative)
  );

  for (genvar r = 0; r < Rows; r++) begin : gen_row
    tern_booth_row #(.Lanes(Lanes), .Bits(WeightBits), .Digits(Digits)) u_row (
      .clk_i, .en_i,
      .value_i(w_i[r*WeightBits*Lanes +: WeightBits*Lanes]),
      .one_i(one), .two_i(two), .negative_i(negative),
      .sum_o(sum_o[SumBits*r +: SumBits])
    );
  end

endmodule
