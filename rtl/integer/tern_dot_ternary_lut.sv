// SPDX-License-Identifier: Apache-2.0
//
// Ternary dot products from tables: what a group of 2 or 3 activations can sum up to is computed
// once for all rows; a row looks its trits up, without their common sign, and negates by a carry.
// Function, ports and cycles are those of tern_dot_ternary. Member m of group g is lane
// m * Groups + g, so that members stand as planes; lanes that fill the last group are zero.

module tern_dot_ternary_lut #(
  parameter  int unsigned Rows    = 1,
  parameter  int unsigned Lanes   = 16,
  parameter  int unsigned Group   = 2,
  localparam int unsigned Latency = tern_pkg::dot_latency(tern_pkg::FormatTernary, Lanes),
  localparam int unsigned ActBits = tern_pkg::act_bits(tern_pkg::FormatTernary),
  localparam int unsigned SumBits = tern_pkg::sum_bits(tern_pkg::FormatTernary, Lanes)
) (
  input  logic                     clk_i,

  input  logic [Latency-1:0]       en_i,  // stage s takes its operands at the end of this cycle
  input  logic [Rows*2*Lanes-1:0]  w_i,   // [Rows, plane, Lanes]; {negative, nonzero} 10 is illegal
  input  logic [ActBits*Lanes-1:0] x_i,   // [plane, Lanes], signed

  output logic [Rows*SumBits-1:0]  sum_o  // [Rows], signed
);

  localparam int unsigned Groups    = (Lanes + Group - 1) / Group;
  localparam int unsigned Entries   = (3**Group - 1) / 2;
  localparam int unsigned EntryBits = ActBits + $clog2(Group);
  localparam int unsigned CountBits = $clog2(Groups + 1);

  logic [Group*ActBits*Groups-1:0]     x;
  logic [Entries*EntryBits*Groups-1:0] entries;

  for (genvar j = 0; j < ActBits; j++) begin : gen_member_planes
    logic [Group*Groups-1:0] lanes;
    assign lanes = (Group*Groups)'(x_i[Lanes*j +: Lanes]);
    for (genvar m = 0; m < Group; m++) begin : gen_member
      assign x[(m*ActBits+j)*Groups +: Groups] = lanes[m*Groups +: Groups];
    end
  end

  tern_group_table #(.Group(Group), .Groups(Groups), .ActBits(ActBits)) u_table (
    .x_i(x), .table_o(entries)
  );

  for (genvar r = 0; r < Rows; r++) begin : gen_row
    logic [Group*Groups-1:0] nonzero, negative;
    assign nonzero  = (Group*Groups)'(w_i[(2*r+tern_pkg::TritNonzero)*Lanes +: Lanes]);
    assign negative = (Group*Groups)'(w_i[(2*r+tern_pkg::TritNegative)*Lanes +: Lanes]);

    // The sign of a group is that of its first non-zero trit.
    logic [Groups-1:0] negate;
    always_comb begin
      negate = negative[(Group-1)*Groups +: Groups];
      for (int unsigned m = 2; m <= Group; m++) begin
        negate = negative[(Group-m)*Groups +: Groups]
               | (negate & ~nonzero[(Group-m)*Groups +: Groups]);
      end
    end

    // Which entry, one-hot: entry v where every trit is the one of v up to the common sign.
    logic [Entries*Groups-1:0] select;
    for (genvar v = 1; v <= Entries; v++) begin : gen_select
      logic [Group*Groups-1:0] match;
      for (genvar m = 0; m < Group; m++) begin : gen_trit
        // Of balanced ternary: digit m from the front is 0, 1 or (2) -1.
        localparam int unsigned Digit = ((v + Entries) / 3**(Group-1-m) + 2) % 3;
        if (Digit == 0) begin : gen_zero
          assign match[m*Groups +: Groups] = ~nonzero[m*Groups +: Groups];
        end else begin : gen_sign
          assign match[m*Groups +: Groups] = nonzero[m*Groups +: Groups]
            & (negative[m*Groups +: Groups] ^ negate ^ {Groups{Digit == 1}});
        end
      end
      if (Group == 2) begin : gen_pair
        assign select[(v-1)*Groups +: Groups] = match[0 +: Groups] & match[Groups +: Groups];
      end else begin : gen_triple
        assign select[(v-1)*Groups +: Groups] = match[0 +: Groups] & match[Groups +: Groups]
                                              & match[2*Groups +: Groups];
      end
    end

    // As in tern_dot_ternary: counts per bit plane, then their sum; -a = ~a + 1.
    logic [(EntryBits+2)*SumBits-1:0] words;

    for (genvar j = 0; j < EntryBits; j++) begin : gen_plane
      logic [Groups-1:0]    term;
      logic [CountBits-1:0] count, count_q;
      always_comb begin
        term = '0;
        for (int unsigned e = 0; e < Entries; e++) begin
          term |= entries[(e*EntryBits+j)*Groups +: Groups] & select[e*Groups +: Groups];
        end
      end
      tern_popcount #(.Bits(Groups)) u_count (.bits_i(term ^ negate), .count_o(count));
      always_ff @(posedge clk_i) begin
        if (en_i[0]) count_q <= count;
      end
      if (j == EntryBits - 1) begin : gen_sign
        assign words[SumBits*j +: SumBits] = ~(SumBits'(count_q) << j);
      end else begin : gen_magnitude
        assign words[SumBits*j +: SumBits] = SumBits'(count_q) << j;
      end
    end

    logic [CountBits-1:0] negated, negated_q;
    tern_popcount #(.Bits(Groups)) u_negated (.bits_i(negate), .count_o(negated));
    always_ff @(posedge clk_i) begin
      if (en_i[0]) negated_q <= negated;
    end
    assign words[SumBits*EntryBits +: SumBits]     = SumBits'(negated_q);
    assign words[SumBits*(EntryBits+1) +: SumBits] = SumBits'(1);

    logic [SumBits-1:0] sum;
    tern_sum #(.Words(EntryBits + 2), .Bits(SumBits)) u_sum (.words_i(words), .sum_o(sum));
    always_ff @(posedge clk_i) begin
      if (en_i[1]) sum_o[SumBits*r +: SumBits] <= sum;
    end
  end

endmodule
