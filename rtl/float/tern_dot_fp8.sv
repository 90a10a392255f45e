// SPDX-License-Identifier: Apache-2.0
//
// FP8 rows: per row the exact sum of N products of E4M3, rounded once to binary32, to nearest
// even. NaN, infinities and zeros: see tern_fp_exact_sum.sv.

module tern_dot_fp8 #(
  parameter  int unsigned Rows    = 1,
  parameter  int unsigned Lanes   = 16,
  localparam int unsigned Latency = tern_pkg::dot_latency(tern_pkg::FormatFp8, Lanes)
) (
  input  logic                     clk_i,

  input  logic [Latency-1:0]       en_i,   // stage s takes its operands at the end of this cycle
  input  logic [Rows*Lanes*8-1:0]  w_i,    // [Rows, Lanes] E4M3, with en_i[0]
  input  logic [Lanes*8-1:0]       x_i,    // [Lanes] E4M3, with en_i[0]

  output logic [Rows*32-1:0]       sum_o   // [Rows] binary32, Latency cycles later, held
);

  for (genvar r = 0; r < Rows; r++) begin : gen_row
    tern_fp_exact_sum #(
      .Lanes(Lanes), .ExpBits(4), .FracBits(3), .Infinities(1'b0)
    ) u_sum (
      .clk_i, .en_i, .w_i(w_i[r*Lanes*8 +: Lanes*8]), .x_i, .sum_o(sum_o[r*32 +: 32])
    );
  end

endmodule
