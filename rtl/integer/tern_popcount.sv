// SPDX-License-Identifier: Apache-2.0
//
// The number of ones in a word. Full adders over its thirds: three bits of weight 1 become a sum
// of weight 1 and a carry of weight 2, so a third of the word is counted as carries and a third as
// sums. Simulators count machine words instead (8 times faster); TERN_STRUCTURAL gives Verilator
// the adders as well.

module tern_popcount #(
  parameter  int unsigned Bits      = 64,
  localparam int unsigned CountBits = $clog2(Bits + 1)
) (
  input  logic [Bits-1:0]      bits_i,
  output logic [CountBits-1:0] count_o
);

  if (Bits < 1) begin : gen_check_params
    $error("tern_popcount: Bits must be at least 1");
  end

`ifdef VERILATOR
`ifndef TERN_STRUCTURAL
`define TERN_POPCOUNT_BY_WORD
`endif
`endif

`ifdef TERN_POPCOUNT_BY_WORD
  assign count_o = CountBits'($countones(bits_i));
`else
  if (Bits == 1) begin : gen_one
    assign count_o = bits_i;
  end else if (Bits == 2) begin : gen_half_adder
    assign count_o = {bits_i[1] & bits_i[0], bits_i[1] ^ bits_i[0]};
  end else begin : gen_thirds
    localparam int unsigned Third = Bits / 3;
    localparam int unsigned Sums  = Bits - 2 * Third;  // a third, and what three do not divide

    logic [Third-1:0] a, b, c, carries;
    logic [Sums-1:0]  sums;

    assign {c, b, a} = bits_i[3*Third-1:0];
    assign carries   = (a & b) | (a & c) | (b & c);
    if (Sums > Third) begin : gen_rest
      assign sums = {bits_i[Bits-1:3*Third], a ^ b ^ c};
    end else begin : gen_no_rest
      assign sums = a ^ b ^ c;
    end

    logic [$clog2(Third+1)-1:0] carry_count;
    logic [$clog2(Sums+1)-1:0]  sum_count;

    tern_popcount #(.Bits(Third)) u_carries (.bits_i(carries), .count_o(carry_count));
    tern_popcount #(.Bits(Sums))  u_sums    (.bits_i(sums),    .count_o(sum_count));

    assign count_o = CountBits'(sum_count) + {carry_count, 1'b0};

`ifdef TERN_PROVE_POPCOUNT  // tests/rtl/integer
    // Each bit goes into one adder or on, and every adder is right. A count fits its bits.
    for (genvar i = 0; i < Third; i++) begin : gen_prove_adder
      always_comb assert ({carries[i], sums[i]} == 2'(bits_i[i]) + 2'(bits_i[Third+i])
                                                   + 2'(bits_i[2*Third+i]));
    end
    for (genvar i = 3 * Third; i < Bits; i++) begin : gen_prove_rest
      always_comb assert (sums[i-2*Third] == bits_i[i]);
    end
`endif
  end
`endif

endmodule
