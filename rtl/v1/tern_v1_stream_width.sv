// SPDX-License-Identifier: Apache-2.0
//
// Changes the width of a stream: gathers beats into a wider word, first beat lowest, or cuts a
// beat into narrower words, lowest first. The last beat of a word is not stored but passed
// through, so equal widths are wires and no cycle is lost.

module tern_v1_stream_width #(
  parameter int unsigned InBits  = 256,
  parameter int unsigned OutBits = 256
) (
  input  logic               clk_i,
  input  logic               rst_ni,

  input  logic               in_valid_i,
  output logic               in_ready_o,
  input  logic [InBits-1:0]  in_data_i,

  output logic               out_valid_o,
  input  logic               out_ready_i,
  input  logic               out_last_i,  // the word on offer ends the stream: its beat goes too
  output logic [OutBits-1:0] out_data_o
);

  localparam int unsigned Gather = OutBits / InBits;
  localparam int unsigned Cut    = InBits / OutBits;

  if (Gather * InBits != OutBits && Cut * OutBits != InBits) begin : gen_check_params
    $error("tern_v1_stream_width: one width must be a multiple of the other");
  end

  if (Gather == 1) begin : gen_wires
    assign in_ready_o  = out_ready_i;
    assign out_valid_o = in_valid_i;
    assign out_data_o  = in_data_i;

    logic unused;
    assign unused = ^{clk_i, rst_ni, out_last_i};
  end else begin : gen_count
    localparam int unsigned Parts    = Gather > 1 ? Gather : Cut;
    localparam int unsigned PartBits = $clog2(Parts);

    logic [PartBits-1:0] part_q;
    logic                last_part, step;

    assign last_part = part_q == PartBits'(Parts - 1);

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni)   part_q <= '0;
      else if (step) part_q <= last_part || (Gather == 0 && out_last_i) ? '0 : part_q + 1'b1;
    end

    if (Gather > 1) begin : gen_gather
      logic [InBits-1:0] kept_q [Parts-1];

      assign step        = in_valid_i && in_ready_o;
      assign in_ready_o  = !last_part || out_ready_i;
      assign out_valid_o = in_valid_i && last_part;

      for (genvar p = 0; p < Parts - 1; p++) begin : gen_kept
        always_ff @(posedge clk_i) begin
          if (step && part_q == PartBits'(p)) kept_q[p] <= in_data_i;
        end
        assign out_data_o[InBits*p +: InBits] = kept_q[p];
      end
      assign out_data_o[OutBits-1 -: InBits] = in_data_i;

      logic unused;
      assign unused = out_last_i;
    end else begin : gen_cut
      assign step        = in_valid_i && out_ready_i;
      assign in_ready_o  = out_ready_i && (last_part || out_last_i);
      assign out_valid_o = in_valid_i;

      always_comb begin
        out_data_o = '0;
        for (int unsigned p = 0; p < Parts; p++) begin
          if (part_q == PartBits'(p)) out_data_o = in_data_i[OutBits*p +: OutBits];
        end
      end
    end
  end

endmodule
