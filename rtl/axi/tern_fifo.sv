// SPDX-License-Identifier: Apache-2.0
//
// First in, first out, in a memory of one write and one read port. The oldest word stands in a
// register: Depth words fit the memory and one that. A word comes out two cycles after it went in
// at the earliest; then one a cycle.

module tern_fifo #(
  parameter  int unsigned Width    = 512,
  parameter  int unsigned Depth    = 128,
  localparam int unsigned AddrBits = $clog2(Depth)
) (
  input  logic                    clk_i,
  input  logic                    rst_ni,

  input  logic                    in_valid_i,
  output logic                    in_ready_o,
  input  logic [Width-1:0]        in_data_i,

  output logic                    out_valid_o,
  input  logic                    out_ready_i,
  output logic [Width-1:0]        out_data_o,

`ifdef TERN_PROVE_WRITER  // tests/rtl/axi
  output logic [Depth*Width-1:0]  queue_o,  // the memory, oldest word first
`endif
  output logic [AddrBits:0]       held_o  // words in the memory; one more stands at the output
);

  if (Depth < 2 || (Depth & (Depth - 1)) != 0) begin : gen_check_params
    $error("tern_fifo: Depth must be a power of two, 2 or more");
  end

  logic [Width-1:0]    cells [Depth];
  logic [AddrBits-1:0] write_q, read_q;
  logic [AddrBits:0]   count_q;          // in the memory
  logic                put, fetch;

  assign held_o     = count_q;
  assign in_ready_o = count_q != (AddrBits+1)'(Depth);
  assign put        = in_valid_i && in_ready_o;
  assign fetch      = count_q != '0 && (!out_valid_o || out_ready_i);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      write_q     <= '0;
      read_q      <= '0;
      count_q     <= '0;
      out_valid_o <= 1'b0;
    end else begin
      if (put) write_q <= write_q + 1'b1;
      if (fetch) read_q <= read_q + 1'b1;
      count_q     <= count_q + (AddrBits+1)'(put) - (AddrBits+1)'(fetch);
      out_valid_o <= fetch || (out_valid_o && !out_ready_i);
    end
  end

  always_ff @(posedge clk_i) begin
    if (put) cells[write_q] <= in_data_i;
    if (fetch) out_data_o <= cells[read_q];
  end

`ifdef TERN_PROVE_WRITER
  for (genvar i = 0; i < Depth; i++) begin : gen_queue
    assign queue_o[Width*i +: Width] = cells[read_q + AddrBits'(i)];
  end
  always_comb if (rst_ni) assert (write_q == read_q + count_q[AddrBits-1:0]);
`endif

`ifdef TERN_PROVE_FIFO  // tests/rtl/axi; Yosys 0.23 ignores bind
  tern_fifo_proof #(.Depth(Depth), .Width(Width)) u_proof (
    .clk_i, .rst_ni, .in_valid_i, .in_ready_i(in_ready_o), .in_data_i,
    .out_valid_i(out_valid_o), .out_ready_i, .out_data_i(out_data_o),
    .write_i(write_q), .read_i(read_q), .count_i(count_q),
    .queue_i({cells[read_q+2'd3], cells[read_q+2'd2], cells[read_q+2'd1], cells[read_q]})
  );
`endif

endmodule
