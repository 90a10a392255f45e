// SPDX-License-Identifier: Apache-2.0
//
// Turns weights that lie by columns into units as tern_weights takes them. In: units of one column,
// the bytes (t5) of Lanes times five rows. Out, for each panel of up to Lanes columns: Lanes units,
// each the bytes of five rows for all of its columns, as eight bit planes; columns that a panel
// lacks are zero weights. While one panel leaves the next one comes: a unit a cycle both ways.
//
// Lanes banks of bytes with one write and one read port. Column c is rotated by c bytes on its way
// in, so that the bytes of a row lie in as many banks, and rotated back on the way out.

module tern_turn #(
  parameter  int unsigned Lanes    = 64,
  localparam int unsigned LaneBits = $clog2(Lanes),
  localparam int unsigned UnitBits = 8 * Lanes
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                panel_valid_i,  // before its units
  output logic                panel_ready_o,  // they are all here
  input  logic [LaneBits:0]   panel_cols_i,   // 0 ... Lanes
  input  logic                panel_last_i,   // of its tile

  input  logic                in_valid_i,
  output logic                in_ready_o,
  input  logic [UnitBits-1:0] in_data_i,

  output logic                out_valid_o,
  input  logic                out_ready_i,
  output logic [UnitBits-1:0] out_data_o,
  output logic                out_last_o      // of the last panel of its tile
);

  if (Lanes < 8 || (Lanes & (Lanes - 1)) != 0) begin : gen_check_lanes
    $error("tern_turn: Lanes must be a power of two, 8 or more");
  end

  logic                write_half_q, read_half_q;
  logic [1:0]          full_q;                 // [half]
  logic [LaneBits:0]   cols_q [2];             // ... of the panel there
  logic [1:0]          last_q;
  logic [LaneBits:0]   col_q;                  // columns that have come
  logic [LaneBits-1:0] row_q, out_row_q;       // to be read; as read
  logic [LaneBits:0]   out_cols_q;
  logic                put, closes, fetch, frees;

  assign in_ready_o    = panel_valid_i && !full_q[write_half_q] && col_q != panel_cols_i;
  assign put           = in_valid_i && in_ready_o;
  assign closes        = panel_valid_i && !full_q[write_half_q] && col_q == panel_cols_i;
  assign panel_ready_o = closes;
  assign fetch         = full_q[read_half_q] && (!out_valid_o || out_ready_i);
  assign frees         = fetch && row_q == LaneBits'(Lanes - 1);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      write_half_q <= 1'b0;
      read_half_q  <= 1'b0;
      full_q       <= '0;
      col_q        <= '0;
      row_q        <= '0;
      out_valid_o  <= 1'b0;
    end else begin
      if (put) col_q <= col_q + 1'b1;
      if (closes) begin
        col_q                <= '0;
        full_q[write_half_q] <= 1'b1;
        write_half_q         <= !write_half_q;
      end
      if (fetch) row_q <= row_q + 1'b1;
      if (frees) begin
        full_q[read_half_q] <= 1'b0;
        read_half_q         <= !read_half_q;
      end
      out_valid_o <= fetch || (out_valid_o && !out_ready_i);
    end
  end

  always_ff @(posedge clk_i) begin
    if (closes) begin
      cols_q[write_half_q] <= panel_cols_i;
      last_q[write_half_q] <= panel_last_i;
    end
    if (fetch) begin
      out_row_q  <= row_q;
      out_cols_q <= cols_q[read_half_q];
      out_last_o <= last_q[read_half_q];
    end
  end

  // Byte r of column c lies in bank (r + c) mod Lanes at address c. Idle, nothing is rotated, so
  // that the simulator does nothing either.
  logic [UnitBits-1:0]   turned_in, banks;
  logic [2*UnitBits-1:0] twice_in, twice_out;

  always_comb begin
    twice_in = '0;
    if (put) twice_in = {in_data_i, in_data_i} << {col_q[LaneBits-1:0], 3'b000};
    turned_in = twice_in[2*UnitBits-1 -: UnitBits];
  end

`ifdef TERN_PROVE_TURN
  logic [LaneBits-1:0]   proof_col;    // any one, the same for ever
  logic [2*UnitBits-1:0] proof_bytes;  // [half][bank] of that column
`endif

  for (genvar b = 0; b < Lanes; b++) begin : gen_bank
    logic [7:0]          cells [2*Lanes];
    logic [LaneBits-1:0] col;

    assign col = LaneBits'(b) - row_q;

    always_ff @(posedge clk_i) begin
      if (put) cells[{write_half_q, col_q[LaneBits-1:0]}] <= turned_in[8*b +: 8];
      if (fetch) banks[8*b +: 8] <= cells[{read_half_q, col}];
    end

`ifdef TERN_PROVE_TURN
    assign proof_bytes[8*b +: 8]            = cells[{1'b0, proof_col}];
    assign proof_bytes[UnitBits + 8*b +: 8] = cells[{1'b1, proof_col}];
`endif
  end

  always_comb begin
    twice_out  = '0;
    out_data_o = '0;
    if (out_valid_o) begin
      twice_out = {banks, banks} >> {out_row_q, 3'b000};
      for (int unsigned l = 0; l < Lanes; l++) begin
        for (int unsigned i = 0; i < 8; i++) begin
          out_data_o[Lanes*i + l] = (LaneBits+1)'(l) < out_cols_q ? twice_out[8*l + i]
                                                                  : tern_pkg::ZeroT5[i];
        end
      end
    end
  end

  logic unused;
  assign unused = ^{twice_in[UnitBits-1:0], twice_out[2*UnitBits-1:UnitBits]};

`ifdef TERN_PROVE_TURN  // tests/rtl/engine; Yosys 0.23 ignores bind
  tern_turn_proof #(.Lanes(Lanes)) u_proof (
    .clk_i, .rst_ni, .panel_valid_i, .panel_ready_i(panel_ready_o), .panel_cols_i, .panel_last_i,
    .in_valid_i, .in_ready_i(in_ready_o), .in_data_i, .out_valid_i(out_valid_o), .out_ready_i,
    .out_data_i(out_data_o), .out_last_i(out_last_o),
    .col_o(proof_col), .bytes_i(proof_bytes), .write_half_i(write_half_q),
    .read_half_i(read_half_q), .full_i(full_q), .come_i(col_q), .row_i(row_q),
    .cols_i({cols_q[1], cols_q[0]}), .last_i(last_q), .out_row_i(out_row_q),
    .out_cols_i(out_cols_q)
  );
`endif

endmodule
