// SPDX-License-Identifier: Apache-2.0
//
// The end of an exact sum: adds the last two vectors, normalises and rounds to binary32, to nearest
// even. Three stages: en_i[0] with the vectors, sum_o three cycles later.
//
// save + carry, modulo 2^Width, is the sum as an integer with its top bit inverted; the value is
// the sum * 2^-Scale, in the range of normal binary32 or zero, which comes out as +0.

module tern_fp_round #(
  parameter  int unsigned Width = 85,
  parameter  int unsigned Scale = 48
) (
  input  logic             clk_i,

  input  logic [2:0]       en_i,
  input  logic [Width-1:0] save_i,
  input  logic [Width-1:0] carry_i,
  input  logic [2:0]       special_i,  // {NaN, +infinity, -infinity}, with en_i[0]

  output logic [31:0]      sum_o
);

  localparam int unsigned Bits      = Width - 1;         // of a magnitude
  localparam int unsigned Words     = 2**$clog2((Bits + 31) / 32);
  localparam int unsigned CountBits = 5 + $clog2(Words);  // of its leading zeros

  if (Bits < 26 || Bits - 1 + 127 - Scale > 254 || Scale > 126) begin : gen_check_params
    $error("tern_fp_round: every sum must be a normal binary32");
  end

  // Stage 0: add. Of a negative sum the complement is kept: the magnitude less one.
  logic [Width-1:0] total;
  logic             negative_q;
  logic [Bits-1:0]  mag_q;
  logic [2:0]       special_q, special_q2;

  always_comb begin
    total = '0;
    if (en_i[0]) total = save_i + carry_i;
  end

  always_ff @(posedge clk_i) begin
    if (en_i[0]) begin
      negative_q <= !total[Bits];
      mag_q      <= total[Bits-1:0] ^ {Bits{!total[Bits]}};
      special_q  <= special_i;
    end
  end

  // Stage 1: normalise; behind the complement of a negative sum follow ones.
  logic [CountBits-1:0] zeros;
  logic [32*Words-1:0]  padded;
  logic [Bits-1:0]      norm;
  logic [23:0]          mant_q;
  logic                 guard_q, rest_q, sign_q, zero_q;
  logic [7:0]           expo_q;  // less one: the leading bit of mant_q is added to it

  always_comb begin
    zeros = '0;
    norm  = '0;
    padded = '0;
    if (en_i[1]) begin
      // The lowest bit counts as one.
      padded = {mag_q[Bits-1:1], {(32*Words-Bits+1){1'b1}}};
      for (int unsigned i = 0; i < Words; i++) begin
        if (padded[32*i +: 32] != '0) begin
          zeros = CountBits'({Words - 1 - i, tern_fp_pkg::leading_zeros(padded[32*i +: 32])});
        end
      end
      norm  = mag_q;
      for (int unsigned k = CountBits; k > 0; k--) begin
        if (zeros[k-1]) begin
          norm = (norm << 2**(k-1)) | ({Bits{negative_q}} & ~({Bits{1'b1}} << 2**(k-1)));
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (en_i[1]) begin
      {mant_q, guard_q} <= norm[Bits-1 -: 25];
      rest_q     <= negative_q ? &norm[Bits-26:0] : |norm[Bits-26:0];
      sign_q     <= negative_q;
      zero_q     <= !negative_q & (mag_q == '0);
      expo_q     <= 8'(Bits + 125 - Scale) - 8'(zeros);
      special_q2 <= special_q;
    end
  end

  // Stage 2: round. The one that a negative sum lacks, at its end, reaches the guard bit if all
  // bits between are ones: then a guard of 0 makes a tie and a guard of 1 the next number. If not
  // all are ones, the rest is neither zero nor a carry.
  logic        up;
  logic [31:0] sum;

  always_comb begin
    sum = '0;
    up  = sign_q ? guard_q | (rest_q & mant_q[0]) : guard_q & (rest_q | mant_q[0]);
    if (en_i[2]) begin
      if (!zero_q) sum = {sign_q, {expo_q, 23'd0} + 31'(mant_q) + 31'(up)};
      if (special_q2[2] | (&special_q2[1:0])) sum = 32'h7fc00000;
      else if (special_q2[1] | special_q2[0]) sum = {special_q2[0], 8'hff, 23'd0};
    end
  end

  always_ff @(posedge clk_i) begin
    if (en_i[2]) sum_o <= sum;
  end

endmodule
