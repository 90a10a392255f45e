// SPDX-License-Identifier: Apache-2.0
//
// Proof obligation for tern_turn: whatever comes and however it stalls, of every panel exactly
// Lanes units leave, rows in order, panels in order; byte `row` of column `col` stands at lane
// `col` of unit `row`, zeros stand where the panel has no column, and the mark of the last panel
// goes with all of its units. Shown for any one column and row, which therefore stand for all.
// Stands in the module (TERN_PROVE_TURN) and ties its state to the account kept here: by induction,
// for ever.

module tern_turn_proof #(
  parameter  int unsigned Lanes    = 8,
  localparam int unsigned LaneBits = $clog2(Lanes),
  localparam int unsigned UnitBits = 8 * Lanes
) (
  input  logic                    clk_i,
  input  logic                    rst_ni,

  input  logic                    panel_valid_i,
  input  logic                    panel_ready_i,
  input  logic [LaneBits:0]       panel_cols_i,
  input  logic                    panel_last_i,
  input  logic                    in_valid_i,
  input  logic                    in_ready_i,
  input  logic [UnitBits-1:0]     in_data_i,
  input  logic                    out_valid_i,
  input  logic                    out_ready_i,
  input  logic [UnitBits-1:0]     out_data_i,
  input  logic                    out_last_i,

  // The module's state.
  output logic [LaneBits-1:0]     col_o,
  input  logic [2*UnitBits-1:0]   bytes_i,       // [half][bank] of column col_o
  input  logic                    write_half_i,
  input  logic                    read_half_i,
  input  logic [1:0]              full_i,
  input  logic [LaneBits:0]       come_i,
  input  logic [LaneBits-1:0]     row_i,
  input  logic [2*(LaneBits+1)-1:0] cols_i,      // [half]
  input  logic [1:0]              last_i,
  input  logic [LaneBits-1:0]     out_row_i,
  input  logic [LaneBits:0]       out_cols_i
);

  localparam logic [7:0] Zeros = 8'h18;  // five zero trits: tests/kernels/tiles_test.cc

  // Any ones, kept for ever.
  logic                begun = 1'b0;
  logic [LaneBits-1:0] col, row;
  always_ff @(posedge clk_i) begin
    if (!begun) {col, row} <= in_data_i[2*LaneBits-1:0];
  end
  assign col_o = col;

  // The account: panels that are here and have not begun to leave, oldest first, at most two; then
  // the one that leaves.
  logic [1:0]          held = 2'd0;        // complete panels of which a unit is still to be fetched
  logic [LaneBits:0]   come = '0;          // columns of the panel that comes
  logic [7:0]          value, value_0, value_1, out_value;
  logic [LaneBits:0]   cols_0, cols_1;     // of the older one, of the younger one
  logic                last_0, last_1;
  logic [LaneBits-1:0] next = '0, out_row; // the unit to be fetched next; that stands outside
  logic                out = 1'b0, out_has, out_last, stood = 1'b0;
  logic [UnitBits-1:0] stood_data;
  logic                waited = 1'b0, waited_last;
  logic [LaneBits:0]   waited_cols;
  logic                fetch;

  assign fetch = held != 2'd0 && (!out || out_ready_i);

  always_ff @(posedge clk_i) begin
    begun <= 1'b1;
    if (begun) begin
      if (in_valid_i && in_ready_i) begin
        come <= come + 1'b1;
        if (come == (LaneBits+1)'(col)) value <= in_data_i[8*row +: 8];
      end
      if (fetch) begin
        next      <= next + 1'b1;
        out_row   <= next;
        out_value <= value_0;
        out_has   <= (LaneBits+1)'(col) < cols_0;
        out_last  <= last_0;
      end
      out <= fetch || (out && !out_ready_i);
      held <= held + 2'(panel_valid_i && panel_ready_i)
            - 2'(fetch && next == LaneBits'(Lanes - 1));
      if (fetch && next == LaneBits'(Lanes - 1)) begin
        value_0 <= value_1;
        cols_0  <= cols_1;
        last_0  <= last_1;
      end
      if (panel_valid_i && panel_ready_i) begin
        come <= '0;
        if (held == 2'd0 || (held == 2'd1 && fetch && next == LaneBits'(Lanes - 1))) begin
          value_0 <= value;
          cols_0  <= panel_cols_i;
          last_0  <= panel_last_i;
        end else begin
          value_1 <= value;
          cols_1  <= panel_cols_i;
          last_1  <= panel_last_i;
        end
      end
      stood       <= out_valid_i && !out_ready_i;
      stood_data  <= out_data_i;
      waited      <= panel_valid_i && !panel_ready_i;
      waited_cols <= panel_cols_i;
      waited_last <= panel_last_i;
    end
  end

  logic [7:0]          out_byte, byte_0, byte_1, byte_come;
  logic [LaneBits-1:0] bank;
  logic [UnitBits-1:0] lane;            // bits of column col, Lanes apart
  logic [UnitBits-1:0] half_0, half_1;  // of the panel that leaves next, and the other
  assign bank      = col + row;
  assign half_0    = read_half_i ? bytes_i[2*UnitBits-1 -: UnitBits] : bytes_i[UnitBits-1:0];
  assign half_1    = read_half_i ? bytes_i[UnitBits-1:0] : bytes_i[2*UnitBits-1 -: UnitBits];
  assign byte_0    = half_0[8*bank +: 8];
  assign byte_1    = half_1[8*bank +: 8];
  assign byte_come = held == 2'd0 ? byte_0 : byte_1;
  assign lane      = out_data_i >> col;
  for (genvar i = 0; i < 8; i++) begin : gen_plane
    assign out_byte[i] = lane[Lanes*i];
  end

  always_comb begin
    assume (rst_ni == begun);
    assume (panel_cols_i <= (LaneBits+1)'(Lanes));
    if (waited) begin
      assume (panel_valid_i && panel_cols_i == waited_cols && panel_last_i == waited_last);
    end
    if (!begun) assert (held == '0 && come == '0 && next == '0 && !out && !stood && !waited);
    if (begun) begin
      // What is promised.
      assert (out_valid_i == out);
      if (out && out_row == row) assert (out_byte == (out_has ? out_value : Zeros));
      if (out) assert (out_last_i == out_last);
      if (stood) assert (out_valid_i && out_data_i == stood_data);
      if (in_valid_i && in_ready_i) assert (panel_valid_i && come < panel_cols_i && held != 2'd2);
      if (panel_valid_i && panel_ready_i) assert (come == panel_cols_i && held != 2'd2);
      // Why it holds.
      assert (held <= 2'd2 && (held != 2'd2 || come == '0));
      assert (held[1:0] == 2'(full_i[0]) + 2'(full_i[1]));
      assert ((write_half_i == read_half_i) == (held != 2'd1));
      assert (held == 2'd0 || full_i[read_half_i]);
      assert (come == come_i && come <= (LaneBits+1)'(Lanes));
      assert (come == '0 || (panel_valid_i && come <= panel_cols_i));
      assert (next == row_i && (held != 2'd0 || next == '0));
      if (out) assert (out_row == out_row_i && out_has == ((LaneBits+1)'(col) < out_cols_i));
      if (held != 2'd0) begin
        assert (cols_0 == (read_half_i ? cols_i[2*LaneBits+1 -: LaneBits+1] : cols_i[LaneBits:0]));
        assert (last_0 == last_i[read_half_i]);
        assert (value_0 == byte_0 || (LaneBits+1)'(col) >= cols_0);
      end
      if (held == 2'd2) begin
        assert (cols_1 == (read_half_i ? cols_i[LaneBits:0] : cols_i[2*LaneBits+1 -: LaneBits+1]));
        assert (last_1 == last_i[!read_half_i]);
        assert (value_1 == byte_1 || (LaneBits+1)'(col) >= cols_1);
      end
      if (held != 2'd2 && (LaneBits+1)'(col) < come) assert (value == byte_come);
    end
  end

endmodule
