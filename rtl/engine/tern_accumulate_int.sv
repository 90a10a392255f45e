// SPDX-License-Identifier: Apache-2.0
//
// The integer accumulators of one row, one per slot: acc[slot] += sum, exact in AccBits. A slot is
// a token in one of two banks: while a row group sums into one bank, the group before drains from
// the other.

module tern_accumulate_int #(
  parameter  int unsigned Slots    = 32,
  parameter  int unsigned SumBits  = 15,
  parameter  int unsigned AccBits  = 22,
  localparam int unsigned SlotBits = $clog2(Slots)
) (
  input  logic                clk_i,

  input  logic                en_i,
  input  logic                first_i,      // opens a new dot product
  input  logic [SlotBits-1:0] slot_i,
  input  logic [SumBits-1:0]  sum_i,        // signed

  input  logic                read_i,
  input  logic [SlotBits-1:0] read_slot_i,
  output logic [AccBits-1:0]  acc_o         // one cycle after read_i, until the next
);

  if (Slots < 2 || (Slots & (Slots - 1)) != 0) begin : gen_check_slots
    $error("tern_accumulate_int: Slots must be a power of two, 2 or more");
  end
  if (AccBits < SumBits) begin : gen_check_params
    $error("tern_accumulate_int: AccBits must hold the sum of one step");
  end

  logic [AccBits-1:0] acc_q [Slots];

  always_ff @(posedge clk_i) begin
    if (en_i) begin
      acc_q[slot_i] <= (first_i ? '0 : acc_q[slot_i])
                     + {{(AccBits-SumBits){sum_i[SumBits-1]}}, sum_i};
    end
    if (read_i) acc_o <= acc_q[read_slot_i];
  end

endmodule
