// SPDX-License-Identifier: Apache-2.0
//
// Stand-ins for tern_popcount and tern_sum in tern_lane_proof: of the ones of a word, those of lane
// TERN_LANE of TERN_LANES alone are counted; words are added.

module tern_popcount #(
  parameter  int unsigned Bits      = 64,
  localparam int unsigned CountBits = $clog2(Bits + 1)
) (
  input  logic [Bits-1:0]      bits_i,  // [n, lanes]
  output logic [CountBits-1:0] count_o
);

  always_comb begin
    count_o = '0;
    for (int unsigned i = `TERN_LANE; i < Bits; i += `TERN_LANES) begin
      count_o = count_o + CountBits'(bits_i[i]);
    end
  end

endmodule

module tern_sum #(
  parameter int unsigned Words = 3,
  parameter int unsigned Bits  = 8
) (
  input  logic [Words*Bits-1:0] words_i,
  output logic [Bits-1:0]       sum_o
);

  always_comb begin
    sum_o = '0;
    for (int unsigned i = 0; i < Words; i++) sum_o = sum_o + words_i[Bits*i +: Bits];
  end

endmodule
