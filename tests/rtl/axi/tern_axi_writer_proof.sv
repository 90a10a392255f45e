// SPDX-License-Identifier: Apache-2.0
//
// Proof obligation for tern_axi_writer, for any words, addresses and stalls: every word that is
// taken is written once, to its address, with its data, and before the writer says that it is idle;
// nothing else is written; requests and data stand until they are taken; bursts are not too long,
// do not cross 4 KB, and end where WLAST says; data follows its request. One word is watched,
// whichever the solver likes. Stands in the writer (TERN_PROVE_WRITER) and ties its state, the
// words of its queues among it, to the account kept here: by induction, for ever.

module tern_axi_writer_proof #(
  parameter  int unsigned AddrBits  = 13,
  parameter  int unsigned BeatBits  = 64,
  parameter  int unsigned MaxBurst  = 2,
  localparam int unsigned BeatBytes = BeatBits / 8,
  localparam int unsigned Words     = BeatBytes / 4,
  localparam int unsigned Offset    = $clog2(BeatBytes),
  localparam int unsigned BeatAddr  = AddrBits - Offset,
  localparam int unsigned PageBits  = 12 - Offset,
  localparam int unsigned Entry     = BeatBits + Words + 1,
  localparam int unsigned Most      = MaxBurst + 1,          // words of a queue
  localparam int unsigned Held      = $clog2(MaxBurst) + 1,  // bits of what a queue's memory holds
  localparam int unsigned Count     = Held + 2
) (
  input logic                       clk_i,
  input logic                       rst_ni,

  input logic                       in_valid_i,
  input logic                       in_ready_i,
  input logic [AddrBits:0]          in_addr_i,
  input logic [31:0]                in_data_i,
  input logic                       in_last_i,
  input logic                       clear_i,
  input logic                       error_i,
  input logic                       overflow_i,
  input logic                       idle_i,
  input logic                       aw_valid_i,
  input logic                       aw_ready_i,
  input logic [AddrBits-1:0]        aw_addr_i,
  input logic [7:0]                 aw_len_i,
  input logic                       w_valid_i,
  input logic                       w_ready_i,
  input logic [BeatBits-1:0]        w_data_i,
  input logic [BeatBytes-1:0]       w_strb_i,
  input logic                       w_last_i,
  input logic                       b_valid_i,
  input logic                       b_ready_i,
  input logic [1:0]                 b_resp_i,

  // The writer's state.
  input logic                       open_i,
  input logic                       flush_i,
  input logic                       close_i,
  input logic [BeatAddr-1:0]        beat_i,
  input logic [BeatAddr-1:0]        run_beat_i,
  input logic [7:0]                 run_i,
  input logic [Words-1:0]           mask_i,
  input logic [BeatBits-1:0]        data_i,
  input logic [8:0]                 granted_i,
  input logic [8:0]                 waiting_i,
  input logic                       beat_out_i,              // of the queue of beats
  input logic [Entry-1:0]           beat_head_i,
  input logic [Held-1:0]            beats_i,
  input logic [MaxBurst*Entry-1:0]  beat_queue_i,
  input logic                       run_out_i,               // ... of runs
  input logic [BeatAddr+7:0]        run_head_i,
  input logic [Held-1:0]            runs_i,
  input logic [MaxBurst*(BeatAddr+8)-1:0] run_queue_i
);

  logic begun = 1'b0;
  logic aw_go, w_go;
  assign aw_go = aw_valid_i && aw_ready_i;
  assign w_go  = w_valid_i && w_ready_i;

  // The word that is watched.
  logic [AddrBits-3:0] watch;
  logic                taken = 1'b0, written = 1'b0;
  logic [31:0]         value;
  logic [BeatAddr-1:0] watch_beat;
  logic [Offset-3:0]   watch_word;
  assign watch_beat = watch[AddrBits-3:Offset-2];
  assign watch_word = watch[Offset-3:0];

  // A queue beside that of beats: where each beat belongs, and its place in its run.
  logic                           where_ready, where_out;
  logic [BeatAddr+7:0]            where_head;
  logic [Held-1:0]                wheres;
  logic [MaxBurst*(BeatAddr+8)-1:0] where_queue;
  tern_fifo #(.Width(BeatAddr + 8), .Depth(MaxBurst)) u_where (
    .clk_i, .rst_ni, .in_valid_i(close_i), .in_ready_o(where_ready), .in_data_i({beat_i, run_i}),
    .out_valid_o(where_out), .out_ready_i(w_go), .out_data_o(where_head), .held_o(wheres),
    .queue_o(where_queue)
  );

  // Runs asked for whose last beat has not gone, oldest first.
  logic [BeatAddr+7:0] asked [Most];
  logic [Count-1:0]    granted = '0;
  logic [8:0]          waiting = '0;  // ... and those not answered
  logic [7:0]          done = '0;     // beats of the run at hand that have gone

  logic                 aw_held = 1'b0, w_held = 1'b0;
  logic [AddrBits-1:0]  aw_addr_was;
  logic [7:0]           aw_len_was;
  logic [BeatBits-1:0]  w_data_was;
  logic [BeatBytes-1:0] w_strb_was;
  logic                 w_last_was;

  logic [BeatAddr-1:0]  at;
  logic                 hit;
  assign at  = asked[0][BeatAddr+7:8] + BeatAddr'(done);
  assign hit = w_go && at == watch_beat && w_strb_i[4*watch_word];

  always_ff @(posedge clk_i) begin
    begun <= 1'b1;
    if (!begun) watch <= in_addr_i[AddrBits-1:2];
    if (begun) begin
      aw_held     <= aw_valid_i && !aw_ready_i;
      aw_addr_was <= aw_addr_i;
      aw_len_was  <= aw_len_i;
      w_held      <= w_valid_i && !w_ready_i;
      w_data_was  <= w_data_i;
      w_strb_was  <= w_strb_i;
      w_last_was  <= w_last_i;
      if (w_go && w_last_i) begin
        for (int unsigned i = 0; i + 1 < Most; i++) asked[i] <= asked[i+1];
      end
      for (int unsigned i = 0; i < Most; i++) begin
        if (aw_go && Count'(i) == granted - Count'(w_go && w_last_i)) begin
          asked[i] <= {aw_addr_i[AddrBits-1:Offset], aw_len_i};
        end
      end
      granted <= granted + Count'(aw_go) - Count'(w_go && w_last_i);
      waiting <= waiting + 9'(aw_go) - 9'(b_valid_i);
      if (w_go) done <= w_last_i ? '0 : done + 8'd1;
      if (in_valid_i && in_ready_i && in_addr_i[AddrBits-1:2] == watch) begin
        taken <= 1'b1;
        value <= in_data_i;
      end
      if (hit) written <= 1'b1;
    end
  end

  // The queues as lists, oldest first.
  logic [Count-1:0]    beats, runs;
  logic [Entry-1:0]    beat [Most];
  logic [BeatAddr+7:0] place [Most];
  logic [BeatAddr+7:0] run [Most];     // asked for, then queued
  logic [Count-1:0]    all_runs;
  assign beats    = Count'(beats_i) + Count'(beat_out_i);
  assign runs     = Count'(runs_i) + Count'(run_out_i);
  assign all_runs = granted + runs;

  for (genvar i = 0; i < Most; i++) begin : gen_list
    logic [Entry-1:0]    beat_out, beat_in;
    logic [BeatAddr+7:0] place_out, place_in;
    if (i == 0) begin : gen_first
      assign beat_out  = beat_head_i;
      assign place_out = where_head;
    end else begin : gen_next
      assign beat_out  = beat_queue_i[Entry*(i-1) +: Entry];
      assign place_out = where_queue[(BeatAddr+8)*(i-1) +: BeatAddr+8];
    end
    if (i < MaxBurst) begin : gen_inside
      assign beat_in  = beat_queue_i[Entry*i +: Entry];
      assign place_in = where_queue[(BeatAddr+8)*i +: BeatAddr+8];
    end else begin : gen_beyond
      assign beat_in  = '0;
      assign place_in = '0;
    end
    assign beat[i]  = beat_out_i ? beat_out : beat_in;
    assign place[i] = beat_out_i ? place_out : place_in;
  end

  logic [Count-1:0]    index;
  logic [BeatAddr+7:0] queued [Most];
  for (genvar i = 0; i < Most; i++) begin : gen_queued
    logic [BeatAddr+7:0] run_after, run_before;
    if (i == 0) begin : gen_first
      assign run_after = run_head_i;
    end else begin : gen_next
      assign run_after = run_queue_i[(BeatAddr+8)*(i-1) +: BeatAddr+8];
    end
    if (i < MaxBurst) begin : gen_inside
      assign run_before = run_queue_i[(BeatAddr+8)*i +: BeatAddr+8];
    end else begin : gen_beyond
      assign run_before = '0;
    end
    assign queued[i] = run_out_i ? run_after : run_before;
  end
  always_comb begin
    for (int unsigned i = 0; i < Most; i++) begin
      run[i] = asked[i];
      for (int unsigned j = 0; j <= i; j++) begin
        if (Count'(i - j) == granted) run[i] = queued[j];
      end
    end
  end

  logic open_holds;
  assign open_holds = open_i && beat_i == watch_beat && mask_i[watch_word];

  // What the beats of the list say, one after the other.
  logic [Most-1:0]  last, holds;      // it is the last one of its run; the watched word is in it
  logic [Count-1:0] places;           // where that is
  logic [Count-1:0] ends [Most+1];    // runs that end before it
  always_comb begin
    ends[0] = '0;
    for (int unsigned i = 0; i < Most; i++) begin
      last[i]   = beat[i][Entry-1];
      holds[i]  = Count'(i) < beats && place[i][BeatAddr+7:8] == watch_beat
               && beat[i][BeatBits + 32'(watch_word)];
      ends[i+1] = ends[i] + Count'(Count'(i) < beats && last[i]);
    end
    places = Count'(open_holds);
    for (int unsigned i = 0; i < Most; i++) places = places + Count'(holds[i]);
  end

  logic [7:0] open_place;             // that the open beat has in its run
  always_comb begin
    open_place = '0;
    for (int unsigned i = 0; i < Most; i++) begin
      if (Count'(i) < beats) open_place = last[i] ? '0 : place[i][7:0] + 8'd1;
    end
  end

  function automatic logic legal(logic [BeatAddr-1:0] first, logic [7:0] len);
    legal = 32'(len) < MaxBurst && 32'(first[PageBits-1:0]) + 32'(len) < (32'd1 << PageBits);
  endfunction

  logic [31:0] word [Most];
  always_comb begin
    for (int unsigned i = 0; i < Most; i++) begin
      word[i] = 32'(beat[i][BeatBits-1:0] >> {watch_word, 5'd0});
    end
  end

  always_comb begin
    assume (rst_ni == begun);
    assume (!in_addr_i[AddrBits] && !clear_i && b_resp_i == 2'b00);
    if (!begun) begin
      assert (!taken && !written && granted == '0 && waiting == '0 && done == '0);
      assert (!aw_held && !w_held);
    end
    if (begun) begin
      assume (!b_valid_i || waiting > 9'(granted));  // a burst is answered once it is written
      assume (!(taken && in_valid_i && in_addr_i[AddrBits-1:2] == watch));  // one result each

      // What is promised.
      if (aw_valid_i) begin
        assert (aw_addr_i[Offset-1:0] == '0 && legal(aw_addr_i[AddrBits-1:Offset], aw_len_i));
      end
      if (aw_held) assert (aw_valid_i && aw_addr_i == aw_addr_was && aw_len_i == aw_len_was);
      if (w_held) begin
        assert (w_valid_i && w_data_i == w_data_was && w_strb_i == w_strb_was);
        assert (w_last_i == w_last_was);
      end
      if (w_valid_i) begin
        assert (granted != '0);
        assert (w_last_i == (done == asked[0][7:0]));
      end
      if (hit) begin
        assert (taken && !written);
        assert (word[0] == value && w_data_i == beat[0][BeatBits-1:0]);
      end
      if (idle_i) assert (taken == written && granted == '0 && waiting == '0);
      assert (b_ready_i && !error_i && !overflow_i);

      // Why it holds: the queues,
      assert (beats_i <= Held'(MaxBurst) && runs_i <= Held'(MaxBurst));
      assert (wheres == beats_i && where_out == beat_out_i);
      assert (9'(granted) == granted_i && waiting == waiting_i && 9'(granted) <= waiting);
      assert (waiting <= 9'd256);
      // the runs that the beats tell, which are those asked for and queued,
      assert (granted <= beats && ends[Most] == all_runs && all_runs <= beats);
      for (int unsigned i = 0; i < Most; i++) begin
        if (Count'(i) < all_runs) assert (legal(run[i][BeatAddr+7:8], run[i][7:0]));
        if (Count'(i) < beats) begin
          assert (32'(place[i][7:0]) < MaxBurst);
          if (i == 0) assert (place[i][7:0] == done);
          else        assert (place[i][7:0] == (last[i-1] ? '0 : place[i-1][7:0] + 8'd1));
          for (int unsigned j = 0; j < Most; j++) begin
            if (Count'(j) == ends[i] && Count'(j) < all_runs) begin
              assert (place[i][BeatAddr+7:8] == run[j][BeatAddr+7:8] + BeatAddr'(place[i][7:0]));
              assert (place[i][7:0] <= run[j][7:0] && last[i] == (place[i][7:0] == run[j][7:0]));
            end
          end
          if (ends[i] == all_runs) begin
            assert (open_i && place[i][BeatAddr+7:8] == run_beat_i + BeatAddr'(place[i][7:0]));
          end
        end
      end
      if (beats == '0) assert (done == '0);
      // the beat that gathers words and its run,
      assert (!flush_i || open_i);
      if (open_i) begin
        assert (run_i == open_place && legal(run_beat_i, run_i));
        assert (beat_i == run_beat_i + BeatAddr'(run_i));
      end
      // and where the word is that is watched.
      assert (!written || taken);
      assert (places == Count'(taken && !written));
      if (open_holds) assert (32'(data_i >> {watch_word, 5'd0}) == value);
      for (int unsigned i = 0; i < Most; i++) if (holds[i]) assert (word[i] == value);
    end
  end

endmodule
