// SPDX-License-Identifier: Apache-2.0
//
// Gathers words of a stream into wider ones, first word lowest. The last word is not stored but
// passed through, so no cycle is lost and equal widths are wires.

module tern_gather #(
  parameter int unsigned InBits  = 256,
  parameter int unsigned OutBits = 512
) (
  input  logic               clk_i,
  input  logic               rst_ni,

  input  logic               in_valid_i,
  output logic               in_ready_o,
  input  logic [InBits-1:0]  in_data_i,

  output logic               out_valid_o,
  input  logic               out_ready_i,
  output logic [OutBits-1:0] out_data_o
);

  localparam int unsigned Parts = OutBits / InBits;

  if (Parts < 1 || Parts * InBits != OutBits) begin : gen_check_params
    $error("tern_gather: OutBits must be a multiple of InBits");
  end

  if (Parts == 1) begin : gen_wires
    assign in_ready_o  = out_ready_i;
    assign out_valid_o = in_valid_i;
    assign out_data_o  = in_data_i;

    logic unused;
    assign unused = ^{clk_i, rst_ni};
  end else begin : gen_kept
    localparam int unsigned PartBits = $clog2(Parts);

    logic [PartBits-1:0] part_q;
    logic [InBits-1:0]   kept_q [Parts-1];
    logic                last, step;

    assign last        = part_q == PartBits'(Parts - 1);
    assign in_ready_o  = !last || out_ready_i;
    assign out_valid_o = in_valid_i && last;
    assign step        = in_valid_i && in_ready_o;

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni)   part_q <= '0;
      else if (step) part_q <= last ? '0 : part_q + 1'b1;
    end

    always_ff @(posedge clk_i) begin
      if (step && !last) kept_q[part_q] <= in_data_i;
    end

    for (genvar p = 0; p + 1 < Parts; p++) begin : gen_out
      assign out_data_o[InBits*p +: InBits] = kept_q[p];
    end
    assign out_data_o[OutBits-1 -: InBits] = in_data_i;
  end

endmodule
