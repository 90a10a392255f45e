// SPDX-License-Identifier: Apache-2.0
//
// The binary32 accumulators of one row, one per slot: acc = acc + sum, rounded to nearest even;
// with first_i acc = +0 + sum (so a first sum of -0 leaves +0). NaN and infinities: tern_fp_add.sv.
//
// The user promises that the same slot comes at least Latency cycles apart and that a slot is read
// Latency cycles after its last sum or later.

module tern_accumulate_fp #(
  parameter  int unsigned Slots    = 16,
  localparam int unsigned SlotBits = $clog2(Slots),
  localparam int unsigned Latency  = tern_pkg::acc_latency(tern_pkg::FormatFp16)
) (
  input  logic                clk_i,

  input  logic [Latency-1:0]  en_i,         // of each stage
  input  logic                first_i,      // opens a new dot product; with en_i[0]
  input  logic [SlotBits-1:0] slot_i,       // with en_i[0]
  input  logic [31:0]         sum_i,        // with en_i[0]

  input  logic                read_i,
  input  logic [SlotBits-1:0] read_slot_i,
  output logic [31:0]         acc_o         // one cycle after read_i, held
);

  if (Slots < 2 || (Slots & (Slots - 1)) != 0) begin : gen_check_params
    $error("tern_accumulate_fp: Slots must be a power of two, at least 2");
  end

  // Stage 0 reads the slot, the stages of the adder follow, the last of them writes.
  logic [31:0]                     acc_q [Slots];
  logic [31:0]                     old_q, sum_q, next;
  logic [(Latency-1)*SlotBits-1:0] slot_q;  // of the sums under way, the youngest lowest

  tern_fp_add #(.Registered(1'b0)) u_add (
    .clk_i, .en_i(en_i[Latency-1:1]), .a_i(old_q), .b_i(sum_q), .sum_o(next)
  );

  always_ff @(posedge clk_i) begin
    if (en_i[0]) begin
      old_q <= first_i ? 32'd0 : acc_q[slot_i];
      sum_q <= sum_i;
    end
    for (int unsigned s = 0; s < Latency - 1; s++) begin
      if (en_i[s]) begin
        slot_q[s*SlotBits +: SlotBits] <= s == 0 ? slot_i : slot_q[(s-1)*SlotBits +: SlotBits];
      end
    end
    if (en_i[Latency-1]) acc_q[slot_q[(Latency-2)*SlotBits +: SlotBits]] <= next;
    if (read_i) acc_o <= acc_q[read_slot_i];
  end

endmodule
