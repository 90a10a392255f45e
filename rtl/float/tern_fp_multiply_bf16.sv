// SPDX-License-Identifier: Apache-2.0
//
// Products of Count pairs of bfloat16 as binary32, in three stages. Exact but at both ends of the
// exponents: there rounded to nearest even, to subnormals, zero or infinity.
//
// NaN times anything and infinity times zero are 32'h7fc00000; other infinities and zeros have the
// sign of the product.

module tern_fp_multiply_bf16 #(
  parameter  int unsigned Count   = 1,
  localparam int unsigned Latency = tern_pkg::Bf16ProductLatency
) (
  input  logic                clk_i,

  input  logic [Latency-1:0]  en_i,
  input  logic [Count*16-1:0] a_i,       // [Count] bfloat16, with en_i[0]
  input  logic [Count*16-1:0] b_i,       // [Count] bfloat16, with en_i[0]

  output logic [Count*32-1:0] product_o  // [Count] binary32, Latency cycles later, held
);

  if (Latency != 3) begin : gen_check_latency
    $error("tern_fp_multiply_bf16: tern_pkg::Bf16ProductLatency must be 3");
  end

  // Stage 0: multiply. The product is mant * 2^(expo - 268), the exponent of a subnormal being 1.
  localparam int unsigned TermBits = 28;  // {nan, infinity, sign, expo, mant}
  function automatic logic [27:0] multiply(logic [15:0] a, logic [15:0] b);
    /* verilator no_inline_task */
    logic       highest_a, highest_b, zero_a, zero_b;
    logic [7:0] mant_a, mant_b;
    mant_a    = {a[14:7] != 8'd0, a[6:0]};
    mant_b    = {b[14:7] != 8'd0, b[6:0]};
    highest_a = &a[14:7];
    highest_b = &b[14:7];
    zero_a    = mant_a == 8'd0;
    zero_b    = mant_b == 8'd0;
    multiply = {(highest_a & (a[6:0] != 7'd0)) | (highest_b & (b[6:0] != 7'd0))
                  | (highest_a & zero_b) | (highest_b & zero_a),
                highest_a | highest_b,
                a[15] ^ b[15],
                9'({a[14:8], a[7] | !mant_a[7]}) + 9'({b[14:8], b[7] | !mant_b[7]}),
                16'(mant_a) * 16'(mant_b)};
  endfunction

  // Stage 1: how far to the left of a field with 17 bits below those of a binary32 mantissa. The
  // leading one comes to the top, or bit 17 to stand for 2^-149, whichever is less.
  localparam int unsigned PlacedBits = 33;  // {nan, infinity, sign, expo, left, mant}
  function automatic logic [32:0] place(logic [27:0] term);
    /* verilator no_inline_task */
    logic        nan, infinity, sign, subnormal;
    logic [8:0]  expo;
    logic [15:0] mant;
    logic [4:0]  zeros;
    logic [5:0]  left;
    logic [9:0]  result;
    {nan, infinity, sign, expo, mant} = term;
    zeros     = tern_fp_pkg::leading_zeros({mant, 16'd0});
    result    = 10'(expo) - 10'd126 - 10'(zeros);
    subnormal = result[9] | (result == 10'd0) | (mant == 16'd0);
    left      = subnormal ? (expo < 9'd102 ? 6'd0 : 6'(expo - 9'd102)) : 6'd25 + 6'(zeros);
    infinity  = infinity | (!subnormal & result >= 10'd255);
    place     = {nan, infinity, sign, subnormal ? 8'd0 : result[7:0], left, mant};
  endfunction

  // Stage 2: shift and round. Bits are lost of the smallest subnormals alone: rounding stays within
  // the low 16.
  function automatic logic [31:0] round(logic [32:0] placed);
    /* verilator no_inline_task */
    logic        nan, infinity, sign, up;
    logic [7:0]  expo;
    logic [5:0]  left;
    logic [15:0] mant;
    logic [39:0] field;  // without the leading one of normals
    {nan, infinity, sign, expo, left, mant} = placed;
    field = {24'd0, mant} << left;
    up    = field[16] & (field[17] | (field[15:0] != 16'd0));
    round = {sign, expo, field[39:33], field[32:17] + 16'(up)};
    if (nan)           round = 32'h7fc00000;
    else if (infinity) round = {sign, 8'hff, 23'd0};
  endfunction

  logic [Count*TermBits-1:0]   term, term_q;
  logic [Count*PlacedBits-1:0] placed, placed_q;
  logic [Count*32-1:0]         product;

  always_comb begin
    term    = '0;
    placed  = '0;
    product = '0;
    if (en_i[0]) begin
      for (int unsigned i = 0; i < Count; i++) begin
        term[i*TermBits +: TermBits] = multiply(a_i[i*16 +: 16], b_i[i*16 +: 16]);
      end
    end
    if (en_i[1]) begin
      for (int unsigned i = 0; i < Count; i++) begin
        placed[i*PlacedBits +: PlacedBits] = place(term_q[i*TermBits +: TermBits]);
      end
    end
    if (en_i[2]) begin
      for (int unsigned i = 0; i < Count; i++) begin
        product[i*32 +: 32] = round(placed_q[i*PlacedBits +: PlacedBits]);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (en_i[0]) term_q <= term;
    if (en_i[1]) placed_q <= placed;
    if (en_i[2]) product_o <= product;
  end

endmodule
