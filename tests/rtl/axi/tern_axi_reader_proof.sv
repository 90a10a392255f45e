// SPDX-License-Identifier: Apache-2.0
//
// Proof obligation for tern_axi_reader: its requests cover each region once, in order and without a
// gap; no burst is too long or crosses 4 KB; requests stand until they are taken; and what was
// asked for always has room, so RREADY is high whenever a beat may come. Beats then pass through
// tern_fifo alone, which is proved to keep their order. Stands in the reader (TERN_PROVE_READER)
// and ties its state to the account kept here: by induction, for ever.

module tern_axi_reader_proof #(
  parameter  int unsigned AddrBits  = 16,
  parameter  int unsigned BeatBits  = 32,
  parameter  int unsigned MaxBurst  = 8,
  parameter  int unsigned FifoDepth = 16,
  localparam int unsigned Offset    = $clog2(BeatBits / 8),
  localparam int unsigned CountBits = $clog2(FifoDepth + 1)
) (
  input logic                     clk_i,
  input logic                     rst_ni,

  input logic                     region_valid_i,
  input logic                     region_ready_i,
  input logic [AddrBits:0]        region_addr_i,
  input logic [23:0]              region_beats_i,
  input logic                     ar_valid_i,
  input logic                     ar_ready_i,
  input logic [AddrBits-1:0]      ar_addr_i,
  input logic [7:0]               ar_len_i,
  input logic                     r_valid_i,
  input logic                     r_ready_i,

  // The reader's state.
  input logic [AddrBits-Offset:0] beat_i,
  input logic [23:0]              left_i,
  input logic [CountBits-1:0]     free_i,
  input logic [CountBits-1:0]     count_i,     // of the FIFO
  input logic                     out_valid_i
);

  logic                     begun = 1'b0;
  logic                     seen = 1'b0;     // the request on offer is accounted for
  logic [AddrBits-Offset:0] next;            // beat that the next request must begin with
  logic [23:0]              left = '0;       // beats of the region not yet asked for
  logic                     queued = 1'b0;   // the next region was taken with the last request of
  logic [AddrBits-Offset:0] queued_next;     // this one, which is not yet accounted for
  logic [23:0]              queued_left;
  logic [CountBits:0]       coming = '0;     // beats asked for and not here
  logic [AddrBits-1:0]      addr;
  logic [7:0]               len;
  logic                     offered = 1'b0;
  logic                     fresh;
  logic [8:0]               burst;
  logic [23:0]              rest;

  assign fresh = ar_valid_i && !seen;
  assign burst = 9'(ar_len_i) + 9'd1;
  assign rest  = left - (fresh ? 24'(burst) : '0);

  always_ff @(posedge clk_i) begin
    begun <= 1'b1;
    if (begun) begin
      seen    <= ar_valid_i && !ar_ready_i;
      offered <= ar_valid_i && !ar_ready_i;
      addr    <= ar_addr_i;
      len     <= ar_len_i;
      coming  <= coming + (fresh ? (CountBits+1)'(burst) : '0)
               - (CountBits+1)'(r_valid_i && r_ready_i);
      if (fresh) begin
        next   <= queued ? queued_next : next + (AddrBits-Offset+1)'(burst);
        left   <= queued ? queued_left : rest;
        queued <= 1'b0;
      end
      if (region_valid_i && region_ready_i) begin
        if (!queued && rest == '0) begin
          next <= region_addr_i[AddrBits:Offset];
          left <= region_beats_i;
        end else begin
          queued      <= 1'b1;
          queued_next <= region_addr_i[AddrBits:Offset];
          queued_left <= region_beats_i;
        end
      end
    end
  end

  always_comb begin
    assume (rst_ni == begun);
    assume (region_beats_i != '0);
    // Memory sends what was asked for, no more.
    assume (!r_valid_i || coming + (fresh ? (CountBits+1)'(burst) : '0) != '0);
    if (!begun) assert (!seen && !offered && !queued && left == '0 && coming == '0);
    if (begun) begin
      // What is promised.
      if (fresh) begin
        assert (ar_addr_i == {next[AddrBits-Offset-1:0], {Offset{1'b0}}});
        assert (24'(burst) <= left && 32'(burst) <= MaxBurst);
        assert (16'(ar_addr_i[11:0]) + (16'(burst) << Offset) <= 16'd4096);
      end
      if (offered) assert (ar_valid_i && ar_addr_i == addr && ar_len_i == len);
      // A region is taken when all of the one before is asked for, or its last request comes.
      if (region_valid_i && region_ready_i && rest != '0 && !queued) begin
        assert (!ar_valid_i || ar_ready_i);
        assert (rest <= 24'(MaxBurst));
      end
      if (r_valid_i) assert (r_ready_i);
      // Why it holds.
      if (queued) begin
        assert (fresh && left == 24'(burst));
        assert (left_i == queued_left && beat_i == queued_next);
      end else begin
        assert (left_i == rest);
        if (left_i != '0 || fresh) begin
          assert (beat_i == next + (fresh ? (AddrBits-Offset+1)'(burst) : '0));
        end
      end
      assert (seen == offered);
      assert (!seen || ar_valid_i);
      assert (count_i <= CountBits'(FifoDepth));
      assert ((CountBits+2)'(free_i) + (CountBits+2)'(count_i) + (CountBits+2)'(out_valid_i)
              + (CountBits+2)'(coming) + (fresh ? (CountBits+2)'(burst) : '0)
              == (CountBits+2)'(FifoDepth));
    end
  end

endmodule
