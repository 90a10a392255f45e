// SPDX-License-Identifier: Apache-2.0
//
// Proof obligation for tern_columns, for any activations and stalls: of every tile the runs hold
// every column whose activation is not zero once, and no other; a panel has as many columns as its
// runs, Lanes at most; on the first tile the activation of a column is written to the lane at which
// its weights come, in place of a word that has been seen; what is told stands until it is taken.
// Shown for any one column, which therefore stands for all. Stands in the module
// (TERN_PROVE_COLUMNS) and ties its state to the account kept here: by induction, for ever.

module tern_columns_proof #(
  parameter  int unsigned Lanes    = 8,
  parameter  int unsigned MaxCols  = 32,
  localparam int unsigned StepBits = $clog2(MaxCols / Lanes),
  localparam int unsigned LaneBits = $clog2(Lanes)
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                load_i,
  input  logic [StepBits-1:0] load_step_i,
  input  logic [Lanes-1:0]    nonzero_i,
  input  logic                start_i,
  input  logic [8*Lanes-1:0]  word_i,
  input  logic                word_read_i,
  input  logic [StepBits-1:0] word_step_i,
  input  logic                panel_write_i,
  input  logic [StepBits-1:0] panel_step_i,
  input  logic [8*Lanes-1:0]  panel_data_i,
  input  logic                run_valid_i,
  input  logic                run_ready_i,
  input  logic [16:0]         run_col_i,
  input  logic [LaneBits:0]   run_cols_i,
  input  logic                run_last_i,
  input  logic                panel_valid_i,
  input  logic                panel_ready_i,
  input  logic [LaneBits:0]   panel_cols_i,
  input  logic                panel_last_i,

  // The module's state.
  output logic [StepBits-1:0] step_o,        // of the column that is watched
  input  logic [Lanes-1:0]    cell_i,        // of that step
  input  logic [Lanes-1:0]    cell_q_i,
  input  logic                busy_i,
  input  logic                first_tile_i,
  input  logic                read_i,
  input  logic                fetched_i,
  input  logic [StepBits:0]   steps_i,
  input  logic [StepBits:0]   next_step_i,
  input  logic [StepBits-1:0] at_i,
  input  logic [Lanes-1:0]    mask_i,
  input  logic [8*Lanes-1:0]  kept_word_i,
  input  logic [16:0]         run_end_i,
  input  logic [LaneBits:0]   panel_held_i,
  input  logic [StepBits-1:0] panel_i
);

  localparam int unsigned Wide = StepBits + LaneBits + 2;

  logic                begun = 1'b0;
  logic [StepBits-1:0] step;                 // the column that is watched
  logic [LaneBits-1:0] lane;
  logic [16:0]         col;
  logic                loaded = 1'b0;        // its step has been
  logic                nonzero;
  logic [7:0]          value;
  logic                told = 1'b0;          // in a run of this tile
  logic                in_panel = 1'b0;      // in the panel at hand
  logic [LaneBits:0]   place;                // ... at this lane
  logic [LaneBits:0]   earlier = '0;         // columns of that panel told before the run at hand
  logic                stood = 1'b0, run_last_was;
  logic [16:0]         run_col_was;
  logic [LaneBits:0]   run_cols_was;

  assign step_o = step;
  assign col    = 17'({step, lane});

  logic                run_taken, panel_taken, tile_taken, pending, coming, must, takes;
  logic [Lanes-1:0]    lowest;
  logic [LaneBits-1:0] low_lane;
  logic [LaneBits:0]   seen;                 // lanes of the word below the next column
  logic [7:0]          offered, kept, written;

  assign run_taken   = run_valid_i && run_ready_i;
  assign panel_taken = panel_valid_i && panel_ready_i;
  assign tile_taken  = run_taken && run_last_i;
  assign pending     = run_cols_i != '0 && col >= run_col_i && col < run_col_i + 17'(run_cols_i);
  assign coming      = nonzero && (next_step_i == '0 || step > at_i
                                   || (step == at_i && (fetched_i || mask_i[lane])));
  assign lowest      = mask_i & ~(mask_i - 1'b1);
  // The watched column is the next one, and nothing that must be told first holds it back.
  assign must  = panel_held_i == (LaneBits+1)'(Lanes)
              || (run_cols_i != '0 && 17'({at_i, low_lane}) != run_col_i + 17'(run_cols_i));
  assign takes = step == at_i && mask_i[lane] && lowest[lane] && (!must || run_taken);

  always_comb begin
    low_lane = '0;
    seen     = (LaneBits+1)'(Lanes);
    for (int unsigned i = 0; i < Lanes; i++) begin
      if (lowest[i]) begin
        low_lane = LaneBits'(i);
        seen     = (LaneBits+1)'(i);
      end
    end
  end

  for (genvar b = 0; b < 8; b++) begin : gen_bit
    logic [Lanes-1:0] plane, kept_here;
    assign plane      = word_i[Lanes*b +: Lanes] >> lane;
    assign kept_here  = kept_word_i[Lanes*b +: Lanes] >> lane;
    assign offered[b] = plane[0];
    assign kept[b]    = kept_here[0];
  end
  assign written = 8'(panel_data_i >> {place[LaneBits-1:0], 3'b000});

  logic [LaneBits:0] held_after;             // columns of the panel before the next one
  assign held_after = panel_taken ? '0 : panel_held_i;

  always_ff @(posedge clk_i) begin
    begun <= 1'b1;
    if (!begun) {step, lane, value} <= word_i[StepBits+LaneBits+7:0];
    if (begun) begin
      if (load_i && load_step_i == step) begin
        loaded  <= 1'b1;
        nonzero <= nonzero_i[lane];
      end
      if (run_taken) begin
        told    <= !run_last_i && (told || pending);
        earlier <= panel_taken ? '0 : earlier + run_cols_i;
      end
      if (panel_taken) in_panel <= 1'b0;
      if (takes) begin
        in_panel <= 1'b1;
        place    <= held_after;
      end
      if (start_i) begin
        told     <= 1'b0;
        in_panel <= 1'b0;
        earlier  <= '0;
      end
      stood        <= run_valid_i && !run_ready_i;
      run_col_was  <= run_col_i;
      run_cols_was <= run_cols_i;
      run_last_was <= run_last_i;
    end
  end

  always_comb begin
    assume (rst_ni == begun);
    if (!begun) assert (!loaded && !told && !in_panel && !stood && earlier == '0);
    if (begun) begin
      // The engine loads while nothing is walked, and begins with the last step.
      assume (!(busy_i && (load_i || start_i)));
      assume (!start_i || load_i);
      assume (!start_i || (step <= load_step_i && (loaded || load_step_i == step)));
      if (fetched_i && first_tile_i && at_i == step) assume (offered == value);

      // What is promised.
      if (run_taken && pending) assert (nonzero && !told);
      if (tile_taken) assert ((told || pending) == nonzero);
      if (stood) begin
        assert (run_valid_i || !panel_ready_i);
        assert (run_col_i == run_col_was && run_cols_i == run_cols_was);
        assert (run_last_i == run_last_was);
      end
      if (panel_taken) begin
        assert (run_taken && panel_cols_i == earlier + run_cols_i && 32'(panel_cols_i) <= Lanes);
        assert (panel_last_i == run_last_i && panel_write_i == first_tile_i);
        if (first_tile_i && in_panel) assert (written == value);
      end else begin
        assert (!panel_write_i && !tile_taken);
      end
      if (run_taken && pending) assert (place == earlier + (LaneBits+1)'(col - run_col_i));
      if (panel_write_i) begin
        assert (panel_step_i <= at_i && !(word_read_i && word_step_i <= panel_step_i));
      end

      // Why it holds.
      assert (!loaded || cell_i[lane] == nonzero);
      if (busy_i) begin
        assert (loaded && 32'(step) < 32'(steps_i));
        assert (next_step_i <= steps_i && 32'(steps_i) <= MaxCols / Lanes);
        assert (next_step_i == '0 || next_step_i == (StepBits+1)'(at_i) + 1'b1);
        assert (next_step_i != '0 || (!fetched_i && mask_i == '0 && run_cols_i == '0));
        assert (!(read_i || fetched_i) || mask_i == '0);
        assert (!read_i || (!fetched_i && next_step_i != steps_i));
        if (fetched_i && at_i == step) assert (cell_q_i[lane] == nonzero);
        if (mask_i[lane] && at_i == step) begin
          assert (nonzero);
          if (first_tile_i) assert (kept == value);
        end
        assert (2'(coming) + 2'(pending) + 2'(told) == 2'(nonzero));
        assert (32'(panel_held_i) <= Lanes && earlier <= panel_held_i);
        assert (panel_held_i == earlier + run_cols_i);
        assert (!pending || in_panel);
        if (pending) assert (place == earlier + (LaneBits+1)'(col - run_col_i));
        if (in_panel) begin
          assert (place < panel_held_i && nonzero && !coming);
          if (first_tile_i) assert (written == value);
        end
        assert (run_cols_i == '0 || run_end_i == run_col_i + 17'(run_cols_i));
        if (run_cols_i != '0) assert (32'(run_col_i) + 32'(run_cols_i) <= MaxCols);
        assert (panel_held_i == '0 || run_cols_i != '0);
        // Panels lie before what has been seen.
        if (next_step_i == '0 || (fetched_i && at_i == '0)) begin
          assert (panel_i == '0 && panel_held_i == '0);
        end else begin
          assert (Wide'({panel_i, {LaneBits{1'b0}}}) + Wide'(panel_held_i)
                  <= Wide'({at_i, {LaneBits{1'b0}}}) + (fetched_i ? '0 : Wide'(seen)));
        end
      end else begin
        assert (mask_i == '0 && !read_i && !fetched_i);
      end
    end
  end

endmodule
