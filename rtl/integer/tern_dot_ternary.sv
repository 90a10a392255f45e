// SPDX-License-Identifier: Apache-2.0
//
// Ternary dot products: R rows of N trits times one vector of N activations, exactly, a step per
// cycle. There is no multiplier: a trit selects its activation, the activation's inverse or
// nothing, and the +1 that completes each negation is one more bit to count. So -128 needs no
// ninth bit: its inverse is 127, and the carry is added at full width.

module tern_dot_ternary #(
  parameter  int unsigned Rows      = 1,
  parameter  int unsigned Lanes     = 16,
  parameter  bit          GateZeros = 1'b1,  // a zero keeps its activation from every later gate
  localparam int unsigned Latency   = tern_pkg::dot_latency(tern_pkg::FormatTernary, Lanes),
  localparam int unsigned ActBits   = tern_pkg::act_bits(tern_pkg::FormatTernary),
  localparam int unsigned SumBits   = tern_pkg::sum_bits(tern_pkg::FormatTernary, Lanes)
) (
  input  logic                     clk_i,

  input  logic [Latency-1:0]       en_i,  // stage s takes its operands at the end of this cycle
  input  logic [Rows*2*Lanes-1:0]  w_i,   // [Rows, plane, Lanes]; {negative, nonzero} 10 is illegal
  input  logic [ActBits*Lanes-1:0] x_i,   // [plane, Lanes], signed

  output logic [Rows*SumBits-1:0]  sum_o  // [Rows], signed
);

  localparam int unsigned Sign      = ActBits - 1;
  localparam int unsigned CountBits = $clog2(Lanes + 1);

  for (genvar r = 0; r < Rows; r++) begin : gen_row
    logic [Lanes-1:0] nonzero, negative;
    assign nonzero  = w_i[(2*r+tern_pkg::TritNonzero)*Lanes +: Lanes];
    assign negative = w_i[(2*r+tern_pkg::TritNegative)*Lanes +: Lanes];

    // Stage 0: how many lanes hold a one, per bit plane of the terms, and how many are negated.
    // Stage 1: their sum. The sign plane weighs -2^7, and -a = ~a + 1.
    logic [(ActBits+2)*SumBits-1:0] words;

    for (genvar j = 0; j < ActBits; j++) begin : gen_plane
      logic [Lanes-1:0]     x, term;
      logic [CountBits-1:0] count, count_q;
      assign x = x_i[Lanes*j +: Lanes];
      if (GateZeros) begin : gen_gated
        assign term = (x & (nonzero ^ negative)) | (~x & negative);
      end else begin : gen_masked
        assign term = (x ^ negative) & nonzero;
      end
      tern_popcount #(.Bits(Lanes)) u_count (.bits_i(term), .count_o(count));
      always_ff @(posedge clk_i) begin
        if (en_i[0]) count_q <= count;
      end
      if (j == Sign) begin : gen_sign
        assign words[SumBits*j +: SumBits] = ~(SumBits'(count_q) << j);
      end else begin : gen_magnitude
        assign words[SumBits*j +: SumBits] = SumBits'(count_q) << j;
      end
    end

    logic [CountBits-1:0] negated, negated_q;
    tern_popcount #(.Bits(Lanes)) u_negated (.bits_i(negative), .count_o(negated));
    always_ff @(posedge clk_i) begin
      if (en_i[0]) negated_q <= negated;
    end
    assign words[SumBits*ActBits +: SumBits]     = SumBits'(negated_q);
    assign words[SumBits*(ActBits+1) +: SumBits] = SumBits'(1);

    logic [SumBits-1:0] sum;
    tern_sum #(.Words(ActBits + 2), .Bits(SumBits)) u_sum (.words_i(words), .sum_o(sum));
    always_ff @(posedge clk_i) begin
      if (en_i[1]) sum_o[SumBits*r +: SumBits] <= sum;
    end
  end

endmodule
