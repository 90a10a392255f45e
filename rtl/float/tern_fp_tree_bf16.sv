// SPDX-License-Identifier: Apache-2.0
//
// One row of bfloat16: products in binary32, then a balanced tree of binary32 additions:
// s[i] = s[i] + s[i + n] for n = Lanes/2, Lanes/4 ... 1 and i < n, each rounded to nearest even.
// NaN and infinities: see tern_fp_multiply_bf16.sv and tern_fp_add.sv. The sum of zeros is -0 if
// all products are -0, else +0.

module tern_fp_tree_bf16 #(
  parameter  int unsigned Lanes   = 16,
  localparam int unsigned Latency = tern_pkg::dot_latency(tern_pkg::FormatBf16, Lanes)
) (
  input  logic                clk_i,

  input  logic [Latency-1:0]  en_i,
  input  logic [Lanes*16-1:0] w_i,   // [Lanes] bfloat16, with en_i[0]
  input  logic [Lanes*16-1:0] x_i,   // [Lanes] bfloat16, with en_i[0]

  output logic [31:0]         sum_o  // binary32, Latency cycles later, held
);

  if (Lanes == 0 || (Lanes & (Lanes - 1)) != 0) begin : gen_check_lanes
    $error("tern_fp_tree_bf16: Lanes must be a power of two");
  end

  for (genvar k = 0; k <= $clog2(Lanes); k++) begin : gen_level
    localparam int unsigned Sums = Lanes >> k;
    logic [Sums*32-1:0] s;
    if (k == 0) begin : gen_products
      tern_fp_multiply_bf16 #(.Count(Lanes)) u_multiply (
        .clk_i,
        .en_i(en_i[0 +: tern_pkg::Bf16ProductLatency]),
        .a_i(w_i),
        .b_i(x_i),
        .product_o(s)
      );
    end else begin : gen_sums
      tern_fp_add #(.Count(Sums)) u_add (
        .clk_i,
        .en_i(en_i[tern_pkg::Bf16ProductLatency + (k-1)*tern_pkg::FpAddLatency
                   +: tern_pkg::FpAddLatency]),
        .a_i(gen_level[k-1].s[0 +: Sums*32]),
        .b_i(gen_level[k-1].s[Sums*32 +: Sums*32]),
        .sum_o(s)
      );
    end
  end

  assign sum_o = gen_level[$clog2(Lanes)].s;

endmodule
