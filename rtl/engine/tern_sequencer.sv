// SPDX-License-Identifier: Apache-2.0
//
// Walks a job: loads the activations [tokens, steps], then for every row group and step takes one
// weight word and fires it against each token in turn. Once a step has fired its first token the
// others follow cycle by cycle. A step is held back by weights that have not come and by a bank of
// accumulators that has not drained.
//
// By columns (one token): for every tile of 5 Lanes rows and every panel of columns it takes one
// weight word for each row group of the tile, which sums in a slot of its own, as a token would.

module tern_sequencer #(
  parameter  int unsigned Rows       = 20,
  parameter  int unsigned Lanes      = 64,
  parameter  int unsigned MaxTokens  = 16,
  parameter  int unsigned MaxCols    = 8192,
  localparam int unsigned MaxSteps   = MaxCols / Lanes,
  localparam int unsigned TileGroups = 5 * Lanes / Rows,
  localparam int unsigned LaneBits   = $clog2(Lanes),
  localparam int unsigned SlotBits   = $clog2(2 * MaxTokens),
  localparam int unsigned AddrBits   = $clog2(MaxTokens * MaxSteps),
  localparam int unsigned RowBits    = $clog2(Rows + 1)
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                job_valid_i,
  output logic                job_ready_o,
  input  logic [23:0]         job_rows_i,
  input  logic [16:0]         job_cols_i,
  input  logic [7:0]          job_tokens_i,
  input  logic                job_columns_i,   // 1 token
  output logic                job_start_o,     // a job is taken this cycle
  output logic                columns_o,       // how the job that runs does
  output logic [23:0]         rows_o,          // ... has left

  input  logic                x_valid_i,
  output logic                x_ready_o,
  output logic                load_o,          // an activation word is taken this cycle
  output logic                load_partial_o,  // only its first load_live_o lanes are columns
  output logic [LaneBits-1:0] load_live_o,
  output logic                loaded_o,        // ... and was the last one

  input  logic                hold_i,          // fire nothing now
  input  logic                panel_last_i,    // the weights on offer are of a tile's last panel
  input  logic                w_valid_i,
  output logic                w_ready_o,       // weights on offer are taken for the next step
  output logic                weights_o,       // what streams in now are weights: not all are taken
  output logic                fire_o,
  output logic                fire_first_o,    // the first one of its slot
  output logic                fire_last_o,     // the last one of its bank,
  output logic [SlotBits-2:0] fire_last_slot_o, // which is filled up to this slot,
  output logic [RowBits-1:0]  fire_rows_o,     // with so many rows there,
  output logic                fire_final_o,    // and is the last one of the job
  output logic [SlotBits-1:0] fire_slot_o,     // {bank, token or row group of the tile}

  output logic [AddrBits-1:0] addr_o,          // of the load or of the fire

  input  logic                release_i,       // the bank that drains is free again
  input  logic                quiet_i,         // nothing is left behind the fire

  output logic                wait_weights_o,  // why there is no fire
  output logic                wait_drain_o
);

  if (MaxTokens < 2 || (MaxTokens & (MaxTokens - 1)) != 0 || MaxTokens > 128) begin : gen_check_b
    $error("tern_sequencer: MaxTokens must be a power of two in [2, 128]");
  end
  if (Lanes < 8 || (Lanes & (Lanes - 1)) != 0) begin : gen_check_lanes
    $error("tern_sequencer: Lanes must be a power of two, 8 or more");
  end
  if (MaxSteps < 1 || MaxSteps * Lanes != MaxCols || MaxCols > 65536) begin : gen_check_cols
    $error("tern_sequencer: MaxCols must be a multiple of Lanes and 65,536 at most");
  end

  typedef enum logic [1:0] {Idle, Load, Run, Drain} state_e;

  state_e              state_d, state_q;
  logic [16:0]         steps_q;                  // of the job
  logic [7:0]          tokens_q;
  logic [LaneBits-1:0] tail_q;                   // columns of the last step, 0: all
  logic [23:0]         rows_d, rows_q;           // not yet begun, with those of this group
  logic [16:0]         step_d, step_q;
  logic [7:0]          token_d, token_q;
  logic [AddrBits-1:0] addr_d, addr_q;
  logic                bank_d, bank_q;           // that fires fill
  logic                drain_bank_d, drain_bank_q;
  logic [1:0]          full_d, full_q;           // fired to the end, not yet drained

  logic                columns_q, taken_q;       // all weights of the job
  logic [SlotBits-2:0] group_d, group_q;         // of the tile
  logic [SlotBits-2:0] tail_group_q;             // last one that has rows, once it was met
  logic [RowBits-1:0]  tail_rows_q, group_rows;

  logic last_token, last_load, last_step, last_turn, last_group, begins, take;
  assign last_token = token_q == tokens_q - 8'd1;
  assign last_load  = step_q == steps_q - 17'd1;
  assign last_step  = columns_q ? panel_last_i : last_load;
  assign last_turn  = !columns_q || group_q == (SlotBits-1)'(TileGroups - 1);
  assign last_group = rows_q <= 24'(Rows);
  assign group_rows = last_group ? rows_q[RowBits-1:0] : RowBits'(Rows);

  assign job_ready_o = state_q == Idle;
  assign job_start_o = job_ready_o && job_valid_i;
  assign columns_o   = columns_q;
  assign rows_o      = rows_q;

  assign x_ready_o      = state_q == Load;
  assign load_o         = x_ready_o && x_valid_i;
  assign load_partial_o = last_load && tail_q != '0;
  assign load_live_o    = tail_q;
  assign loaded_o       = load_o && last_load && last_token;

  assign weights_o      = state_q == Run && !taken_q;
  assign begins         = state_q == Run && token_q == 8'd0;
  assign w_ready_o      = begins && !full_q[bank_q] && !hold_i;
  assign take           = w_ready_o && w_valid_i;
  assign fire_o         = take || (state_q == Run && token_q != 8'd0);
  assign fire_first_o   = step_q == '0;
  assign fire_last_o    = last_token && last_step && last_turn;
  assign fire_last_slot_o = !columns_q     ? tokens_q[SlotBits-2:0] - 1'b1
                          : rows_q == '0 ? tail_group_q : group_q;
  assign fire_rows_o    = rows_q == '0 ? tail_rows_q : group_rows;
  assign fire_final_o   = last_group;
  assign fire_slot_o    = {bank_q, columns_q ? group_q : token_q[SlotBits-2:0]};
  assign addr_o         = addr_q;
  assign wait_weights_o = w_ready_o && !w_valid_i;
  assign wait_drain_o   = begins && full_q[bank_q];

  always_comb begin
    state_d      = state_q;
    rows_d       = rows_q;
    step_d       = step_q;
    token_d      = token_q;
    group_d      = group_q;
    addr_d       = addr_q;
    bank_d       = bank_q;
    drain_bank_d = drain_bank_q;
    full_d       = full_q;

    if (release_i) begin
      full_d[drain_bank_q] = 1'b0;
      drain_bank_d         = !drain_bank_q;
    end

    if (job_start_o) begin
      state_d = Load;
      rows_d  = job_rows_i;
      step_d  = '0;
      token_d = '0;
      group_d = '0;
      addr_d  = '0;
    end

    if (load_o) begin
      addr_d = addr_q + 1'b1;
      step_d = last_load ? '0 : step_q + 17'd1;
      if (last_load) token_d = last_token ? '0 : token_q + 8'd1;
      if (loaded_o) begin
        addr_d  = '0;
        state_d = Run;
      end
    end

    if (fire_o) begin
      token_d = last_token ? '0 : token_q + 8'd1;
      addr_d  = addr_q + AddrBits'(steps_q);
      if (fire_last_o) begin
        full_d[bank_q] = 1'b1;
        bank_d         = !bank_q;
      end
      if (last_token) begin
        group_d = last_turn ? '0 : group_q + 1'b1;
        if (last_turn) step_d = last_step ? '0 : step_q + 17'd1;
        addr_d = AddrBits'(step_d);
        if (last_step) begin
          rows_d = last_group ? '0 : rows_q - 24'(Rows);
          if (last_turn && last_group) state_d = Drain;
        end
      end
    end

    if (state_q == Drain && quiet_i) state_d = Idle;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q      <= Idle;
      bank_q       <= 1'b0;
      drain_bank_q <= 1'b0;
      full_q       <= '0;
    end else begin
      state_q      <= state_d;
      bank_q       <= bank_d;
      drain_bank_q <= drain_bank_d;
      full_q       <= full_d;
    end
  end

  always_ff @(posedge clk_i) begin
    rows_q  <= rows_d;
    step_q  <= step_d;
    token_q <= token_d;
    group_q <= group_d;
    addr_q  <= addr_d;
    if (rows_q != '0) begin
      tail_group_q <= group_q;
      tail_rows_q  <= group_rows;
    end
    if (job_start_o)                                    taken_q <= 1'b0;
    else if (take && last_step && last_turn && last_group) taken_q <= 1'b1;
    if (job_start_o) begin
      steps_q  <= (job_cols_i + 17'(Lanes - 1)) >> LaneBits;
      tail_q   <= job_cols_i[LaneBits-1:0];
      tokens_q <= job_tokens_i;
      columns_q <= job_columns_i;
    end
  end

endmodule
