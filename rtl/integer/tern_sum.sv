// SPDX-License-Identifier: Apache-2.0
//
// The sum of several words, modulo 2^Bits: 3:2 compressors until two words are left, and one adder
// that propagates carries. Simulators add; TERN_STRUCTURAL gives Verilator the compressors.

module tern_sum #(
  parameter int unsigned Words = 3,
  parameter int unsigned Bits  = 8
) (
  input  logic [Words*Bits-1:0] words_i,  // [Words]
  output logic [Bits-1:0]       sum_o
);

  if (Words < 2) begin : gen_check_params
    $error("tern_sum: Words must be at least 2");
  end

`ifdef VERILATOR
`ifndef TERN_STRUCTURAL
`define TERN_SUM_BY_WORD
`endif
`endif

`ifdef TERN_SUM_BY_WORD
  always_comb begin
    sum_o = '0;
    for (int unsigned i = 0; i < Words; i++) sum_o += words_i[Bits*i +: Bits];
  end
`else
  // A queue of words: a compressor takes three from its front and puts two at its end, so every
  // word waits its turn and depth grows with log1.5(Words).
  localparam int unsigned Compressors = Words - 2;
  localparam int unsigned Nodes       = Words + 2 * Compressors;

  logic [Nodes*Bits-1:0] node;
  logic [Bits-1:0]       a, b, c;

  always_comb begin
    a    = '0;
    b    = '0;
    c    = '0;
    node = (Nodes*Bits)'(words_i);
    for (int unsigned i = 0; i < Compressors; i++) begin
      a = node[3*i*Bits +: Bits];
      b = node[(3*i+1)*Bits +: Bits];
      c = node[(3*i+2)*Bits +: Bits];
      node[(Words+2*i)*Bits +: Bits]   = a ^ b ^ c;
      node[(Words+2*i+1)*Bits +: Bits] = ((a & b) | (a & c) | (b & c)) << 1;
`ifdef TERN_PROVE_SUM  // tests/rtl/integer
      assert (Bits'(node[(Words+2*i)*Bits +: Bits] + node[(Words+2*i+1)*Bits +: Bits])
              == Bits'(a + b + c));
      assert (3 * i + 2 < Words + 2 * i);  // what it takes is there
`endif
    end
  end

`ifdef TERN_PROVE_SUM
  always_comb assert (3 * Compressors == Nodes - 2);  // all is taken but the last two
`endif

  assign sum_o = node[(Nodes-2)*Bits +: Bits] + node[(Nodes-1)*Bits +: Bits];
`endif

endmodule
