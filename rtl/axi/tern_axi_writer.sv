// SPDX-License-Identifier: Apache-2.0
//
// AXI4 write master: 32-bit words with addresses in, bursts out. Words of one beat go together,
// beats that follow one another form a run of up to MaxBurst that never crosses 4 KB (AXI4,
// A3.4.1); a run is asked for when its last beat is known, so WVALID is not low within a burst
// for lack of words. An error response is remembered.

module tern_axi_writer #(
  parameter  int unsigned AddrBits  = 40,
  parameter  int unsigned BeatBits  = 512,
  parameter  int unsigned MaxBurst  = 16,  // beats; a power of two
  localparam int unsigned BeatBytes = BeatBits / 8,
  localparam int unsigned Offset    = $clog2(BeatBytes)
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,

  input  logic                 in_valid_i,
  output logic                 in_ready_o,
  input  logic [AddrBits:0]    in_addr_i,   // 4-byte aligned; the top bit is the carry out of the
                                            // last address: such a word is not written
  input  logic [31:0]          in_data_i,
  input  logic                 in_last_i,   // nothing follows for a while: write what is there

  input  logic                 clear_i,
  output logic                 error_o,     // since clear_i: an error response
  output logic                 overflow_o,  // ... a word beyond the last address
  output logic                 idle_o,      // everything is written and answered

  output logic                 aw_valid_o,
  input  logic                 aw_ready_i,
  output logic [AddrBits-1:0]  aw_addr_o,
  output logic [7:0]           aw_len_o,    // beats - 1

  output logic                 w_valid_o,
  input  logic                 w_ready_i,
  output logic [BeatBits-1:0]  w_data_o,
  output logic [BeatBytes-1:0] w_strb_o,
  output logic                 w_last_o,

  input  logic                 b_valid_i,
  output logic                 b_ready_o,
  input  logic [1:0]           b_resp_i
);

  if (AddrBits < 13 || AddrBits > 64) begin : gen_check_addr
    $error("tern_axi_writer: AddrBits must be in [13, 64]");
  end
  if (MaxBurst < 2 || MaxBurst > 256 || (MaxBurst & (MaxBurst - 1)) != 0) begin : gen_check_burst
    $error("tern_axi_writer: MaxBurst must be a power of two in [2, 256]");
  end
  if (BeatBits < 32 || BeatBits > 1024 || (BeatBits & (BeatBits - 1)) != 0) begin : gen_check_beat
    $error("tern_axi_writer: BeatBits must be a power of two in [32, 1024]");
  end

  localparam int unsigned Words    = BeatBytes / 4;
  localparam int unsigned BeatAddr = AddrBits - Offset;
  localparam int unsigned PageBits = 12 - Offset;

  // The beat that gathers words.
  logic                 open_q, flush_q;  // it holds a word; it waits for nothing more
  logic [BeatAddr-1:0]  beat_q, in_beat, run_beat_q;
  logic [BeatBits-1:0]  data_q;
  logic [Words-1:0]     mask_q, in_mask;
  logic [7:0]           run_q;            // beats of its run before it
  logic                 same, follows, take, close, run_ends, beats_ready, runs_ready;

  assign in_beat  = in_addr_i[AddrBits-1:Offset];
  assign same     = in_beat == beat_q;
  assign follows  = in_beat == beat_q + 1'b1 && in_beat[PageBits-1:0] != '0
                 && run_q != 8'(MaxBurst - 1);
  assign run_ends = flush_q || !follows;

  if (Words > 1) begin : gen_mask
    assign in_mask = Words'(1) << in_addr_i[Offset-1:2];
  end else begin : gen_word
    assign in_mask = 1'b1;
  end

  // A beat closes when a word of another beat comes or nothing comes any more.
  assign close      = open_q && (flush_q || (in_valid_i && !same)) && beats_ready && runs_ready;
  assign take       = in_valid_i && in_ready_o;
  assign in_ready_o = !flush_q && (!open_q || same || close);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      open_q  <= 1'b0;
      flush_q <= 1'b0;
    end else begin
      open_q  <= take || (open_q && !close);
      flush_q <= (take && in_last_i) || (flush_q && !close);
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) begin
      beat_q <= in_beat;
      mask_q <= (open_q && !close ? mask_q : '0) | (in_addr_i[AddrBits] ? '0 : in_mask);
      for (int unsigned i = 0; i < Words; i++) begin
        if (in_mask[i]) data_q[32*i +: 32] <= in_data_i;
      end
      if (!open_q || (close && run_ends)) begin
        run_q      <= '0;
        run_beat_q <= in_beat;
      end else if (close) begin
        run_q <= run_q + 8'd1;
      end
    end
  end

  // Closed beats, and runs of them.
  logic             beat_valid, run_out;
  logic [Words-1:0] mask;
  logic [8:0]       granted_q;  // runs asked for whose last beat has not gone
  logic [8:0]       waiting_q;  // runs asked for and not answered
  logic             aw_go, w_go, b_go;
  logic [$clog2(MaxBurst):0] beats_held, runs_held;

  tern_fifo #(.Width(BeatBits + Words + 1), .Depth(MaxBurst)) u_beats (
    .clk_i, .rst_ni,
    .in_valid_i(close), .in_ready_o(beats_ready), .in_data_i({run_ends, mask_q, data_q}),
    .out_valid_o(beat_valid), .out_ready_i(w_go), .out_data_o({w_last_o, mask, w_data_o}),
