// SPDX-License-Identifier: Apache-2.0
//
// Reads finished banks of accumulators out, one dot product per cycle, slot by slot, oldest bank
// first. The slots of a bank are the tokens of a row group or, by columns, the row groups of a
// tile, of which the last one may have fewer rows.

module tern_drain #(
  parameter  int unsigned Rows      = 20,
  parameter  int unsigned MaxTokens = 16,
  localparam int unsigned RowBits   = $clog2(Rows + 1),
  localparam int unsigned SlotBits  = $clog2(2 * MaxTokens)
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                columns_i,     // how the job runs
  input  logic                fired_i,       // a bank has met all of its weights,
  input  logic                bank_i,        // this one,
  input  logic [SlotBits-2:0] last_slot_i,   // up to this slot,
  input  logic [RowBits-1:0]  rows_i,        // with so many rows there,
  input  logic                last_i,        // and it is the last one of its job
  input  logic                commit_i,      // the sums of a bank are complete from the next cycle

  input  logic                advance_i,     // the result pipe moves
  output logic                read_o,
  output logic [RowBits-1:0]  row_o,
  output logic [SlotBits-1:0] slot_o,
  output logic                last_row_o,    // of its token
  output logic                last_token_o,  // this is the last token of its row group
  output logic                last_group_o,  // ... and that the last one of its job
  output logic                release_o,     // this read was the last of its bank

  output logic                empty_o
);

  if (MaxTokens < 2 || (MaxTokens & (MaxTokens - 1)) != 0 || Rows == 0) begin : gen_check_params
    $error("tern_drain: MaxTokens must be a power of two, 2 or more, and Rows at least 1");
  end

  logic [1:0]          banks_d, banks_q;    // complete and not yet read out; two banks, so <= 2
  logic [RowBits-1:0]  rows_q [2];          // [bank], of its last slot
  logic [SlotBits-2:0] last_slot_q [2];
  logic [RowBits-1:0]  rows, row_d, row_q;
  logic [SlotBits-2:0] slot_d, slot_q;
  logic                last_slot;
  logic                bank_d, bank_q;
  logic [1:0]          last_q;

  assign empty_o      = banks_q == 2'd0;
  assign read_o       = !empty_o && advance_i;
  assign row_o        = row_q;
  assign slot_o       = {bank_q, slot_q};
  assign last_slot    = slot_q == last_slot_q[bank_q];
  assign rows         = columns_i && !last_slot ? RowBits'(Rows) : rows_q[bank_q];
  assign last_row_o   = row_q == rows - 1'b1;
  assign last_token_o = columns_i || last_slot;
  assign last_group_o = last_q[bank_q] && last_slot;
  assign release_o    = read_o && last_row_o && last_slot;

  always_comb begin
    banks_d = banks_q + {1'b0, commit_i} - {1'b0, release_o};
    row_d   = row_q;
    slot_d  = slot_q;
    bank_d  = bank_q;
    if (read_o) begin
      row_d = last_row_o ? '0 : row_q + 1'b1;
      if (last_row_o) slot_d = last_slot ? '0 : slot_q + 1'b1;
      if (release_o) bank_d = !bank_q;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      banks_q <= '0;
      row_q   <= '0;
      slot_q  <= '0;
      bank_q  <= 1'b0;
    end else begin
      banks_q <= banks_d;
      row_q   <= row_d;
      slot_q  <= slot_d;
      bank_q  <= bank_d;
    end
  end

  always_ff @(posedge clk_i) begin
    if (fired_i) begin
      rows_q[bank_i]      <= rows_i;
      last_slot_q[bank_i] <= last_slot_i;
      last_q[bank_i]      <= last_i;
    end
  end

endmodule
