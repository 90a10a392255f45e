// SPDX-License-Identifier: Apache-2.0
//
// One signed dot product of Booth digits and numbers: no product is ever formed. The partial
// products of all lanes merge into bit columns; stage 0 counts each column, stage 1 adds the
// counts, so that one adder propagates carries. A digit of 1 or 2 selects the number or its
// double, a negative one inverts it, and the +1 that completes the negation is one more bit.

module tern_booth_row #(
  parameter  int unsigned Lanes   = 16,
  parameter  int unsigned Bits    = 8,   // of a number
  parameter  int unsigned Digits  = 4,
  localparam int unsigned SumBits = Bits + 2 * Digits + $clog2(Lanes)
) (
  input  logic                    clk_i,

  input  logic [1:0]              en_i,
  input  logic [Bits*Lanes-1:0]   value_i,     // [plane, Lanes], signed
  input  logic [Digits*Lanes-1:0] one_i,       // [Digits, Lanes], as of tern_booth_recode
  input  logic [Digits*Lanes-1:0] two_i,
  input  logic [Digits*Lanes-1:0] negative_i,

  output logic [SumBits-1:0]      sum_o        // signed
);

  // A term has Bits + 1 bits, for the double. Its sign bit enters inverted: -b = ~b - 1, and the
  // ones of all lanes and digits are one constant.
  localparam int unsigned        TermBits = Bits + 1;
  localparam int unsigned        Columns  = Bits + 2 * Digits - 1;
  localparam int unsigned        DigitSum = (4**Digits - 1) / 3;  // of 4^d over digits
  localparam logic [SumBits-1:0] Signs    = SumBits'((Lanes * DigitSum) << Bits);

  logic [Digits*TermBits*Lanes-1:0] term;  // [Digits, plane, Lanes]

  for (genvar d = 0; d < Digits; d++) begin : gen_digit
    logic [Lanes-1:0] one, two, negative;
    assign one      = one_i[d*Lanes +: Lanes];
    assign two      = two_i[d*Lanes +: Lanes];
    assign negative = negative_i[d*Lanes +: Lanes];
    for (genvar b = 0; b < TermBits; b++) begin : gen_plane
      logic [Lanes-1:0] selected;
      if (b == 0) begin : gen_lowest
        assign selected = value_i[0 +: Lanes] & one;
      end else if (b == Bits) begin : gen_sign
        assign selected = ~(value_i[(Bits-1)*Lanes +: Lanes] & (one | two));
      end else begin : gen_middle
        assign selected = (value_i[b*Lanes +: Lanes] & one) | (value_i[(b-1)*Lanes +: Lanes] & two);
      end
      assign term[(d*TermBits+b)*Lanes +: Lanes] = selected ^ negative;
    end
  end

  logic [(Columns+1)*SumBits-1:0] words;

  for (genvar c = 0; c < Columns; c++) begin : gen_column
    // Bit c - 2d of the terms of digits First to Last, and the carries of digit c / 2.
    localparam int unsigned First   = c > Bits ? (c - Bits + 1) / 2 : 0;
    localparam int unsigned Last    = c / 2 < Digits ? c / 2 : Digits - 1;
    localparam int unsigned Terms   = Last - First + 1;
    localparam bit          Carries = c % 2 == 0 && c / 2 < Digits;
    localparam int unsigned Height  = (Terms + 32'(Carries)) * Lanes;

    logic [Height-1:0]           column;
    logic [$clog2(Height+1)-1:0] count, count_q;
    for (genvar d = First; d <= Last; d++) begin : gen_term
      assign column[(d-First)*Lanes +: Lanes] = term[(d*TermBits+c-2*d)*Lanes +: Lanes];
    end
    if (Carries) begin : gen_carries
      assign column[Terms*Lanes +: Lanes] = negative_i[c/2*Lanes +: Lanes];
    end
    tern_popcount #(.Bits(Height)) u_count (.bits_i(column), .count_o(count));
    always_ff @(posedge clk_i) begin
      if (en_i[0]) count_q <= count;
    end
    assign words[SumBits*c +: SumBits] = SumBits'(count_q) << c;
  end
  assign words[SumBits*Columns +: SumBits] = SumBits'(0) - Signs;

  logic [SumBits-1:0] sum;
  tern_sum #(.Words(Columns + 1), .Bits(SumBits)) u_sum (.words_i(words), .sum_o(sum));
  always_ff @(posedge clk_i) begin
    if (en_i[1]) sum_o <= sum;
  end

endmodule
