// SPDX-License-Identifier: Apache-2.0
//
// Skips the columns whose activation is zero, of a job of one token with weights by columns. As X
// is loaded it keeps which activations are not zero; then, for every tile of rows, it walks these
// columns, one a cycle, and tells
//   - runs of neighbouring columns, whose weights are to be read, and
//   - panels of Lanes columns, with which the engine computes as with a step.
// On the first walk it also writes the activations of a panel side by side into the memory that
// they came from, where none is overwritten before it has been seen. A tile ends with a panel in
// any case, of no columns perhaps, so that its sums begin.

module tern_columns #(
  parameter  int unsigned Lanes    = 64,
  parameter  int unsigned MaxCols  = 8192,
  parameter  int unsigned TileRows = 320,
  localparam int unsigned MaxSteps = MaxCols / Lanes,
  localparam int unsigned StepBits = $clog2(MaxSteps),
  localparam int unsigned LaneBits = $clog2(Lanes)
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                load_i,         // an activation word is written
  input  logic [StepBits-1:0] load_step_i,
  input  logic [Lanes-1:0]    nonzero_i,      // its lanes
  input  logic                start_i,        // ... and was the last one
  input  logic [23:0]         rows_i,         // of the job, from start_i on

  output logic                word_read_o,    // give word_i in the next cycle,
  output logic [StepBits-1:0] word_step_o,    // of this step, as bit planes
  input  logic [8*Lanes-1:0]  word_i,

  output logic                panel_write_o,  // the activations of a panel,
  output logic [StepBits-1:0] panel_step_o,   // in place of this step
  output logic [8*Lanes-1:0]  panel_data_o,   // [Lanes]

  output logic                run_valid_o,
  input  logic                run_ready_i,
  output logic [16:0]         run_col_o,      // its first column
  output logic [LaneBits:0]   run_cols_o,     // 0: none, but the tile ends
  output logic                run_last_o,     // of its tile

  output logic                panel_valid_o,  // its runs have all been taken
  input  logic                panel_ready_i,
  output logic [LaneBits:0]   panel_cols_o,   // 0 ... Lanes
  output logic                panel_last_o    // of its tile
);

  if (Lanes < 8 || (Lanes & (Lanes - 1)) != 0) begin : gen_check_lanes
    $error("tern_columns: Lanes must be a power of two, 8 or more");
  end
  if (MaxSteps < 2 || MaxSteps * Lanes != MaxCols || MaxCols > 65536) begin : gen_check_cols
    $error("tern_columns: MaxCols must be two or more times Lanes and 65,536 at most");
  end

  logic [Lanes-1:0]    cells [MaxSteps];       // nonzero_i of the steps
  logic [Lanes-1:0]    cell_q;                 // as read
  logic                busy_q, first_tile_q, read_q, fetched_q;
  logic [23:0]         rows_q;                 // of the job, not yet walked
  logic [StepBits:0]   steps_q, step_q;        // of the job; to be read next
  logic [StepBits-1:0] at_q;                   // of the mask
  logic [Lanes-1:0]    mask_q;                 // columns of the step not yet told
  logic [8*Lanes-1:0]  word_q;
  logic [16:0]         run_col_q, run_end_q;   // its first column, and the one after it
  logic [LaneBits:0]   run_cols_q, panel_cols_q;
  logic [StepBits-1:0] panel_q;
  logic [8*Lanes-1:0]  panel_data_q;

  // The next column, and its activation.
  logic [Lanes-1:0]    above, others, one;
  logic [LaneBits-1:0] lane;
  logic [16:0]         col;
  logic [7:0]          x;

  always_comb begin
    // Lanes above the lowest one, by doubling: mask_q - 1 would be a carry through all lanes.
    above = mask_q << 1;
    for (int unsigned s = 1; s < Lanes; s = 2 * s) above = above | (above << s);
    one    = mask_q & ~above;
    others = mask_q & above;
    lane   = '0;
    x      = '0;
    if (found) begin
      for (int unsigned l = 0; l < Lanes; l++) lane = lane | (one[l] ? LaneBits'(l) : '0);
      for (int unsigned b = 0; b < 8; b++) x[b] = |(word_q[Lanes*b +: Lanes] & one);
    end
  end
  assign col = 17'({at_q, lane});

  // A run ends before a column that is no neighbour, a panel before a column beyond it, both at the
  // end of the tile.
  logic found, ends, full, breaks, tell, told, take;

  assign found  = mask_q != '0;
  assign ends   = busy_q && !found && !fetched_q && step_q == steps_q;
  assign full   = panel_cols_q == (LaneBits+1)'(Lanes);
  assign breaks = run_cols_q != '0 && col != run_end_q;
  assign tell   = ends || (found && (full || breaks));
  assign told   = tell && run_ready_i && (!(ends || full) || panel_ready_i);
  assign take   = found && (!tell || told);

  assign word_read_o   = read_q && first_tile_q;
  assign word_step_o   = step_q[StepBits-1:0];
  assign run_valid_o   = tell && (!(ends || full) || panel_ready_i);
  assign run_col_o     = run_col_q;
  assign run_cols_o    = run_cols_q;
  assign run_last_o    = ends;
  assign panel_valid_o = tell && (ends || full) && run_ready_i;
  assign panel_cols_o  = panel_cols_q;
  assign panel_last_o  = ends;
  assign panel_write_o = panel_valid_o && panel_ready_i && first_tile_q;
  assign panel_step_o  = panel_q;
  assign panel_data_o  = panel_data_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q    <= 1'b0;
      read_q    <= 1'b0;
      fetched_q <= 1'b0;
      mask_q    <= '0;
    end else begin
      // From a register, as a fire waits for it.
      read_q    <= busy_q && !read_q && !fetched_q && step_q != steps_q
                && (!found || (take && others == '0));
      fetched_q <= read_q;
      if (fetched_q)   mask_q <= cell_q;
      else if (take)   mask_q <= others;
      if (start_i)     busy_q <= 1'b1;
      else if (told && ends && rows_q <= 24'(TileRows)) busy_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (load_i) cells[load_step_i] <= nonzero_i;
    if (read_q) begin
      cell_q <= cells[step_q[StepBits-1:0]];
      at_q   <= step_q[StepBits-1:0];
      step_q <= step_q + 1'b1;
    end
    if (fetched_q && first_tile_q) word_q <= word_i;

    if (take) begin
      run_cols_q   <= tell || run_cols_q == '0 ? (LaneBits+1)'(1) : run_cols_q + 1'b1;
      panel_cols_q <= full ? (LaneBits+1)'(1) : panel_cols_q + 1'b1;
      if (tell || run_cols_q == '0) run_col_q <= col;
      run_end_q <= col + 17'd1;
      panel_data_q[{panel_cols_q[LaneBits-1:0], 3'b000} +: 8] <= x;  // of a full one: the first lane
    end
    if (told && full) panel_q <= panel_q + 1'b1;
    if (start_i || (told && ends)) begin
      first_tile_q <= start_i;
      rows_q       <= start_i ? rows_i : rows_q - 24'(TileRows);
      run_cols_q   <= '0;
      panel_cols_q <= '0;
      panel_q      <= '0;
      step_q       <= '0;
    end
    if (start_i) steps_q <= (StepBits+1)'(load_step_i) + 1'b1;
  end

`ifdef TERN_PROVE_COLUMNS  // tests/rtl/engine; Yosys 0.23 ignores bind
  logic [StepBits-1:0] proof_step;

  tern_columns_proof #(.Lanes(Lanes), .MaxCols(MaxCols)) u_proof (
    .clk_i, .rst_ni, .load_i, .load_step_i, .nonzero_i, .start_i, .word_i,
    .word_read_i(word_read_o), .word_step_i(word_step_o), .panel_write_i(panel_write_o),
    .panel_step_i(panel_step_o), .panel_data_i(panel_data_o), .run_valid_i(run_valid_o),
    .run_ready_i, .run_col_i(run_col_o), .run_cols_i(run_cols_o), .run_last_i(run_last_o),
    .panel_valid_i(panel_valid_o), .panel_ready_i, .panel_cols_i(panel_cols_o),
    .panel_last_i(panel_last_o), .step_o(proof_step), .cell_i(cells[proof_step]),
    .cell_q_i(cell_q), .busy_i(busy_q), .first_tile_i(first_tile_q), .read_i(read_q), .fetched_i(fetched_q),
    .steps_i(steps_q), .next_step_i(step_q), .at_i(at_q), .mask_i(mask_q), .kept_word_i(word_q),
    .run_end_i(run_end_q), .panel_held_i(panel_cols_q), .panel_i(panel_q)
  );
`endif

endmodule
