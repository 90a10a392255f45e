// SPDX-License-Identifier: Apache-2.0
//
// Proof obligations that make the full adders of tern_popcount right by induction over the ones of
// a word: a word without ones counts none; one more one, at bit Index, counts one more.

module tern_popcount_proof #(
  parameter  int unsigned Bits      = 64,
  parameter  int unsigned Index     = 0,
  localparam int unsigned CountBits = $clog2(Bits + 1)
) (
  input logic [Bits-1:0] bits_i
);

  logic [Bits-1:0]      without, with_one;
  logic [CountBits-1:0] none, fewer, more;

  always_comb begin
    without         = bits_i;
    without[Index]  = 1'b0;
    with_one        = bits_i;
    with_one[Index] = 1'b1;
  end

  tern_popcount #(.Bits(Bits)) u_none  (.bits_i('0),       .count_o(none));
  tern_popcount #(.Bits(Bits)) u_fewer (.bits_i(without),  .count_o(fewer));
  tern_popcount #(.Bits(Bits)) u_more  (.bits_i(with_one), .count_o(more));

  always_comb begin
    assert (none == '0);
    assert (more == fewer + 1'b1);
  end

endmodule
