// SPDX-License-Identifier: Apache-2.0
//
// The dot-product unit of an engine: one row per arithmetic and variant, one interface.

module tern_dot #(
  parameter  int unsigned Format      = tern_pkg::FormatTernary,
  parameter  int unsigned DotUnit     = tern_pkg::DotTree,
  parameter  int unsigned Rows        = 20,
  parameter  int unsigned Lanes       = 64,
  localparam int unsigned WeightBits  = tern_pkg::weight_bits(Format),
  localparam int unsigned ActBits     = tern_pkg::act_bits(Format),
  localparam int unsigned SumBits     = tern_pkg::sum_bits(Format, Lanes),
  localparam int unsigned Latency     = tern_pkg::dot_latency(Format, Lanes)
) (
  input  logic                             clk_i,
  input  logic [Latency-1:0]               en_i,
  input  logic [Rows*Lanes*WeightBits-1:0] w_i,
  input  logic [Lanes*ActBits-1:0]         x_i,
  output logic [Rows*SumBits-1:0]          sum_o
);

  if (DotUnit > tern_pkg::DotLut3
      || (DotUnit != tern_pkg::DotTree && Format != tern_pkg::FormatTernary)) begin : gen_check_unit
    $error("tern_dot: DotUnit must be one of tern_pkg's, and DotTree but for ternary weights");
  end

  if (Format == tern_pkg::FormatTernary && DotUnit == tern_pkg::DotTree) begin : gen_ternary
    tern_dot_ternary #(.Rows(Rows), .Lanes(Lanes)) u_dot (.clk_i, .en_i, .w_i, .x_i, .sum_o);
  end else if (Format == tern_pkg::FormatTernary) begin : gen_lut
    tern_dot_ternary_lut #(
      .Rows(Rows), .Lanes(Lanes), .Group(DotUnit == tern_pkg::DotLut2 ? 2 : 3)
    ) u_dot (.clk_i, .en_i, .w_i, .x_i, .sum_o);
  end else if (Format == tern_pkg::FormatInt4) begin : gen_int4
    tern_dot_int4 #(.Rows(Rows), .Lanes(Lanes)) u_dot (.clk_i, .en_i, .w_i, .x_i, .sum_o);
  end else if (Format == tern_pkg::FormatInt8) begin : gen_int8
    tern_dot_int8 #(.Rows(Rows), .Lanes(Lanes)) u_dot (.clk_i, .en_i, .w_i, .x_i, .sum_o);
  end else if (Format == tern_pkg::FormatFp8) begin : gen_fp8
    tern_dot_fp8 #(.Rows(Rows), .Lanes(Lanes)) u_dot (.clk_i, .en_i, .w_i, .x_i, .sum_o);
  end else if (Format == tern_pkg::FormatBf16) begin : gen_bf16
    tern_dot_bf16 #(.Rows(Rows), .Lanes(Lanes)) u_dot (.clk_i, .en_i, .w_i, .x_i, .sum_o);
  end else begin : gen_fp16
    tern_dot_fp16 #(.Rows(Rows), .Lanes(Lanes)) u_dot (.clk_i, .en_i, .w_i, .x_i, .sum_o);
  end

endmodule
