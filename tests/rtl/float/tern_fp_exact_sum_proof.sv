// SPDX-License-Identifier: Apache-2.0
//
// Proof obligation: lanes of E4M3 in tern_fp_exact_sum give the sum of their products, multiplied
// and added as integers, rounded to 24 bits by looking at each possible exponent. Registers are
// wires here (registers_are_wires.v).

module tern_fp_exact_sum_proof #(
  parameter int unsigned Lanes = 2
) (
  input logic               clk_i,
  input logic [8*Lanes-1:0] w_i,
  input logic [8*Lanes-1:0] x_i
);

  logic [31:0] sum;

  tern_fp_exact_sum #(.Lanes(Lanes), .ExpBits(4), .FracBits(3), .Infinities(1'b0)) u_sum (
    .clk_i, .en_i('1), .w_i, .x_i, .sum_o(sum)
  );

  // The specification, in units of 2^-18.
  function automatic logic signed [18:0] fixed(logic [7:0] v);
    logic signed [18:0] magnitude;
    if (v[6:3] == '0) magnitude = 19'(v[2:0]);
    else magnitude = 19'({1'b1, v[2:0]}) << (v[6:3] - 4'd1);
    fixed = v[7] ? -magnitude : magnitude;
  endfunction

  logic               nan;
  logic signed [40:0] exact;
  always_comb begin
    nan   = 1'b0;
    exact = '0;
    for (int unsigned l = 0; l < Lanes; l++) begin
      nan   = nan | (&w_i[8*l +: 7]) | (&x_i[8*l +: 7]);
      exact = exact + fixed(w_i[8*l +: 8]) * fixed(x_i[8*l +: 8]);
    end
  end

  function automatic logic [31:0] nearest(logic signed [40:0] v);
    logic [40:0] magnitude, below;
    logic [30:0] code;
    magnitude = v < 0 ? -v : v;
    code      = '0;
    for (int unsigned e = 0; e <= 40; e++) begin  // 2^e <= magnitude < 2^(e+1)
      if (magnitude[e] && (magnitude >> e) == 41'd1) begin
        if (e <= 23) begin
          code = {8'(127 - 18 + e), 23'(magnitude << (23 - e))};
        end else begin
          below = magnitude & ~({41{1'b1}} << (e - 23));  // what is cut off, against a half
          code  = {8'(127 - 18 + e), 23'(magnitude >> (e - 23))};
          if (below > (41'd1 << (e - 24)) || (below == (41'd1 << (e - 24)) && code[0])) begin
            code = code + 31'd1;
          end
        end
      end
    end
    nearest = {v < 0, code};
  endfunction

  always_comb assert (sum == (nan ? 32'h7fc00000 : nearest(exact)));

endmodule
