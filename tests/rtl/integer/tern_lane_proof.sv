// SPDX-License-Identifier: Apache-2.0
//
// Proof obligation of a wide integer dot-product unit, which together make its sum that of all
// products. A unit is a constant plus a number that is linear in what its popcounts return; a
// popcount is the sum of its bits (tern_popcount_proof), tern_sum the sum of its words (the
// assertions there). So its sum is a constant plus what each lane adds while only its own bits are
// counted (tern_one_lane). Proved here, of one lane (of the tables: one group), all bits of all
// operands free: that is the lane's product, whatever the other lanes hold. Registers are wires
// (registers_are_wires.v).

module tern_lane_proof #(
  parameter  int unsigned Unit  = 0,   // as tern_dot_proof
  parameter  int unsigned Lanes = 64,
  localparam int unsigned Format  = Unit == 4 ? tern_pkg::FormatInt4
                                  : Unit == 8 ? tern_pkg::FormatInt8 : tern_pkg::FormatTernary,
  localparam int unsigned WeightBits = tern_pkg::weight_bits(Format),
  localparam int unsigned ActBits    = tern_pkg::act_bits(Format),
  localparam int unsigned SumBits    = tern_pkg::sum_bits(Format, Lanes)
) (
  input logic                        clk_i,
  input logic [WeightBits*Lanes-1:0] w_i,
  input logic [ActBits*Lanes-1:0]    x_i
);

  logic signed [SumBits-1:0] sum;
  if (Unit < 2) begin : gen_ternary
    tern_dot_ternary #(.Lanes(Lanes), .GateZeros(1'(Unit))) u_dot (
      .clk_i, .en_i('1), .w_i, .x_i, .sum_o(sum)
    );
  end else if (Unit < 4) begin : gen_lut
    tern_dot_ternary_lut #(.Lanes(Lanes), .Group(Unit)) u_dot (
      .clk_i, .en_i('1), .w_i, .x_i, .sum_o(sum)
    );
  end else if (Unit == 4) begin : gen_int4
    tern_dot_int4 #(.Lanes(Lanes)) u_dot (.clk_i, .en_i('1), .w_i, .x_i, .sum_o(sum));
  end else begin : gen_int8
    tern_dot_int8 #(.Lanes(Lanes)) u_dot (.clk_i, .en_i('1), .w_i, .x_i, .sum_o(sum));
  end

  // The specification: of a group, its members lie TERN_LANES lanes apart.
  localparam int unsigned Members = (Lanes - `TERN_LANE - 1) / `TERN_LANES + 1;
  logic signed [SumBits-1:0] partial [Members+1];
  assign partial[0] = '0;
  for (genvar m = 0; m < Members; m++) begin : gen_member
    logic signed [WeightBits-1:0] weight;
    logic signed [ActBits-1:0]    activation;
    for (genvar b = 0; b < WeightBits; b++) begin : gen_weight
      assign weight[b] = w_i[b*Lanes+m*`TERN_LANES+`TERN_LANE];
    end
    for (genvar b = 0; b < ActBits; b++) begin : gen_activation
      assign activation[b] = x_i[b*Lanes+m*`TERN_LANES+`TERN_LANE];
    end
    assign partial[m+1] = partial[m] + weight * activation;
  end

  // The constant of Booth rows: 2^Bits for each digit of each lane, of which this one adds its own.
  localparam int unsigned DigitSum = Unit == 4 ? 1 + 4 : Unit == 8 ? 1 + 4 + 16 + 64 : 0;
  localparam logic [SumBits-1:0] Others = SumBits'((Lanes - 1) * DigitSum << 8);

  if (Format == tern_pkg::FormatTernary) begin : gen_legal
    always_comb assume ((w_i[Lanes +: Lanes] & ~w_i[0 +: Lanes]) == '0);
  end

  always_comb assert (sum == partial[Members] - Others);

endmodule
