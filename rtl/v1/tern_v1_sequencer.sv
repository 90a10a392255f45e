// SPDX-License-Identifier: Apache-2.0
//
// Walks a job: loads the activations [tokens, steps], then for every row group and step takes one
// weight word and fires it against each token in turn. Once a step has fired its first token the
// others follow cycle by cycle; only weights that have not come, or a bank of accumulators that
// has not drained, hold a step back.

module tern_v1_sequencer #(
  parameter  int unsigned MaxTokens = 8,
  parameter  int unsigned MaxSteps  = 256,
  localparam int unsigned SlotBits  = $clog2(2 * MaxTokens),
  localparam int unsigned AddrBits  = $clog2(MaxTokens * MaxSteps)
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                job_valid_i,
  output logic                job_ready_o,
  input  logic [15:0]         job_row_groups_i,
  input  logic [15:0]         job_steps_i,
  input  logic [7:0]          job_tokens_i,
  output logic                job_start_o,     // a job is taken this cycle
  output logic                job_refused_o,   // ... and dropped: a count is zero or too large
  output logic [7:0]          tokens_o,        // of the job that runs

  input  logic                x_valid_i,
  output logic                x_ready_o,
  output logic                x_last_o,
  output logic                load_o,          // an activation word is taken this cycle

  input  logic                w_valid_i,
  output logic                w_ready_o,
  output logic                fire_o,
  output logic                fire_new_o,      // with a new weight word: the first token
  output logic                fire_first_o,    // first step of its row group
  output logic                fire_last_o,     // last token of the last step of its row group
  output logic [SlotBits-1:0] fire_slot_o,     // {bank, token}

  output logic [AddrBits-1:0] addr_o,          // of the load or of the fire

  input  logic                release_i,       // the bank that drains is free again
  input  logic                quiet_i          // nothing is left behind the fire
);

  if (MaxTokens < 2 || (MaxTokens & (MaxTokens - 1)) != 0 || MaxTokens > 128) begin : gen_check_b
    $error("tern_v1_sequencer: MaxTokens must be a power of two in [2, 128]");
  end
  if (MaxSteps < 1 || MaxSteps > 65535) begin : gen_check_steps
    $error("tern_v1_sequencer: MaxSteps must be in [1, 65535]");
  end

  typedef enum logic [1:0] {Idle, Load, Run, Drain} state_e;

  state_e              state_d, state_q;
  logic [15:0]         groups_q, steps_q;        // of the job
  logic [7:0]          tokens_q;
  logic [15:0]         group_d, group_q, step_d, step_q;
  logic [7:0]          token_d, token_q;
  logic [AddrBits-1:0] addr_d, addr_q;
  logic                bank_d, bank_q;           // that fires fill
  logic                drain_bank_d, drain_bank_q;
  logic [1:0]          full_d, full_q;           // fired to the end, not yet drained

  logic last_token, last_step, last_group, job_ok;
  assign last_token = token_q == tokens_q - 8'd1;
  assign last_step  = step_q == steps_q - 16'd1;
  assign last_group = group_q == groups_q - 16'd1;
  assign job_ok     = job_row_groups_i != 16'd0 && job_steps_i != 16'd0 && job_tokens_i != 8'd0
                   && job_steps_i <= 16'(MaxSteps) && job_tokens_i <= 8'(MaxTokens);

  assign job_ready_o   = state_q == Idle;
  assign job_start_o   = job_ready_o && job_valid_i;
  assign job_refused_o = job_start_o && !job_ok;
  assign tokens_o      = tokens_q;

  assign x_ready_o = state_q == Load;
  assign x_last_o  = last_token && last_step;
  assign load_o    = x_ready_o && x_valid_i;

  assign w_ready_o    = state_q == Run && token_q == 8'd0 && !full_q[bank_q];
  assign fire_new_o   = w_ready_o && w_valid_i;
  assign fire_o       = fire_new_o || (state_q == Run && token_q != 8'd0);
  assign fire_first_o = step_q == 16'd0;
  assign fire_last_o  = last_token && last_step;
  assign fire_slot_o  = {bank_q, token_q[SlotBits-2:0]};
  assign addr_o       = addr_q;

  always_comb begin
    state_d      = state_q;
    group_d      = group_q;
    step_d       = step_q;
    token_d      = token_q;
    addr_d       = addr_q;
    bank_d       = bank_q;
    drain_bank_d = drain_bank_q;
    full_d       = full_q;

    if (release_i) begin
      full_d[drain_bank_q] = 1'b0;
      drain_bank_d         = !drain_bank_q;
    end

    if (job_start_o && job_ok) begin
      state_d = Load;
      group_d = '0;
      step_d  = '0;
      token_d = '0;
      addr_d  = '0;
    end

    if (load_o) begin
      addr_d = addr_q + 1'b1;
      step_d = last_step ? '0 : step_q + 16'd1;
      if (last_step) token_d = last_token ? '0 : token_q + 8'd1;
      if (x_last_o) begin
        addr_d  = '0;
        state_d = Run;
      end
    end

    if (fire_o) begin
      token_d = last_token ? '0 : token_q + 8'd1;
      addr_d  = addr_q + AddrBits'(steps_q);
      if (last_token) begin
        step_d = last_step ? '0 : step_q + 16'd1;
        addr_d = AddrBits'(step_d);
      end
      if (fire_last_o) begin
        full_d[bank_q] = 1'b1;
        bank_d         = !bank_q;
        group_d        = group_q + 16'd1;
        if (last_group) state_d = Drain;
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
    group_q <= group_d;
    step_q  <= step_d;
    token_q <= token_d;
    addr_q  <= addr_d;
    if (job_start_o) begin
      groups_q <= job_row_groups_i;
      steps_q  <= job_steps_i;
      tokens_q <= job_tokens_i;
    end
  end

endmodule
