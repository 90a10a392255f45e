// SPDX-License-Identifier: Apache-2.0
//
// Proof obligation for tern_axi_writer, from reset, for any words, addresses and stalls of a bounded
// number of cycles: every word that is taken is written once, to its address, with its data, and
// before the writer says that it is idle; nothing else is written; requests and data stand until
// they are taken; bursts are not too long, do not cross 4 KB, and end where WLAST says; data follows
// its request. One word is watched, whichever the solver likes.

module tern_axi_writer_proof #(
  parameter  int unsigned AddrBits  = 13,
  parameter  int unsigned BeatBits  = 64,
  parameter  int unsigned MaxBurst  = 2,
  localparam int unsigned BeatBytes = BeatBits / 8,
  localparam int unsigned Words     = BeatBytes / 4,
  localparam int unsigned Offset    = $clog2(BeatBytes)
) (
  input logic                clk_i,
  input logic                in_valid_i,
  input logic [AddrBits-3:0] in_word_i,   // address / 4
  input logic [31:0]         in_data_i,
  input logic                in_last_i,
  input logic                aw_ready_i,
  input logic                w_ready_i,
  input logic                b_valid_i,
  input logic [AddrBits-3:0] watch_i
);

  logic                 begun = 1'b0;
  logic                 in_ready, idle, aw_valid, w_valid, w_last, b_ready, error, overflow;
  logic [AddrBits-1:0]  aw_addr;
  logic [7:0]           aw_len;
  logic [BeatBits-1:0]  w_data;
  logic [BeatBytes-1:0] w_strb;

  tern_axi_writer #(.AddrBits(AddrBits), .BeatBits(BeatBits), .MaxBurst(MaxBurst)) u_writer (
    .clk_i, .rst_ni(begun),
    .in_valid_i, .in_ready_o(in_ready), .in_addr_i({1'b0, in_word_i, 2'b00}), .in_data_i,
    .in_last_i, .clear_i(1'b0), .error_o(error), .overflow_o(overflow), .idle_o(idle),
    .aw_valid_o(aw_valid), .aw_ready_i, .aw_addr_o(aw_addr), .aw_len_o(aw_len),
    .w_valid_o(w_valid), .w_ready_i, .w_data_o(w_data), .w_strb_o(w_strb), .w_last_o(w_last),
    .b_valid_i, .b_ready_o(b_ready), .b_resp_i(2'b00)
  );

  // The account: bursts asked for and not written, as a queue; the beat that is written next.
  localparam int unsigned Queue = 4;
  logic [AddrBits-Offset-1:0] beat [Queue];
  logic [7:0]                 len [Queue];
  logic [3:0]                 asked = '0, wrote = '0, answered = '0;  // bursts
  logic [7:0]                 done = '0;                              // beats of the one at hand
  logic [AddrBits-Offset-1:0] at;
  logic [1:0]                 head;
  assign head = wrote[1:0];
  assign at   = beat[head] + (AddrBits-Offset)'(done);

  logic [AddrBits-3:0]  watch;
  logic                 taken = 1'b0, written = 1'b0;
  logic [31:0]          value;
  logic                 aw_held = 1'b0, w_held = 1'b0;
  logic [AddrBits-1:0]  aw_addr_was;
  logic [7:0]           aw_len_was;
  logic [BeatBits-1:0]  w_data_was;
  logic [BeatBytes-1:0] w_strb_was;
  logic                 w_last_was, hit;

  assign hit = w_valid && w_ready_i && at == watch_i[AddrBits-3:Offset-2]
            && w_strb[4*watch_i[Offset-3:0]];

  always_ff @(posedge clk_i) begin
    begun <= 1'b1;
    watch <= watch_i;
    if (begun) begin
      aw_held     <= aw_valid && !aw_ready_i;
      aw_addr_was <= aw_addr;
      aw_len_was  <= aw_len;
      w_held      <= w_valid && !w_ready_i;
      w_data_was  <= w_data;
      w_strb_was  <= w_strb;
      w_last_was  <= w_last;
      if (aw_valid && aw_ready_i) begin
        beat[asked[1:0]] <= aw_addr[AddrBits-1:Offset];
        len[asked[1:0]]  <= aw_len;
        asked            <= asked + 4'd1;
      end
      if (w_valid && w_ready_i) begin
        done  <= w_last ? '0 : done + 8'd1;
        wrote <= wrote + 4'(w_last);
      end
      answered <= answered + 4'(b_valid_i);
      if (in_valid_i && in_ready && in_word_i == watch_i) begin
        taken <= 1'b1;
        value <= in_data_i;
      end
      if (hit) written <= 1'b1;
    end
  end

  always_comb begin
    if (begun) begin
      assume (watch_i == watch);
      assume (!b_valid_i || answered != wrote);
      assume (!(taken && in_valid_i && in_word_i == watch_i));  // an address has one result
      assume (!aw_ready_i || asked - wrote < 4'(Queue));
      if (aw_valid) begin
        assert (aw_addr[Offset-1:0] == '0 && 32'(aw_len) < MaxBurst);
        assert (16'(aw_addr[11:0]) + (16'(aw_len + 8'd1) << Offset) <= 16'd4096);
      end
      if (aw_held) assert (aw_valid && aw_addr == aw_addr_was && aw_len == aw_len_was);
      if (w_held) begin
        assert (w_valid && w_data == w_data_was && w_strb == w_strb_was && w_last == w_last_was);
      end
      if (w_valid) begin
        assert (asked != wrote);
        assert (w_last == (done == len[head]));
      end
      if (hit) begin
        assert (taken && !written);
        assert (w_data[32*watch_i[Offset-3:0] +: 32] == value);
      end
      if (idle) assert (taken == written && answered == asked && asked == wrote);
      assert (b_ready && !error && !overflow);
    end
  end

endmodule
