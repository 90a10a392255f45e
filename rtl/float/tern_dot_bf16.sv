// SPDX-License-Identifier: Apache-2.0
//
// BF16 rows: per row N products of bfloat16, rounded to binary32 where they are not exact, and a
// balanced tree of binary32 additions. NaN, infinities, zeros: see tern_fp_tree_bf16.sv.

module tern_dot_bf16 #(
  parameter  int unsigned Rows    = 1,
  parameter  int unsigned Lanes   = 16,
  localparam int unsigned Latency = tern_pkg::dot_latency(tern_pkg::FormatBf16, Lanes)
) (
  input  logic                     clk_i,

  input  logic [Latency-1:0]       en_i,   // stage s takes its operands at the end of this cycle
  input  logic [Rows*Lanes*16-1:0] w_i,    // [Rows, Lanes] bfloat16, with en_i[0]
  input  logic [Lanes*16-1:0]      x_i,    // [Lanes] bfloat16, with en_i[0]

  output logic [Rows*32-1:0]       sum_o   // [Rows] binary32, Latency cycles later, held
);

  for (genvar r = 0; r < Rows; r++) begin : gen_row
    tern_fp_tree_bf16 #(.Lanes(Lanes)) u_tree (
      .clk_i, .en_i, .w_i(w_i[r*Lanes*16 +: Lanes*16]), .x_i, .sum_o(sum_o[r*32 +: 32])
    );
  end

endmodule
