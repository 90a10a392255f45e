// SPDX-License-Identifier: Apache-2.0
//
// Runs a job: checks it, splits its tokens into blocks that share a pass over the weights, asks the
// reader for what each block needs (activations, then the weights of all row groups) and gives the
// blocks to the engine. Requests run ahead of the engine, into the next block. Where weights lie by
// columns a block is one token, and the engine says which of them it needs. Every job ends with a
// status, in a bounded number of cycles if memory answers.

module tern_job #(
  parameter  int unsigned Format    = tern_pkg::FormatTernary,
  parameter  int unsigned Rows      = 20,
  parameter  int unsigned Lanes     = 64,
  parameter  int unsigned MaxTokens = 16,
  parameter  int unsigned MaxCols   = 8192,
  parameter  int unsigned BeatBits  = 512,
  parameter  int unsigned AddrBits  = 40,
  parameter  int unsigned ColumnSkip = 0,
  localparam int unsigned LaneBits  = $clog2(Lanes),
  localparam int unsigned Offset    = $clog2(BeatBits / 8)
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                start_i,
  input  logic [383:0]        job_i,           // tern_registers
  output logic                busy_o,
  output logic                done_o,
  output logic [2:0]          status_o,        // of tern_pkg
  output logic                clear_o,         // errors of the job before are forgotten

  output logic                region_valid_o,
  input  logic                region_ready_i,
  output logic [AddrBits:0]   region_addr_o,   // top bit: beyond the last address
  output logic [23:0]         region_beats_o,

  output logic                engine_valid_o,
  input  logic                engine_ready_i,
  output logic [23:0]         engine_rows_o,
  output logic [16:0]         engine_cols_o,
  output logic [7:0]          engine_tokens_o,
  output logic                engine_code_o,
  output logic                engine_columns_o,

  input  logic                run_valid_i,     // tern_engine: columns to be read
  output logic                run_ready_o,
  input  logic [16:0]         run_col_i,
  input  logic [LaneBits:0]   run_cols_i,
  input  logic                run_last_i,

  output logic [AddrBits-1:0] y_address_o,
  output logic [31:0]         y_stride_o,

  input  logic                written_i,       // no result is on its way to memory
  input  logic                bus_error_i,
  input  logic                overflow_i,      // a request ran beyond the last address
  input  logic                bad_weight_i
);

  localparam int unsigned Code     = tern_pkg::job_code(Format);
  localparam bit          Ternary  = Format == tern_pkg::FormatTernary;
  localparam bit          Skip     = ColumnSkip != 0 && Ternary;
  localparam int unsigned TileRows = 5 * Lanes;                   // by columns
  localparam int unsigned ColBeats = $clog2(8 * Lanes / BeatBits);
  // Beats of a step: of activations; of weights in the engine's code, and of ternary ones in t2.
  localparam int unsigned XBeats   = Lanes * tern_pkg::act_bits(Format) / BeatBits;
  localparam int unsigned StepBits = Rows * Lanes * tern_pkg::weight_bits(Format);
  localparam int unsigned T2Beats  = StepBits / BeatBits;
  localparam int unsigned WBeats   = Ternary ? StepBits / 10 * 8 / BeatBits : T2Beats;

  if (XBeats * BeatBits != Lanes * tern_pkg::act_bits(Format)) begin : gen_check_x
    $error("tern_job: a step of activations must be a whole number of beats");
  end
  if (T2Beats * BeatBits != StepBits
      || (Ternary && WBeats * BeatBits != StepBits / 10 * 8)) begin : gen_check_w
    $error("tern_job: a step of weights must be a whole number of beats");
  end

  if (T2Beats > 1023 || XBeats > 1023) begin : gen_check_step
    $error("tern_job: a step must be 1,023 beats at most");
  end

  // a * b of a constant b below 1,024 by shifts and adds.
  function automatic logic [23:0] times(logic [13:0] a, int unsigned b);
    times = '0;
    for (int unsigned i = 0; i < 10; i++) begin
      if (b[i]) times = times + (24'(a) << i);
    end
  endfunction

  typedef enum logic [1:0] {Idle, Check, Run, Finish} state_e;
  typedef enum logic [1:0] {None, Activations, Weights, Columns} ask_e;

  // The job.
  logic [31:0] rows, cols, tokens, code, x_stride, y_stride;
  logic [63:0] x_address, w_address, y_address;

  assign rows      = job_i[31:0];
  assign cols      = job_i[63:32];
  assign tokens    = job_i[95:64];
  assign code      = job_i[127:96];
  assign x_address = job_i[191:128];
  assign w_address = job_i[255:192];
  assign y_address = job_i[319:256];
  assign x_stride  = job_i[351:320];
  assign y_stride  = job_i[383:352];

  state_e              state_q;
  logic [23:0]         rows_q;
  logic [16:0]         cols_q;
  logic [15:0]         tokens_q;
  logic                t5_q, columns_q;
  logic [31:0]         x_stride_q, y_stride_q;
  logic [AddrBits-1:0] x_address_q, w_address_q, y_address_q;
  logic                bad_shape_q, bad_address_q, bad_code_q;

  localparam logic [63:0] AddressMask = ~((64'd1 << (AddrBits - 1) << 1) - 64'd1);
  localparam logic [31:0] BeatMask    = 32'(BeatBits / 8 - 1);

  logic bad_shape, bad_address, bad_code;
  assign bad_shape   = rows == '0 || rows[31:24] != '0 || cols == '0 || cols > 32'(MaxCols)
                    || tokens == '0 || tokens[31:16] != '0;
  assign bad_address = ((x_address | w_address | y_address) & AddressMask) != '0
                    || ((x_address[31:0] | w_address[31:0] | x_stride) & BeatMask) != '0
                    || y_address[1:0] != '0 || y_stride[1:0] != '0;
  assign bad_code    = code != 32'(Code) && !(Ternary && code == 32'(tern_pkg::JobT2))
                    && !(Skip && code == 32'(tern_pkg::JobT5c));

  // Requests: regions of the reader, in the order in which the engine takes them.
  ask_e                ask_q;
  logic [15:0]         ask_tokens_q;   // not yet asked for
  logic [7:0]          block_q;        // tokens of this block not yet asked for
  logic [23:0]         ask_rows_q;     // ... rows
  logic [AddrBits:0]   x_at_q, w_at_q;
  logic [13:0]         steps;
  logic [23:0]         x_beats_q, w_beats_q;
  logic                asked, group_asked;  // of a row group or, by columns, a tile: all
  logic [23:0]         group_rows;

  assign steps          = 14'((cols_q + 17'(Lanes - 1)) >> LaneBits);
  assign asked          = region_valid_o && region_ready_i;

  always_comb begin
    region_valid_o = state_q == Run && ask_q != None;
    region_addr_o  = ask_q == Activations ? x_at_q : w_at_q;
    region_beats_o = ask_q == Activations ? x_beats_q : w_beats_q;
    run_ready_o    = 1'b0;
    if (ask_q == Columns) begin
      region_valid_o = run_valid_i && run_cols_i != '0;
      region_addr_o  = advance(w_at_q, AddrBits'(run_col_i) << LaneBits);
      region_beats_o = 24'(run_cols_i) << ColBeats;
      run_ready_o    = region_ready_i || run_cols_i == '0;
    end
  end

  assign group_asked = ask_q == Columns ? run_valid_i && run_ready_o && run_last_i
                                        : asked && ask_q == Weights;
  assign group_rows  = columns_q ? 24'(TileRows) : 24'(Rows);

  // Addresses that have run over stay so.
  function automatic logic [AddrBits:0] advance(logic [AddrBits:0] at, logic [AddrBits-1:0] by);
    advance = {1'b0, at[AddrBits-1:0]} + {1'b0, by};
    advance[AddrBits] = advance[AddrBits] | at[AddrBits];
  endfunction

  // Blocks of the engine.
  logic [15:0] run_tokens_q;  // not yet given to it
  logic        gave;

  function automatic logic [7:0] block(logic [15:0] left, logic columns);
    block = left < 16'(MaxTokens) ? left[7:0] : 8'(MaxTokens);
    if (columns) block = {7'd0, left != '0};
  endfunction

  assign engine_valid_o  = state_q == Run && run_tokens_q != '0;
  assign engine_rows_o   = rows_q;
  assign engine_cols_o   = cols_q;
  assign engine_tokens_o = block(run_tokens_q, columns_q);
  assign engine_columns_o = columns_q;
  assign engine_code_o   = t5_q ? tern_pkg::CodeT5 : tern_pkg::CodeT2;
  assign gave            = engine_valid_o && engine_ready_i;
  assign y_address_o     = y_address_q;
  assign y_stride_o      = y_stride_q;

  assign busy_o  = state_q != Idle;
  assign clear_o = state_q == Check;

  logic ended, refused;
  assign refused = state_q == Check && (bad_shape_q || bad_address_q || bad_code_q);
  assign ended   = state_q == Finish && written_i;
  assign done_o  = refused || ended;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q  <= Idle;
      status_o <= 3'(tern_pkg::StatusIdle);
    end else begin
      case (state_q)
        Idle: if (start_i) begin
          state_q  <= Check;
          status_o <= 3'(tern_pkg::StatusBusy);
        end
        Check: state_q <= refused ? Idle : Run;
        Run: if (run_tokens_q == '0 && ask_q == None && engine_ready_i) state_q <= Finish;
        default: if (written_i) state_q <= Idle;
      endcase
      if (refused) begin
        status_o <= bad_shape_q ? 3'(tern_pkg::StatusBadShape)
                  : bad_code_q  ? 3'(tern_pkg::StatusBadCode) : 3'(tern_pkg::StatusBadAddress);
      end
      if (ended) begin
        status_o <= overflow_i   ? 3'(tern_pkg::StatusBadAddress)
                  : bus_error_i  ? 3'(tern_pkg::StatusBusError)
                  : bad_weight_i ? 3'(tern_pkg::StatusBadWeight) : 3'(tern_pkg::StatusDone);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (start_i && state_q == Idle) begin
      rows_q        <= rows[23:0];
      cols_q        <= cols[16:0];
      tokens_q      <= tokens[15:0];
      t5_q          <= code != 32'(tern_pkg::JobT2);
      columns_q     <= Skip && code == 32'(tern_pkg::JobT5c);
      x_stride_q    <= x_stride;
      y_stride_q    <= y_stride;
      x_address_q   <= x_address[AddrBits-1:0];
      w_address_q   <= w_address[AddrBits-1:0];
      y_address_q   <= y_address[AddrBits-1:0];
      bad_shape_q   <= bad_shape;
      bad_address_q <= bad_address;
      bad_code_q    <= bad_code;
    end

    if (state_q == Check) begin
      x_beats_q    <= times(steps, XBeats);
      w_beats_q    <= t5_q ? times(steps, WBeats) : times(steps, T2Beats);
      x_at_q       <= {1'b0, x_address_q};
      w_at_q       <= {1'b0, w_address_q};
      ask_q        <= Activations;
      ask_tokens_q <= tokens_q - 16'(block(tokens_q, columns_q));
      block_q      <= block(tokens_q, columns_q);
      ask_rows_q   <= rows_q;
      run_tokens_q <= tokens_q;
    end

    if (asked && ask_q == Activations) begin
      x_at_q  <= advance(x_at_q, AddrBits'(x_stride_q));
      block_q <= block_q - 8'd1;
      if (block_q == 8'd1) ask_q <= columns_q ? Columns : Weights;
    end
    if (group_asked) begin
      w_at_q     <= advance(w_at_q, columns_q ? AddrBits'(cols_q) << LaneBits
                                              : AddrBits'(w_beats_q) << Offset);
      ask_rows_q <= ask_rows_q - group_rows;
      if (ask_rows_q <= group_rows) begin
        ask_q        <= ask_tokens_q == '0 ? None : Activations;
        ask_tokens_q <= ask_tokens_q - 16'(block(ask_tokens_q, columns_q));
        block_q      <= block(ask_tokens_q, columns_q);
        ask_rows_q   <= rows_q;
        w_at_q       <= {1'b0, w_address_q};
      end
    end
    if (gave) run_tokens_q <= run_tokens_q - 16'(engine_tokens_o);
  end

endmodule
