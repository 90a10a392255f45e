// SPDX-License-Identifier: Apache-2.0
//
// One row of a ternary engine: a dot-product unit and an accumulator per slot. A slot is a token
// in one of two banks: while a row group sums into one bank, the group before drains from the
// other.

module tern_v1_row_ternary #(
  parameter  int unsigned Lanes    = 16,
  parameter  int unsigned Slots    = 16,
  parameter  int unsigned AccWidth = 21,  // exact for 2^(AccWidth-9) columns
  localparam int unsigned ActWidth = 8,
  localparam int unsigned SlotBits = $clog2(Slots)
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,

  input  logic                      dot_valid_i,
  input  logic [2*Lanes-1:0]        w_i,
  input  logic [ActWidth*Lanes-1:0] x_i,

  // One cycle after dot_valid_i.
  input  logic                      acc_valid_i,
  input  logic                      acc_first_i,  // opens a new dot product
  input  logic [SlotBits-1:0]       acc_slot_i,

  input  logic                      read_i,
  input  logic [SlotBits-1:0]       read_slot_i,
  output logic [AccWidth-1:0]       acc_o,        // one cycle after read_i, until the next

  input  logic                      clear_i,
  output logic                      bad_o         // an illegal trit since clear_i
);

  localparam int unsigned SumWidth = ActWidth + $clog2(Lanes) + 1;

  if (AccWidth < SumWidth) begin : gen_check_params
    $error("tern_v1_row_ternary: AccWidth must hold the sum of one step");
  end

  logic signed [SumWidth-1:0] sum;

  tern_v1_dot_ternary #(.Lanes(Lanes), .ActWidth(ActWidth)) u_dot (
    .clk_i, .valid_i(dot_valid_i), .w_i, .x_i, .sum_o(sum)
  );

  logic [AccWidth-1:0] acc_q [Slots];

  always_ff @(posedge clk_i) begin
    if (acc_valid_i) begin
      acc_q[acc_slot_i] <= (acc_first_i ? '0 : acc_q[acc_slot_i])
                         + {{(AccWidth-SumWidth){sum[SumWidth-1]}}, sum};
    end
    if (read_i) acc_o <= acc_q[read_slot_i];
  end

  logic illegal;
  always_comb begin
    illegal = 1'b0;
    for (int unsigned l = 0; l < Lanes; l++) illegal = illegal | (w_i[2*l+1] & ~w_i[2*l]);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)          bad_o <= 1'b0;
    else if (clear_i)     bad_o <= 1'b0;
    else if (dot_valid_i) bad_o <= bad_o | illegal;
  end

endmodule
