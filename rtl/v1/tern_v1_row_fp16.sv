// SPDX-License-Identifier: Apache-2.0
//
// One row of an FP16 engine: the lanes and, per slot, one binary32 accumulator a lane. Multiply
// and accumulate take a cycle each; sums of a slot follow one another without a gap. Slots are
// those of tern_v1_row_ternary.

module tern_v1_row_fp16 #(
  parameter  int unsigned Lanes    = 16,
  parameter  int unsigned Slots    = 16,
  localparam int unsigned AccWidth = 32 * tern_v1_pkg::Fp16Accumulators,
  localparam int unsigned SlotBits = $clog2(Slots)
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                dot_valid_i,
  input  logic [16*Lanes-1:0] w_i,
  input  logic [16*Lanes-1:0] x_i,

  // One cycle after dot_valid_i.
  input  logic                acc_valid_i,
  input  logic                acc_first_i,  // opens a new dot product
  input  logic [SlotBits-1:0] acc_slot_i,

  input  logic                read_i,
  input  logic [SlotBits-1:0] read_slot_i,
  output logic [AccWidth-1:0] acc_o,        // one cycle after read_i, until the next

  input  logic                clear_i,
  output logic                bad_o         // an infinity or NaN since clear_i: sums are void
);

  if (Lanes != tern_v1_pkg::Fp16Accumulators) begin : gen_check_params
    $error("tern_v1_row_fp16: lane l owns accumulator l, so Lanes must be 16");
  end

  logic [32*Lanes-1:0] product;

  tern_v1_dot_fp16 #(.Lanes(Lanes)) u_dot (
    .clk_i, .valid_i(dot_valid_i), .w_i, .x_i, .product_o(product)
  );

  logic [AccWidth-1:0] acc_q [Slots];
  logic [AccWidth-1:0] old, next;

  always_comb begin
    old  = '0;
    next = '0;
    if (acc_valid_i) begin
      if (!acc_first_i) old = acc_q[acc_slot_i];
      for (int unsigned l = 0; l < Lanes; l++) begin
        next[32*l +: 32] = tern_v1_fp_pkg::add(old[32*l +: 32], product[32*l +: 32]);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (acc_valid_i) acc_q[acc_slot_i] <= next;
    if (read_i) acc_o <= acc_q[read_slot_i];
  end

  logic bad;
  always_comb begin
    bad = 1'b0;
    if (dot_valid_i) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        bad = bad | !tern_v1_fp_pkg::finite(w_i[16*l+10 +: 5])
                  | !tern_v1_fp_pkg::finite(x_i[16*l+10 +: 5]);
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)          bad_o <= 1'b0;
    else if (clear_i)     bad_o <= 1'b0;
    else if (dot_valid_i) bad_o <= bad_o | bad;
  end

endmodule
