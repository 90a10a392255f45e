// SPDX-License-Identifier: Apache-2.0
//
// The accelerator's engine: Y = W X for a job of rows x columns x tokens. One stream brings the
// activations, which stay, and then the weights, which pass once, Rows x Lanes a step; results
// leave one word a cycle while the next row group runs. Format picks the dot-product unit and with
// it the width of a weight; everything else is the same machine.
//
// The stream counts in units of Lanes bytes: activations [tokens, steps] of act_bits / 8 units,
// then weights [row groups, steps] in the code of the job (kernels/tiles/tiles.h). Rows and columns
// that fill up the last group and step are zero weights; activations there are ignored.
//
// With ColumnSkip a ternary engine also takes weights by columns, for one token: [tiles of 5 Lanes
// rows, columns], a unit of t5 each. It says which columns have an activation that is not zero
// (run_*), tile by tile, and expects the units of these alone.
//
// No ready depends on its own valid, and no output but the ready signals on an input.

module tern_engine #(
  parameter  int unsigned Format    = tern_pkg::FormatTernary,
  parameter  int unsigned DotUnit   = tern_pkg::DotTree,
  parameter  int unsigned Rows      = 20,
  parameter  int unsigned Lanes     = 64,
  parameter  int unsigned MaxTokens = 16,
  parameter  int unsigned MaxCols   = 8192,
  parameter  int unsigned BeatBits   = 512,
  parameter  int unsigned ColumnSkip = 0,     // no effect but on FormatTernary
  localparam int unsigned LaneBits   = $clog2(Lanes),
  localparam int unsigned RowBits    = $clog2(Rows + 1)
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                job_valid_i,
  output logic                job_ready_o,
  input  logic [23:0]         job_rows_i,      // 1 ... 2^24 - 1
  input  logic [16:0]         job_cols_i,      // 1 ... MaxCols
  input  logic [7:0]          job_tokens_i,    // 1 ... MaxTokens
  input  logic                job_code_i,      // ternary: tern_pkg::CodeT2 or CodeT5
  input  logic                job_columns_i,   // weights by columns: ColumnSkip, CodeT5, 1 token

  // Columns whose weights are to come, in their order.
  output logic                run_valid_o,
  input  logic                run_ready_i,
  output logic [16:0]         run_col_o,       // the first one
  output logic [LaneBits:0]   run_cols_o,      // 0: none, but the tile ends
  output logic                run_last_o,      // of its tile

  input  logic                in_valid_i,
  output logic                in_ready_o,
  input  logic [BeatBits-1:0] in_data_i,

  // Results [row groups, tokens, rows of the group]: int32 or binary32.
  output logic                y_valid_o,
  input  logic                y_ready_i,
  output logic [31:0]         y_data_o,
  output logic                y_last_row_o,    // of its token in this row group
  output logic                y_last_token_o,  // this token is the last one of its row group
  output logic                y_last_group_o,  // ... which is the last one of its job

  // What happened, for the job's status and counters.
  output logic                bad_weight_o,    // the weights of a step held an illegal code
  output logic                event_load_o,    // a cycle ago an activation word was written
  output logic                event_fire_o,    // ... a step met a token
  output logic                wait_weights_o,  // no fire: weights have not come
  output logic                wait_drain_o,    // no fire: results have not left

  // Format, DotUnit, Rows, Lanes, MaxTokens, MaxCols, bytes of a beat, ColumnSkip, lowest first: who
  // drives the engine can check that both mean the same machine.
  output logic [8*32-1:0]     config_o
);

  localparam int unsigned ActBits    = tern_pkg::act_bits(Format);
  localparam int unsigned SumBits    = tern_pkg::sum_bits(Format, Lanes);
  localparam int unsigned AccBits    = tern_pkg::sum_bits(Format, MaxCols);
  localparam int unsigned DotLatency = tern_pkg::dot_latency(Format, Lanes);
  localparam int unsigned AccLatency = tern_pkg::acc_latency(Format);
  localparam int unsigned Stages     = DotLatency + AccLatency;
  localparam int unsigned UnitBits   = 8 * Lanes;
  localparam int unsigned WordBits   = Lanes * ActBits;
  localparam int unsigned StepBits   = Rows * Lanes * tern_pkg::weight_bits(Format);
  localparam int unsigned Depth      = MaxTokens * (MaxCols / Lanes);
  localparam int unsigned AddrBits   = $clog2(Depth);
  localparam int unsigned SlotBits   = $clog2(2 * MaxTokens);
  localparam int unsigned StepIdx    = $clog2(MaxCols / Lanes);
  localparam bit          Skip       = ColumnSkip != 0 && Format == tern_pkg::FormatTernary;

  if (Format >= tern_pkg::Formats) begin : gen_check_format
    $error("tern_engine: Format must be one of tern_pkg's");
  end
  // A step comes in Rows units of a cycle or more, unless its weights are ternary, of whose slots each
  // takes a sum every cycle.
  if (AccLatency > 1 && AccLatency > Rows) begin : gen_check_latency
    $error("tern_engine: a slot must be ready for its next sum when the next step may come");
  end
  if (BeatBits < 32 || UnitBits % BeatBits != 0) begin : gen_check_beat
    $error("tern_engine: a beat must be 32 bits or more and divide a unit of 8 bits x Lanes");
  end

  if (Skip && (5 * Lanes % Rows != 0 || 5 * Lanes > Rows * MaxTokens || MaxCols < 2 * Lanes))
  begin : gen_check_columns
    $error("tern_engine: ColumnSkip needs 5 Lanes rows in whole row groups, MaxTokens at most");
  end

  // The stream in units.
  logic                unit_valid, unit_ready, running;
  logic [UnitBits-1:0] unit;

  tern_gather #(.InBits(BeatBits), .OutBits(UnitBits)) u_units (
    .clk_i, .rst_ni,
    .in_valid_i, .in_ready_o, .in_data_i,
    .out_valid_o(unit_valid), .out_ready_i(unit_ready), .out_data_o(unit)
  );

  logic                x_unit_ready, x_valid, x_ready, w_unit_ready, w_valid, w_ready;
  logic                columns, row_unit_valid, row_unit_ready, panel_last;
  logic [UnitBits-1:0] row_unit;                   // of the weights, by rows
  logic [WordBits-1:0] x_word;

  assign unit_ready = running ? w_unit_ready : x_unit_ready;

  tern_gather #(.InBits(UnitBits), .OutBits(WordBits)) u_x_words (
    .clk_i, .rst_ni,
    .in_valid_i(unit_valid && !running), .in_ready_o(x_unit_ready), .in_data_i(unit),
    .out_valid_o(x_valid), .out_ready_i(x_ready), .out_data_o(x_word)
  );

  logic job_start, code_q;
  always_ff @(posedge clk_i) begin
    if (job_start) code_q <= job_code_i;
  end

  logic [StepBits-1:0] w;

  tern_weights #(.Format(Format), .Rows(Rows), .Lanes(Lanes)) u_weights (
    .clk_i, .rst_ni, .code_i(code_q),
    .unit_valid_i(row_unit_valid), .unit_ready_o(row_unit_ready), .unit_i(row_unit),
    .valid_o(w_valid), .ready_i(w_ready), .w_o(w), .illegal_o(bad_weight_o)
  );

  // Control.
  logic                      load, load_partial, fire, fire_first, fire_last, fire_final;
  logic                      bank_release, quiet, loaded, hold;
  logic [23:0]               rows_left;
  logic [SlotBits-1:0]       fire_slot;
  logic [SlotBits-2:0]       fire_last_slot;
  logic [RowBits-1:0]        fire_rows;
  logic [AddrBits-1:0]       addr;
  logic [$clog2(Lanes)-1:0]  load_live;

  tern_sequencer #(
    .Rows(Rows), .Lanes(Lanes), .MaxTokens(MaxTokens), .MaxCols(MaxCols)
  ) u_sequencer (
    .clk_i, .rst_ni,
    .job_valid_i, .job_ready_o, .job_rows_i, .job_cols_i, .job_tokens_i,
    .job_columns_i(Skip && job_columns_i),
    .job_start_o(job_start), .columns_o(columns), .rows_o(rows_left),
    .x_valid_i(x_valid), .x_ready_o(x_ready),
    .load_o(load), .load_partial_o(load_partial), .load_live_o(load_live),
    .loaded_o(loaded), .hold_i(hold), .panel_last_i(panel_last),
    .w_valid_i(w_valid), .w_ready_o(w_ready), .weights_o(running),
    .fire_o(fire), .fire_first_o(fire_first), .fire_last_o(fire_last),
    .fire_last_slot_o(fire_last_slot), .fire_rows_o(fire_rows), .fire_final_o(fire_final),
    .fire_slot_o(fire_slot), .addr_o(addr),
    .release_i(bank_release), .quiet_i(quiet), .wait_weights_o, .wait_drain_o
  );

  // Weights by columns.
  if (Skip) begin : gen_columns
    logic                found_valid, found_ready, panel_valid, panel_ready;
    logic [LaneBits+1:0] found, panel;     // last of its tile, columns
    logic [StepIdx-1:0]  word_step, panel_step;
    logic                turn_ready, turned_valid, turned_last;
    logic [UnitBits-1:0] turned;
    logic [3:0]          held;

    tern_columns #(.Lanes(Lanes), .MaxCols(MaxCols), .TileRows(5 * Lanes)) u_columns (
      .clk_i, .rst_ni,
      .load_i(load), .load_step_i(addr[StepIdx-1:0]), .nonzero_i(nonzero),
      .start_i(loaded && columns), .rows_i(rows_left),
      .word_read_o(hold), .word_step_o(word_step), .word_i(x),
      .panel_write_o(panel_write), .panel_step_o(panel_step), .panel_data_o(panel_data),
      .run_valid_o, .run_ready_i, .run_col_o, .run_cols_o, .run_last_o,
      .panel_valid_o(found_valid), .panel_ready_i(found_ready),
      .panel_cols_o(found[LaneBits:0]), .panel_last_o(found[LaneBits+1])
    );
    tern_fifo #(.Width(LaneBits + 2), .Depth(8)) u_panels (
      .clk_i, .rst_ni,
      .in_valid_i(found_valid), .in_ready_o(found_ready), .in_data_i(found),
      .out_valid_o(panel_valid), .out_ready_i(panel_ready), .out_data_o(panel), .held_o(held)
    );
    tern_turn #(.Lanes(Lanes)) u_turn (
      .clk_i, .rst_ni,
      .panel_valid_i(panel_valid), .panel_ready_o(panel_ready),
      .panel_cols_i(panel[LaneBits:0]), .panel_last_i(panel[LaneBits+1]),
      .in_valid_i(unit_valid && running), .in_ready_o(turn_ready), .in_data_i(unit),
      .out_valid_o(turned_valid), .out_ready_i(row_unit_ready), .out_data_o(turned),
      .out_last_o(turned_last)
    );
    assign x_write_addr   = panel_write ? AddrBits'(panel_step) : addr;
    assign x_read_addr    = hold ? AddrBits'(word_step) : addr;
    assign row_unit_valid = columns ? turned_valid : unit_valid && running;
    assign row_unit       = columns ? turned : unit;
    assign w_unit_ready   = columns ? turn_ready : row_unit_ready;
    assign panel_last     = turned_last;

    logic unused;
    assign unused = ^held;
  end else begin : gen_rows
    assign {run_valid_o, run_col_o, run_cols_o, run_last_o} = '0;
    assign {hold, panel_write, panel_last} = '0;
    assign panel_data     = '0;
    assign x_write_addr   = addr;
    assign x_read_addr    = addr;
    assign row_unit_valid = unit_valid && running;
    assign row_unit       = unit;
    assign w_unit_ready   = row_unit_ready;

    logic unused;
    assign unused = ^{run_ready_i, loaded, columns, nonzero, rows_left, job_columns_i};
  end

  // Stage 0: operands stand before the dot-product unit. Stage DotLatency: their sums stand before
  // the accumulators, which hold them after the last stage.
  logic [WordBits-1:0]   x;
  logic [Stages-1:0]     valid_q, last_q;
  logic [DotLatency:0]   first_q;
  logic [SlotBits-1:0]   slot_q [DotLatency+1];
  logic [AddrBits-1:0]   x_write_addr, x_read_addr;
  logic                  panel_write;     // the activations of a panel, in place of a step
  logic [WordBits-1:0]   panel_data;
  logic [Lanes-1:0]      nonzero;         // lanes of the word that is written

  tern_activations #(.Format(Format), .Lanes(Lanes), .Depth(Depth)) u_activations (
    .clk_i,
    .write_i(load || panel_write), .write_addr_i(x_write_addr),
    .partial_i(load_partial && !panel_write), .live_i(load_live),
    .write_data_i(panel_write ? panel_data : x_word), .nonzero_o(nonzero),
    .read_i(fire || hold), .read_addr_i(x_read_addr), .read_data_o(x)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q      <= '0;
      event_load_o <= 1'b0;
    end else begin
      valid_q      <= {valid_q[Stages-2:0], fire};
      event_load_o <= load;
    end
  end

  always_ff @(posedge clk_i) begin
    last_q    <= {last_q[Stages-2:0], fire_last};
    first_q   <= {first_q[DotLatency-1:0], fire_first};
    slot_q[0] <= fire_slot;
    for (int unsigned s = 1; s <= DotLatency; s++) slot_q[s] <= slot_q[s-1];
  end

  assign event_fire_o = valid_q[0];

  logic [Rows*SumBits-1:0] sum;

  tern_dot #(.Format(Format), .DotUnit(DotUnit), .Rows(Rows), .Lanes(Lanes)) u_dot (
    .clk_i, .en_i(valid_q[DotLatency-1:0]), .w_i(w), .x_i(x), .sum_o(sum)
  );

  // Results out.
  logic                    advance, read, read_q, drain_empty;
  logic                    last_row, last_token, last_group, last_row_q, last_token_q, last_group_q;
  logic [RowBits-1:0]      row, row_q;
  logic [SlotBits-1:0]     read_slot;
  logic [Rows*AccBits-1:0] row_acc;
  logic [AccBits-1:0]      acc;

  tern_drain #(.Rows(Rows), .MaxTokens(MaxTokens)) u_drain (
    .clk_i, .rst_ni, .columns_i(columns),
    .fired_i(fire && fire_last), .bank_i(fire_slot[SlotBits-1]), .last_slot_i(fire_last_slot),
    .rows_i(fire_rows), .last_i(fire_final), .commit_i(valid_q[Stages-1] && last_q[Stages-1]),
    .advance_i(advance), .read_o(read), .row_o(row), .slot_o(read_slot),
    .last_row_o(last_row), .last_token_o(last_token), .last_group_o(last_group),
    .release_o(bank_release), .empty_o(drain_empty)
  );

  for (genvar r = 0; r < Rows; r++) begin : gen_row
    if (tern_pkg::is_float(Format)) begin : gen_float
      tern_accumulate_fp #(.Slots(2 * MaxTokens)) u_accumulate (
        .clk_i, .en_i(valid_q[Stages-1:DotLatency]), .first_i(first_q[DotLatency]),
        .slot_i(slot_q[DotLatency]), .sum_i(sum[SumBits*r +: SumBits]),
        .read_i(read && row == RowBits'(r)), .read_slot_i(read_slot),
        .acc_o(row_acc[AccBits*r +: AccBits])
      );
    end else begin : gen_int
      tern_accumulate_int #(
        .Slots(2 * MaxTokens), .SumBits(SumBits), .AccBits(AccBits)
      ) u_accumulate (
        .clk_i, .en_i(valid_q[DotLatency]), .first_i(first_q[DotLatency]),
        .slot_i(slot_q[DotLatency]), .sum_i(sum[SumBits*r +: SumBits]),
        .read_i(read && row == RowBits'(r)), .read_slot_i(read_slot),
        .acc_o(row_acc[AccBits*r +: AccBits])
      );
    end
  end

  assign config_o = {32'(Skip), 32'(BeatBits / 8), 32'(MaxCols), 32'(MaxTokens), 32'(Lanes),
                     32'(Rows), 32'(DotUnit), 32'(Format)};

  assign advance = !y_valid_o || y_ready_i;
  assign quiet   = valid_q == '0 && drain_empty && !read_q && !y_valid_o;

  always_comb begin
    acc = '0;
    for (int unsigned r = 0; r < Rows; r++) begin
      if (read_q && row_q == RowBits'(r)) acc = row_acc[AccBits*r +: AccBits];
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      read_q    <= 1'b0;
      y_valid_o <= 1'b0;
    end else if (advance) begin
      read_q    <= read;
      y_valid_o <= read_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (read) begin
      row_q        <= row;
      last_row_q   <= last_row;
      last_token_q <= last_token;
      last_group_q <= last_group;
    end
    if (advance && read_q) begin
      y_data_o       <= 32'(signed'(acc));
      y_last_row_o   <= last_row_q;
      y_last_token_o <= last_token_q;
      y_last_group_o <= last_group_q;
    end
  end

endmodule
