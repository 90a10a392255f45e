// SPDX-License-Identifier: Apache-2.0
//
// Gives each result its address: Y[token, row] at y_address + token * y_stride + 4 * row. Results
// come as [blocks of tokens, row groups, tokens, rows].

module tern_place #(
  parameter int unsigned Rows     = 20,
  parameter int unsigned AddrBits = 40
) (
  input  logic                clk_i,

  input  logic                clear_i,       // a job begins; addresses are set from now on
  input  logic [AddrBits-1:0] y_address_i,
  input  logic [31:0]         y_stride_i,

  input  logic                taken_i,       // a result goes out
  input  logic                last_row_i,    // of its token in this row group
  input  logic                last_token_i,  // of its row group
  input  logic                last_group_i,  // of its block

  output logic [AddrBits:0]   addr_o         // of the result on offer; top bit: beyond the last one
);

  if (Rows == 0 || AddrBits < 32) begin : gen_check_params
    $error("tern_place: Rows must be at least 1, and AddrBits 32, to hold every stride");
  end

  // Addresses that have run over stay so.
  function automatic logic [AddrBits:0] advance(logic [AddrBits:0] at, logic [AddrBits-1:0] by);
    advance = {1'b0, at[AddrBits-1:0]} + {1'b0, by};
    advance[AddrBits] = advance[AddrBits] | at[AddrBits];
  endfunction

  logic [AddrBits:0] token_q, group_q, block_q;  // first result of this token, group; of next block
  logic [AddrBits:0] next_token, next_group, next_block;
  logic              first_group_q;

  assign next_token = advance(token_q, AddrBits'(y_stride_i));
  assign next_group = advance(group_q, AddrBits'(4 * Rows));
  assign next_block = first_group_q ? next_token : block_q;

  always_ff @(posedge clk_i) begin
    if (clear_i) begin
      addr_o        <= {1'b0, y_address_i};
      token_q       <= {1'b0, y_address_i};
      group_q       <= {1'b0, y_address_i};
      first_group_q <= 1'b1;
    end else if (taken_i) begin
      addr_o <= advance(addr_o, AddrBits'(4));
      if (last_row_i && !last_token_i) begin
        addr_o  <= next_token;
        token_q <= next_token;
      end
      if (last_row_i && last_token_i) begin
        addr_o        <= last_group_i ? next_block : next_group;
        token_q       <= last_group_i ? next_block : next_group;
        group_q       <= last_group_i ? next_block : next_group;
        block_q       <= next_block;
        first_group_q <= last_group_i;
      end
    end
  end

endmodule
