// SPDX-License-Identifier: Apache-2.0
//
// Proof obligation: tern_fp_add rounds as one who adds in fixed point, wide enough for every
// exponent, and then looks for the nearest number. For small formats, all operands. Registers are
// wires here (registers_are_wires.v).

module tern_fp_add_proof #(
  parameter  int unsigned ExpBits  = 3,
  parameter  int unsigned FracBits = 3,
  localparam int unsigned Bits     = 1 + ExpBits + FracBits
) (
  input logic            clk_i,
  input logic [Bits-1:0] a_i,
  input logic [Bits-1:0] b_i
);

  logic [Bits-1:0] sum;

  tern_fp_add #(.ExpBits(ExpBits), .FracBits(FracBits)) u_add (
    .clk_i, .en_i('1), .a_i, .b_i, .sum_o(sum)
  );

  // The specification. Units of the least subnormal; Top is the infinity's place on that scale.
  localparam int unsigned Wide = 2**ExpBits + FracBits + 2;
  localparam logic [Bits-2:0] Infinity = {{ExpBits{1'b1}}, {FracBits{1'b0}}};

  function automatic logic signed [Wide-1:0] fixed(logic [Bits-1:0] v);
    logic [Wide-1:0] magnitude;
    if (v[Bits-2:FracBits] == '0) magnitude = Wide'(v[FracBits-1:0]);
    else magnitude = Wide'({1'b1, v[FracBits-1:0]}) << (v[Bits-2:FracBits] - 1'b1);
    fixed = v[Bits-1] ? -magnitude : magnitude;
  endfunction

  // Numbers grow with their codes: the greatest code whose number is not above the magnitude, then
  // up if the magnitude lies nearer to the next, or as near and the next is even.
  function automatic logic [Bits-1:0] nearest(logic signed [Wide-1:0] exact, logic zero_sign);
    logic [Wide-1:0] magnitude, below, above;
    logic [Bits-2:0] code, next;
    magnitude = exact < 0 ? -exact : exact;
    code      = '0;
    for (int unsigned i = Bits - 1; i > 0; i--) begin
      next      = code;
      next[i-1] = 1'b1;
      if (next <= Infinity && fixed({1'b0, next}) <= signed'({1'b0, magnitude})) code = next;
    end
    next  = code + 1'b1;
    below = magnitude - Wide'(fixed({1'b0, code}));
    above = Wide'(fixed({1'b0, next})) - magnitude;
    if (code != Infinity && (below > above || (below == above && code[0]))) code = next;
    nearest = {exact == 0 ? zero_sign : exact < 0, code};
  endfunction

  logic [Bits-1:0] spec;
  logic            nan_a, nan_b, inf_a, inf_b;
  always_comb begin
    nan_a = a_i[Bits-2:0] > Infinity;
    nan_b = b_i[Bits-2:0] > Infinity;
    inf_a = a_i[Bits-2:0] == Infinity;
    inf_b = b_i[Bits-2:0] == Infinity;
    if (nan_a || nan_b || (inf_a && inf_b && a_i[Bits-1] != b_i[Bits-1])) begin
      spec = {1'b0, Infinity} | Bits'(2**(FracBits-1));
    end else if (inf_a) begin
      spec = a_i;
    end else if (inf_b) begin
      spec = b_i;
    end else begin
      spec = nearest(fixed(a_i) + fixed(b_i), a_i[Bits-1] & b_i[Bits-1]);
    end
  end

  always_comb assert (sum == spec);

endmodule
