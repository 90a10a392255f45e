// SPDX-License-Identifier: Apache-2.0
//
// Reads finished row groups out of the accumulators, one dot product per cycle: for each token
// all rows, oldest group first.

module tern_v1_drain #(
  parameter  int unsigned Rows      = 8,
  parameter  int unsigned MaxTokens = 8,
  localparam int unsigned RowBits   = Rows > 1 ? $clog2(Rows) : 1,
  localparam int unsigned SlotBits  = $clog2(2 * MaxTokens)
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                commit_i,   // a row group is complete from the next cycle on
  input  logic [7:0]          tokens_i,

  input  logic                advance_i,  // the result pipe moves
  output logic                read_o,
  output logic [RowBits-1:0]  row_o,
  output logic [SlotBits-1:0] slot_o,
  output logic                release_o,  // this read was the last of its bank

  output logic                empty_o
);

  logic [1:0]         groups_d, groups_q;  // complete and not yet read out; two banks, so <= 2
  logic [RowBits-1:0] row_d, row_q;
  logic [7:0]         token_d, token_q;
  logic               bank_d, bank_q;
  logic               last_row, last_token;

  assign last_row   = row_q == RowBits'(Rows - 1);
  assign last_token = token_q == tokens_i - 8'd1;

  assign empty_o   = groups_q == 2'd0;
  assign read_o    = !empty_o && advance_i;
  assign row_o     = row_q;
  assign slot_o    = {bank_q, token_q[SlotBits-2:0]};
  assign release_o = read_o && last_row && last_token;

  always_comb begin
    groups_d = groups_q + {1'b0, commit_i} - {1'b0, release_o};
    row_d    = row_q;
    token_d  = token_q;
    bank_d   = bank_q;
    if (read_o) begin
      row_d = last_row ? '0 : row_q + 1'b1;
      if (last_row) token_d = last_token ? '0 : token_q + 8'd1;
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

endmodule
