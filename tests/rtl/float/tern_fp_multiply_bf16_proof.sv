// SPDX-License-Identifier: Apache-2.0
//
// Proof obligation: tern_fp_multiply_bf16, all operands, gives the product of the significands
// rounded to nearest even to binary32. Registers are wires here (registers_are_wires.v).

module tern_fp_multiply_bf16_proof (
  input logic        clk_i,
  input logic [15:0] a_i,
  input logic [15:0] b_i
);

  logic [31:0] product;

  tern_fp_multiply_bf16 u_multiply (.clk_i, .en_i('1), .a_i, .b_i, .product_o(product));

  // The specification. The product is mant * 2^(expo - 268); binary32 counts in 2^-149 or more,
  // its normal numbers, exact here, have their leading one, `top` of mant, at 2^-126 or above.
  logic [15:0]        mant, whole, rest, half;
  logic signed [11:0] expo, biased, down;
  logic [3:0]         top;
  logic               nan, infinity, zero, sign, up;
  logic [31:0]        spec;

  function automatic logic [7:0] significand(logic [15:0] v);
    significand = {v[14:7] != 8'd0, v[6:0]};
  endfunction
  function automatic logic signed [11:0] exponent(logic [15:0] v);
    exponent = v[14:7] == 8'd0 ? 12'sd1 : signed'({4'd0, v[14:7]});
  endfunction
  function automatic logic is_nan(logic [15:0] v);
    is_nan = v[14:7] == 8'hff && v[6:0] != 7'd0;
  endfunction
  function automatic logic is_infinity(logic [15:0] v);
    is_infinity = v[14:0] == 15'h7f80;
  endfunction

  always_comb begin
    mant     = 16'(significand(a_i)) * 16'(significand(b_i));
    expo     = exponent(a_i) + exponent(b_i);
    sign     = a_i[15] ^ b_i[15];
    zero     = a_i[14:0] == 15'd0 || b_i[14:0] == 15'd0;
    infinity = is_infinity(a_i) || is_infinity(b_i);
    nan      = is_nan(a_i) || is_nan(b_i) || (infinity && zero);
    top      = 4'd0;
    for (int unsigned i = 0; i < 16; i++) begin
      if (mant[i]) top = 4'(i);
    end
    biased = signed'({8'd0, top}) + expo - 12'sd141;
    down   = 12'sd119 - expo;  // bits of mant below 2^-149
    whole  = 16'd0;
    rest   = 16'd0;
    half   = 16'd0;
    if (down > 12'sd0 && down <= 12'sd16) begin
      whole = down == 12'sd16 ? 16'd0 : mant >> down[3:0];
      rest  = down == 12'sd16 ? mant : mant & ~(16'hffff << down[3:0]);
      half  = 16'd1 << (down[4:0] - 5'd1);
    end
    up = rest > half || (rest == half && whole[0]);
    if (nan) spec = 32'h7fc00000;
    else if (infinity || (!zero && biased >= 12'sd255)) spec = {sign, 8'hff, 23'd0};
    else if (zero) spec = {sign, 31'd0};
    else if (biased >= 12'sd1) spec = {sign, biased[7:0], 23'(23'(mant) << (5'd23 - 5'(top)))};
    else if (down <= 12'sd0) spec = {sign, 31'(31'(mant) << (-down))};
    else spec = {sign, 31'(whole) + 31'(up)};
  end

  always_comb assert (product == spec);

endmodule
