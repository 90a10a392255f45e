// SPDX-License-Identifier: Apache-2.0
//
// Reads finished row groups out of the accumulators, one dot product per cycle: for each token
// the rows of the group, oldest group first.

module tern_drain #(
  parameter  int unsigned Rows      = 20,
  parameter  int unsigned MaxTokens = 16,
  localparam int unsigned RowBits   = $clog2(Rows + 1),
  localparam int unsigned SlotBits  = $clog2(2 * MaxTokens)
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                fired_i,       // a row group has met all of its weights,
  input  logic                bank_i,        // in this bank,
  input  logic [RowBits-1:0]  rows_i,        // with so many rows,
  input  logic                last_i,        // and it is the last one of its job
  input  logic                commit_i,      // its sums are complete from the next cycle on
  input  logic [7:0]          tokens_i,

  input  logic                advance_i,     // the result pipe moves
  output logic                read_o,
  output logic [RowBits-1:0]  row_o,
  output logic [SlotBits-1:0] slot_o,
  output logic                last_row_o,    // of its token
  output logic                last_token_o,  // of its row group
  output logic                last_group_o,  // of its job
  output logic                release_o,     // this read was the last of its bank

  output logic                empty_o
);

  logic [1:0]         groups_d, groups_q;  // complete and not yet read out; two banks, so <= 2
  logic [RowBits-1:0] rows_q [2];          // [bank]
  logic [RowBits-1:0] row_d, row_q;
  logic [7:0]         token_d, token_q;
  logic               bank_d, bank_q;
  logic [1:0]         last_q;              // [bank]

  assign empty_o      = groups_q == 2'd0;
  assign read_o       = !empty_o && advance_i;
  assign row_o        = row_q;
  assign slot_o       = {bank_q, token_q[SlotBits-2:0]};
  assign last_row_o   = row_q == rows_q[bank_q] - 1'b1;
  assign last_token_o = token_q == tokens_i - 8'd1;
  assign last_group_o = last_q[bank_q];
  assign release_o    = read_o && last_row_o && last_token_o;

  always_comb begin
    groups_d = groups_q + {1'b0, commit_i} - {1'b0, release_o};
    row_d    = row_q;
    token_d  = token_q;
    bank_d   = bank_q;
    if (read_o) begin
      row_d = last_row_o ? '0 : row_q + 1'b1;
      if (last_row_o) token_d = last_token_o ? '0 : token_q + 8'd1;
      if (release_o) bank_d = !bank_q;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      groups_q <= '0;
      row_q    <= '0;
      token_q  <= '0;
      bank_q   <= 1'b0;
    end else begin
      groups_q <= groups_d;
      row_q    <= row_d;
      token_q  <= token_d;
      bank_q   <= bank_d;
    end
  end

  always_ff @(posedge clk_i) begin
    if (fired_i) begin
      rows_q[bank_i] <= rows_i;
      last_q[bank_i] <= last_i;
    end
  end

endmodule
