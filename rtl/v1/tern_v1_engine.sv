// SPDX-License-Identifier: Apache-2.0
//
// The accelerator's engine: Y = W X for a job of row groups x steps x tokens. Activations come
// first and stay; weights stream through once, R rows x N lanes a step; results leave one word a
// cycle while the next row group runs. Format picks the dot-product unit and with it the width of
// a weight; everything else is the same machine.
//
// No ready depends on its own valid, and no output but the ready signals on an input.

module tern_v1_engine #(
  parameter  int unsigned Format    = tern_v1_pkg::FormatTernary,
  parameter  int unsigned Rows      = 8,
  parameter  int unsigned Lanes     = 16,
  parameter  int unsigned MaxTokens = 8,
  parameter  int unsigned MaxCols   = 4096,
  parameter  int unsigned BeatBits  = 256
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                job_valid_i,
  output logic                job_ready_o,
  input  logic [15:0]         job_row_groups_i,  // ceil(rows / Rows)
  input  logic [15:0]         job_steps_i,       // ceil(cols / Lanes)
  input  logic [7:0]          job_tokens_i,

  // Activations [tokens, steps, Lanes] in one run; the end of the last beat is ignored.
  input  logic                x_valid_i,
  output logic                x_ready_o,
  input  logic [BeatBits-1:0] x_data_i,

  // Weights [row groups, steps, Rows, Lanes].
  input  logic                w_valid_i,
  output logic                w_ready_o,
  input  logic [BeatBits-1:0] w_data_i,

  // Results [row groups, tokens, Rows]: int32 or binary32.
  output logic                y_valid_o,
  input  logic                y_ready_i,
  output logic [31:0]         y_data_o,

  output logic                refused_o,         // the last job had a count out of range
  output logic                bad_data_o,        // its operands had an illegal trit or no number

  // What happened a cycle ago, for counters.
  output logic                event_load_o,      // an activation word was written
  output logic                event_fire_o,      // a step met a token

  // The parameters, so that who drives the engine can check that both mean the same machine.
  output logic [31:0]         config_format_o,
  output logic [31:0]         config_rows_o,
  output logic [31:0]         config_lanes_o,
  output logic [31:0]         config_max_tokens_o,
  output logic [31:0]         config_max_cols_o,
  output logic [31:0]         config_beat_bits_o
);

  localparam bit          IsFp16      = Format == tern_v1_pkg::FormatFp16;
  localparam int unsigned ActWidth    = IsFp16 ? 16 : 8;
  localparam int unsigned WeightWidth = IsFp16 ? 16 : 2;
  localparam int unsigned XBits       = Lanes * ActWidth;
  localparam int unsigned WBits       = Rows * Lanes * WeightWidth;
  localparam int unsigned MaxSteps    = MaxCols / Lanes;
  localparam int unsigned Depth       = MaxTokens * MaxSteps;
  localparam int unsigned AddrBits    = $clog2(Depth);
  localparam int unsigned SlotBits    = $clog2(2 * MaxTokens);
  localparam int unsigned RowBits     = Rows > 1 ? $clog2(Rows) : 1;
  // |sum| <= 2^7 * MaxCols, and +2^7 * MaxCols occurs.
  localparam int unsigned AccWidth    = IsFp16 ? 32 * tern_v1_pkg::Fp16Accumulators
                                               : 9 + $clog2(MaxCols);

  if (Format > tern_v1_pkg::FormatFp16) begin : gen_check_format
    $error("tern_v1_engine: Format must be 0 (ternary) or 1 (FP16)");
  end
  if (Rows < 1 || MaxSteps * Lanes != MaxCols) begin : gen_check_shape
    $error("tern_v1_engine: Rows must be positive and MaxCols a multiple of Lanes");
  end
  if (MaxCols > 65536) begin : gen_check_cols
    $error("tern_v1_engine: sums are exact, or free of overflow, up to MaxCols = 65,536 only");
  end
  if (WBits % BeatBits != 0) begin : gen_check_beat
    $error("tern_v1_engine: a weight step must be a whole number of beats");
  end

  // Streams in.
  logic             x_valid, x_ready, x_last, w_valid, w_ready;
  logic [XBits-1:0] x_word;
  logic [WBits-1:0] w_word;

  tern_v1_stream_width #(.InBits(BeatBits), .OutBits(XBits)) u_x_width (
    .clk_i, .rst_ni,
    .in_valid_i(x_valid_i), .in_ready_o(x_ready_o), .in_data_i(x_data_i),
    .out_valid_o(x_valid), .out_ready_i(x_ready), .out_last_i(x_last), .out_data_o(x_word)
  );
  tern_v1_stream_width #(.InBits(BeatBits), .OutBits(WBits)) u_w_width (
    .clk_i, .rst_ni,
    .in_valid_i(w_valid_i), .in_ready_o(w_ready_o), .in_data_i(w_data_i),
    .out_valid_o(w_valid), .out_ready_i(w_ready), .out_last_i(1'b0), .out_data_o(w_word)
  );

  // Sequencer.
  logic                job_start, job_refused, load, fire, fire_new, fire_first, fire_last;
  logic                bank_release, quiet;
  logic [7:0]          tokens;
  logic [SlotBits-1:0] fire_slot;
  logic [AddrBits-1:0] addr;

  tern_v1_sequencer #(.MaxTokens(MaxTokens), .MaxSteps(MaxSteps)) u_sequencer (
    .clk_i, .rst_ni,
    .job_valid_i, .job_ready_o, .job_row_groups_i, .job_steps_i, .job_tokens_i,
    .job_start_o(job_start), .job_refused_o(job_refused), .tokens_o(tokens),
    .x_valid_i(x_valid), .x_ready_o(x_ready), .x_last_o(x_last), .load_o(load),
    .w_valid_i(w_valid), .w_ready_o(w_ready),
    .fire_o(fire), .fire_new_o(fire_new), .fire_first_o(fire_first), .fire_last_o(fire_last),
    .fire_slot_o(fire_slot), .addr_o(addr), .release_i(bank_release), .quiet_i(quiet)
  );

  // Stage 1: weights and activations stand before the dot-product units.
  // Stage 2: their sums stand before the accumulators.
  logic                load_q, valid1_q, valid2_q, first1_q, first2_q, last1_q, last2_q;
  logic [SlotBits-1:0] slot1_q, slot2_q;
  logic [WBits-1:0]    w_q;
  logic [XBits-1:0]    x_q;

  tern_v1_activation_buffer #(.Width(XBits), .Depth(Depth)) u_activations (
    .clk_i,
    .write_i(load), .write_addr_i(addr), .write_data_i(x_word),
    .read_i(fire), .read_addr_i(addr), .read_data_o(x_q)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      load_q   <= 1'b0;
      valid1_q <= 1'b0;
      valid2_q <= 1'b0;
    end else begin
      load_q   <= load;
      valid1_q <= fire;
      valid2_q <= valid1_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (fire_new) w_q <= w_word;
    first1_q <= fire_first;
    first2_q <= first1_q;
    last1_q  <= fire_last;
    last2_q  <= last1_q;
    slot1_q  <= fire_slot;
    slot2_q  <= slot1_q;
  end

  assign event_load_o = load_q;
  assign event_fire_o = valid1_q;

  // Results out.
  logic                     advance, read, read_q, drain_empty, pipe_empty;
  logic [RowBits-1:0]       row, row_q;
  logic [SlotBits-1:0]      read_slot;
  logic [AccWidth*Rows-1:0] row_acc;  // [Rows]
  logic [AccWidth-1:0]      acc;
  logic [Rows-1:0]          row_bad;

  tern_v1_drain #(.Rows(Rows), .MaxTokens(MaxTokens)) u_drain (
    .clk_i, .rst_ni, .commit_i(valid2_q && last2_q), .tokens_i(tokens), .advance_i(advance),
    .read_o(read), .row_o(row), .slot_o(read_slot), .release_o(bank_release),
    .empty_o(drain_empty)
  );

  assign advance = !y_valid_o || y_ready_i;
  assign quiet   = !valid1_q && !valid2_q && drain_empty && !read_q && pipe_empty;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)      read_q <= 1'b0;
    else if (advance) read_q <= read;
  end

  always_ff @(posedge clk_i) begin
    if (read) row_q <= row;
  end

  always_comb begin
    acc = '0;
    for (int unsigned r = 0; r < Rows; r++) begin
      if (read_q && row_q == RowBits'(r)) acc = row_acc[AccWidth*r +: AccWidth];
    end
  end

  for (genvar r = 0; r < Rows; r++) begin : gen_row
    localparam int unsigned RowWBits = Lanes * WeightWidth;
    if (IsFp16) begin : gen_fp16
      tern_v1_row_fp16 #(.Lanes(Lanes), .Slots(2 * MaxTokens)) u_row (
        .clk_i, .rst_ni, .dot_valid_i(valid1_q), .w_i(w_q[RowWBits*r +: RowWBits]), .x_i(x_q),
        .acc_valid_i(valid2_q), .acc_first_i(first2_q), .acc_slot_i(slot2_q),
        .read_i(read && row == RowBits'(r)), .read_slot_i(read_slot),
        .acc_o(row_acc[AccWidth*r +: AccWidth]), .clear_i(job_start), .bad_o(row_bad[r])
      );
    end else begin : gen_ternary
      tern_v1_row_ternary #(.Lanes(Lanes), .Slots(2 * MaxTokens), .AccWidth(AccWidth)) u_row (
        .clk_i, .rst_ni, .dot_valid_i(valid1_q), .w_i(w_q[RowWBits*r +: RowWBits]), .x_i(x_q),
        .acc_valid_i(valid2_q), .acc_first_i(first2_q), .acc_slot_i(slot2_q),
        .read_i(read && row == RowBits'(r)), .read_slot_i(read_slot),
        .acc_o(row_acc[AccWidth*r +: AccWidth]), .clear_i(job_start), .bad_o(row_bad[r])
      );
    end
  end

  if (IsFp16) begin : gen_reduce
    tern_v1_reduce_fp16 u_reduce (
      .clk_i, .rst_ni, .advance_i(advance), .valid_i(read_q), .acc_i(acc),
      .valid_o(y_valid_o), .sum_o(y_data_o), .empty_o(pipe_empty)
    );
  end else begin : gen_extend
    assign pipe_empty = !y_valid_o;
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni)      y_valid_o <= 1'b0;
      else if (advance) y_valid_o <= read_q;
    end
    always_ff @(posedge clk_i) begin
      if (advance && read_q) y_data_o <= {{(32-AccWidth){acc[AccWidth-1]}}, acc};
    end
  end

  // Errors.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)        refused_o <= 1'b0;
    else if (job_start) refused_o <= job_refused;
  end
  assign bad_data_o = row_bad != '0;

  assign config_format_o     = 32'(Format);
  assign config_rows_o       = 32'(Rows);
  assign config_lanes_o      = 32'(Lanes);
  assign config_max_tokens_o = 32'(MaxTokens);
  assign config_max_cols_o   = 32'(MaxCols);
  assign config_beat_bits_o  = 32'(BeatBits);

endmodule
