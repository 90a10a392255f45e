// SPDX-License-Identifier: Apache-2.0
//
// Gathers units of the weight stream (8 bits x Lanes) into the weights of a step and holds them
// while they meet their tokens. Ternary weights are decoded on the way in, a unit at a time: the
// decoder keeps pace with memory, not with the rows.
//
// Units of a step: ternary t5, one per five rows; t2, one per four rows; others, weight_bits / 8
// per row. The next step gathers while the last one is held; its last unit is passed through.

module tern_weights #(
  parameter  int unsigned Format   = tern_pkg::FormatTernary,
  parameter  int unsigned Rows     = 20,
  parameter  int unsigned Lanes    = 64,
  localparam int unsigned UnitBits = 8 * Lanes,
  localparam int unsigned RowBits  = Lanes * tern_pkg::weight_bits(Format)
) (
  input  logic                    clk_i,
  input  logic                    rst_ni,

  input  logic                    code_i,      // ternary: tern_pkg::CodeT2 or CodeT5

  input  logic                    unit_valid_i,
  output logic                    unit_ready_o,
  input  logic [UnitBits-1:0]     unit_i,

  output logic                    valid_o,     // a step is complete with the unit on offer
  input  logic                    ready_i,     // ... which is taken: w_o has it from the next cycle
  output logic [Rows*RowBits-1:0] w_o,         // [Rows] as the dot-product units take them
  output logic                    illegal_o    // the step taken a cycle ago held an illegal code
);

  if (Rows % 20 != 0 || Rows == 0) begin : gen_check_rows
    $error("tern_weights: Rows must be a multiple of 20, so that every code fills whole units");
  end

  localparam bit          Ternary  = Format == tern_pkg::FormatTernary;
  localparam int unsigned MaxUnits = Ternary ? Rows / 4 : Rows * RowBits / UnitBits;
  localparam int unsigned UnitIdx  = $clog2(MaxUnits);

  logic [UnitIdx-1:0] unit_q, last_unit;
  logic               last, step, take;

  assign last_unit    = Ternary && code_i == tern_pkg::CodeT5 ? UnitIdx'(Rows / 5 - 1)
                                                              : UnitIdx'(MaxUnits - 1);
  assign last         = unit_q == last_unit;
  assign valid_o      = unit_valid_i && last;
  assign unit_ready_o = !last || ready_i;
  assign take         = valid_o && ready_i;
  assign step         = unit_valid_i && unit_ready_o;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)   unit_q <= '0;
    else if (step) unit_q <= last ? '0 : unit_q + 1'b1;
  end

  if (Ternary) begin : gen_ternary
    logic [5*RowBits-1:0] five;           // rows 5 u .. 5 u + 4 of a unit in t5
    logic [4*RowBits-1:0] four;           // rows 4 u .. 4 u + 3 of one in t2
    logic                 five_bad, four_bad, bad, bad_q;
    logic [RowBits-1:0]   kept_q [Rows];  // of the units before the last

    tern_unpack_t5 #(.Rows(5), .Lanes(Lanes)) u_t5 (
      .word_i(unit_i), .w_o(five), .illegal_o(five_bad)
    );
    tern_unpack_t2 #(.Rows(4), .Lanes(Lanes)) u_t2 (
      .word_i(unit_i), .w_o(four), .illegal_o(four_bad)
    );
    assign bad = code_i == tern_pkg::CodeT5 ? five_bad : four_bad;

    for (genvar r = 0; r < Rows; r++) begin : gen_row
      logic               mine;  // the unit on offer brings this row
      logic [RowBits-1:0] row;

      assign mine = code_i == tern_pkg::CodeT5 ? unit_q == UnitIdx'(r / 5)
                                               : unit_q == UnitIdx'(r / 4);
      assign row  = code_i == tern_pkg::CodeT5 ? five[RowBits*(r%5) +: RowBits]
                                               : four[RowBits*(r%4) +: RowBits];

      always_ff @(posedge clk_i) begin
        if (step && mine) kept_q[r] <= row;
        if (take) w_o[RowBits*r +: RowBits] <= mine ? row : kept_q[r];
      end
    end

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        bad_q     <= 1'b0;
        illegal_o <= 1'b0;
      end else begin
        if (step) bad_q <= !last && (bad_q || bad);
        illegal_o <= take && (bad_q || bad);
      end
    end
  end else begin : gen_dense
    logic [UnitBits-1:0] kept_q [MaxUnits-1];

    always_ff @(posedge clk_i) begin
      if (step && !last) kept_q[unit_q] <= unit_i;
      if (take) begin
        for (int unsigned u = 0; u < MaxUnits - 1; u++) begin
          w_o[UnitBits*u +: UnitBits] <= kept_q[u];
        end
        w_o[UnitBits*(MaxUnits-1) +: UnitBits] <= unit_i;
      end
    end
    assign illegal_o = 1'b0;
  end

endmodule
