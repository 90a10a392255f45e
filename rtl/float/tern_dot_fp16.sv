// SPDX-License-Identifier: Apache-2.0
//
// FP16 rows: per row the exact sum of N products of binary16, rounded once to binary32, to nearest
// even. NaN, infinities and zeros: see tern_fp_exact_sum.sv.

module tern_dot_fp16 #(
  parameter  int unsigned Rows    = 1,
  parameter  int unsigned Lanes   = 16,
  localparam int unsigned Latency = tern_pkg::dot_latency(tern_pkg::FormatFp16, Lanes)
) (
  input  logic                     clk_i,

  input  logic [Latency-1:0]       en_i,   // stage s takes its operands at the end of this cycle
  input  logic [Rows*Lanes*16-1:0] w_i,    // [Rows, Lanes] binary16, with en_i[0]
  input  logic [Lanes*16-1:0]      x_i,    // [Lanes] binary16, with en_i[0]

  output logic [Rows*32-1:0]       sum_o   // [Rows] binary32, Latency cycles later, held
);

  for (genvar r = 0; r < Rows; r++) begin : gen_row
    tern_fp_exact_sum #(
      .Lanes(Lanes), .ExpBits(5), .FracBits(10), .Infinities(1'b1)
    ) u_sum (
      .clk_i, .en_i, .w_i(w_i[r*Lanes*16 +: Lanes*16]), .x_i, .sum_o(sum_o[r*32 +: 32])
    );
  end

endmodule