`ifdef TERN_PROVE_WRITER
    .queue_o(beat_queue),
`endif
    .held_o(beats_held)
  );
  tern_fifo #(.Width(BeatAddr + 8), .Depth(MaxBurst)) u_runs (
    .clk_i, .rst_ni,
    .in_valid_i(close && run_ends), .in_ready_o(runs_ready), .in_data_i({run_beat_q, run_q}),
    .out_valid_o(run_out), .out_ready_i(aw_go),
    .out_data_o({aw_addr_o[AddrBits-1:Offset], aw_len_o}),
`ifdef TERN_PROVE_WRITER
    .queue_o(run_queue),
`endif
    .held_o(runs_held)
  );

  assign aw_addr_o[Offset-1:0] = '0;
  assign aw_valid_o            = run_out && waiting_q != 9'd256;
  assign aw_go                 = aw_valid_o && aw_ready_i;
  assign w_valid_o             = beat_valid && granted_q != '0;
  assign w_go                  = w_valid_o && w_ready_i;
  assign b_ready_o             = 1'b1;
  assign b_go                  = b_valid_i;
  assign idle_o                = !open_q && !run_out && !beat_valid && waiting_q == '0
                              && beats_held == '0 && runs_held == '0;

  for (genvar i = 0; i < Words; i++) begin : gen_strb
    assign w_strb_o[4*i +: 4] = {4{mask[i]}};
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      granted_q  <= '0;
      waiting_q  <= '0;
      error_o    <= 1'b0;
      overflow_o <= 1'b0;
    end else begin
      granted_q  <= granted_q + 9'(aw_go) - 9'(w_go && w_last_o);
      waiting_q  <= waiting_q + 9'(aw_go) - 9'(b_go);
      error_o    <= !clear_i && (error_o || (b_go && b_resp_i[1]));
      overflow_o <= !clear_i && (overflow_o || (take && in_addr_i[AddrBits]));
    end
  end

  logic unused;
  assign unused = ^{in_addr_i[1:0], b_resp_i[0]};

`ifdef TERN_PROVE_WRITER  // tests/rtl/axi; Yosys 0.23 ignores bind
  logic [MaxBurst*(BeatBits+Words+1)-1:0] beat_queue;
  logic [MaxBurst*(BeatAddr+8)-1:0]       run_queue;

  tern_axi_writer_proof #(.AddrBits(AddrBits), .BeatBits(BeatBits), .MaxBurst(MaxBurst)) u_proof (
    .clk_i, .rst_ni, .in_valid_i, .in_ready_i(in_ready_o), .in_addr_i, .in_data_i, .in_last_i,
    .clear_i, .error_i(error_o), .overflow_i(overflow_o), .idle_i(idle_o),
    .aw_valid_i(aw_valid_o), .aw_ready_i, .aw_addr_i(aw_addr_o), .aw_len_i(aw_len_o),
    .w_valid_i(w_valid_o), .w_ready_i, .w_data_i(w_data_o), .w_strb_i(w_strb_o),
    .w_last_i(w_last_o), .b_valid_i, .b_ready_i(b_ready_o), .b_resp_i,
    .open_i(open_q), .flush_i(flush_q), .close_i(close), .beat_i(beat_q),
    .run_beat_i(run_beat_q), .run_i(run_q), .mask_i(mask_q), .data_i(data_q),
    .granted_i(granted_q), .waiting_i(waiting_q), .beat_out_i(beat_valid),
    .beat_head_i({w_last_o, mask, w_data_o}), .beats_i(beats_held), .beat_queue_i(beat_queue),
    .run_out_i(run_out), .run_head_i({aw_addr_o[AddrBits-1:Offset], aw_len_o}),
    .runs_i(runs_held), .run_queue_i(run_queue)
  );
`endif

endmodule
