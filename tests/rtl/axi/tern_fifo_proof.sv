// SPDX-License-Identifier: Apache-2.0
//
// Proof obligation: words leave tern_fifo in the order in which they came, none lost, none twice,
// and an offer stands until it is taken. Words carry their number; the FIFO does not look at them.
// It stands in the FIFO (TERN_PROVE_FIFO), whose state it ties to the numbers: so the proof is by
// induction, for ever.

module tern_fifo_proof #(
  parameter int unsigned Depth = 4,
  parameter int unsigned Width = 4
) (
  input logic                     clk_i,
  input logic                     rst_ni,
  input logic                     in_valid_i,
  input logic                     in_ready_i,
  input logic [Width-1:0]         in_data_i,
  input logic                     out_valid_i,
  input logic                     out_ready_i,
  input logic [Width-1:0]         out_data_i,
  input logic [$clog2(Depth)-1:0] write_i,
  input logic [$clog2(Depth)-1:0] read_i,
  input logic [$clog2(Depth):0]   count_i,
  input logic [Width*Depth-1:0]   queue_i       // cells from read_i on
);

  logic             begun = 1'b0, offered = 1'b0;
  logic [Width-1:0] came = '0, went = '0;  // numbers of the next word in and out

  always_ff @(posedge clk_i) begin
    begun   <= 1'b1;
    offered <= begun && out_valid_i && !out_ready_i;
    if (begun) begin
      came <= came + Width'(in_valid_i && in_ready_i);
      went <= went + Width'(out_valid_i && out_ready_i);
    end
  end

  always_comb begin
    assume (rst_ni == begun);
    assume (in_data_i == came);
    if (!begun) assert (came == '0 && went == '0 && !offered);
    if (begun) begin
      // What is promised.
      if (out_valid_i) assert (out_data_i == went);
      if (offered) assert (out_valid_i);
      // Why it holds.
      assert (count_i <= ($clog2(Depth)+1)'(Depth));
      assert (write_i == read_i + count_i[$clog2(Depth)-1:0]);
      assert (went + Width'(out_valid_i) + Width'(count_i) == came);
      for (int unsigned i = 0; i < Depth; i++) begin
        if (i < 32'(count_i)) begin
          assert (queue_i[Width*i +: Width] == went + Width'(out_valid_i) + Width'(i));
        end
      end
    end
  end

endmodule
