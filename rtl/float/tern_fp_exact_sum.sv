// SPDX-License-Identifier: Apache-2.0
//
// One row of a float dot product whose sum is exact until it is rounded, once, to binary32: N
// products in fixed point, a carry-save tree, one normalisation. For formats whose products span
// few binades: binary16 (80 bits), E4M3 (36 bits). On sky130hd 64 lanes of binary16 take 0.78 mm2,
// a tree of binary32 additions 1.21 mm2.
//
// Format of an operand: sign, ExpBits, FracBits; bias 2^(ExpBits-1) - 1; subnormals. Infinities =
// 1: IEEE 754, the highest exponent means infinity or NaN. Infinities = 0: only S.11..1.11..1 is
// NaN (OCP E4M3).
// sum_o: any operand NaN, infinity times zero, or products of infinities of both signs: NaN,
// 32'h7fc00000. Else a product of an infinity: that infinity. Else the sum of the N products,
// rounded to nearest even; a sum of zero is +0. It never overflows nor is subnormal.

module tern_fp_exact_sum #(
  parameter  int unsigned Lanes      = 16,
  parameter  int unsigned ExpBits    = 5,
  parameter  int unsigned FracBits   = 10,
  parameter  bit          Infinities = 1'b1,
  localparam int unsigned Bits       = 1 + ExpBits + FracBits,
  localparam int unsigned TreeStages = tern_pkg::exact_tree_stages(Lanes),
  localparam int unsigned Latency    = 5 + TreeStages
) (
  input  logic                  clk_i,

  input  logic [Latency-1:0]    en_i,
  input  logic [Lanes*Bits-1:0] w_i,   // [Lanes], with en_i[0]
  input  logic [Lanes*Bits-1:0] x_i,   // [Lanes], with en_i[0]

  output logic [31:0]           sum_o  // Latency cycles after en_i[0], held until the next
);

  if (Lanes == 0 || (Lanes & (Lanes - 1)) != 0) begin : gen_check_lanes
    $error("tern_fp_exact_sum: Lanes must be a power of two");
  end

  // A value is mant * 2^(expo - bias - FracBits), expo = 1 where the field is 0. A product is
  // mant * 2^(shift - 2 * bias - 2 * FracBits) for shift = expo + expo, 2 ... 2 * MaxExpo. Bit 0 of
  // a fixed-point number is bit 0 of the product with the lowest shift: 2^-Scale.
  localparam int unsigned ProductBits = 2 * (FracBits + 1);
  localparam int unsigned MaxExpo     = 2**ExpBits - 1 - 32'(Infinities);
  localparam int unsigned FieldBits   = ProductBits + 2 * MaxExpo - 2;
  localparam int unsigned LaneBits    = $clog2(Lanes);
  localparam int unsigned SumBits     = FieldBits + 1 + LaneBits;
  localparam int unsigned Scale       = 2 * (2**(ExpBits-1) - 1) + 2 * FracBits - 2;
  localparam int unsigned ShiftBits   = ExpBits + 1;

  // {nan, infinity, zero, expo, mant}
  localparam int unsigned DecodedBits = 3 + ExpBits + 1 + FracBits;
  function automatic logic [DecodedBits-1:0] decode(logic [Bits-2:0] v);
    logic [ExpBits-1:0]  expo;
    logic [FracBits-1:0] frac;
    logic                normal, highest;
    {expo, frac} = v;
    normal  = expo != '0;
    highest = &expo;
    decode  = {highest & (Infinities ? frac != '0 : &frac),
               highest & Infinities & (frac == '0),
               !normal & (frac == '0),
               expo[ExpBits-1:1], expo[0] | !normal,
               normal, frac};
  endfunction

  // Stage 0: multiply. {nan, infinity, negative, shift, mant}
  localparam int unsigned TermBits = 3 + ShiftBits + ProductBits;
  function automatic logic [TermBits-1:0] multiply(logic [Bits-1:0] w, logic [Bits-1:0] x);
    /* verilator no_inline_task */
    logic               nan_w, nan_x, inf_w, inf_x, zero_w, zero_x;
    logic [ExpBits-1:0] expo_w, expo_x;
    logic [FracBits:0]  mant_w, mant_x;
    {nan_w, inf_w, zero_w, expo_w, mant_w} = decode(w[Bits-2:0]);
    {nan_x, inf_x, zero_x, expo_x, mant_x} = decode(x[Bits-2:0]);
    multiply = {nan_w | nan_x | (inf_w & zero_x) | (inf_x & zero_w),
                inf_w | inf_x,
                w[Bits-1] ^ x[Bits-1],
                ShiftBits'(expo_w) + ShiftBits'(expo_x),
                ProductBits'(mant_w) * ProductBits'(mant_x)};
  endfunction

  // Stage 1: align. A negative product is its complement over the whole field: the ones that are
  // missing are counted, and -2^FieldBits is written as !negative - 1 at bit FieldBits, of which
  // the -1 of all lanes together flips the top bit of the sum.
  function automatic logic [SumBits-1:0] align(logic negative, logic [ShiftBits-1:0] shift,
                                               logic [ProductBits-1:0] mant);
    logic [FieldBits-1:0] field;
    field = FieldBits'(({{FieldBits{1'b0}}, mant} << shift) >> 2);
    align = SumBits'({!negative, field ^ {FieldBits{negative}}});
  endfunction

  logic [Lanes-1:0]             negative, negative_q;
  logic [Lanes*ShiftBits-1:0]   shift, shift_q;
  logic [Lanes*ProductBits-1:0] mant, mant_q;
  logic [Lanes-1:0]             nan, inf;
  logic [2:0]                   special;    // {NaN, +infinity, -infinity}
  logic [3*(Latency-3)-1:0]     special_q;  // [Latency-3]

  always_comb begin
    nan      = '0;
    inf      = '0;
    negative = '0;
    shift    = '0;
    mant     = '0;
    if (en_i[0]) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        {nan[l], inf[l], negative[l], shift[l*ShiftBits +: ShiftBits],
         mant[l*ProductBits +: ProductBits]} = multiply(w_i[l*Bits +: Bits], x_i[l*Bits +: Bits]);
      end
    end
    special = {|nan, |(inf & ~negative), |(inf & negative)};
  end

  always_ff @(posedge clk_i) begin
    if (en_i[0]) begin
      negative_q <= negative;
      shift_q    <= shift;
      mant_q     <= mant;
    end
  end

  // Stages 1 ...: the tree.
  logic [Lanes*SumBits-1:0] field;
  logic [LaneBits:0]        negatives;

  always_comb begin
    field     = '0;
    negatives = '0;
    if (en_i[1]) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        field[l*SumBits +: SumBits] = align(negative_q[l], shift_q[l*ShiftBits +: ShiftBits],
                                            mant_q[l*ProductBits +: ProductBits]);
        negatives = negatives + (LaneBits+1)'(negative_q[l]);
      end
    end
  end

  localparam int unsigned Vectors = tern_pkg::exact_vectors(Lanes);

  logic [(Vectors-1)*SumBits-1:0] pairs;

  tern_fp_carry_save #(.Width(SumBits), .Vectors(Lanes), .Levels(2)) u_align (
    .en_i(en_i[1]), .v_i(field), .v_o(pairs)
  );

  for (genvar s = 0; s <= TreeStages; s++) begin : gen_tree
    localparam int unsigned Count = tern_pkg::carry_save(Vectors, s * tern_pkg::ExactLevels);
    logic [Count*SumBits-1:0] v, v_q;
    if (s == 0) begin : gen_first
      assign v = {SumBits'(negatives), pairs};
    end else begin : gen_next
      localparam int unsigned Last =
          tern_pkg::carry_save(Vectors, (s - 1) * tern_pkg::ExactLevels);
      logic [Last*SumBits-1:0] last;
      assign last = en_i[s+1] ? gen_tree[s-1].v_q : '0;
      tern_fp_carry_save #(.Width(SumBits), .Vectors(Last), .Levels(tern_pkg::ExactLevels)) u_tree (
        .en_i(en_i[s+1]), .v_i(last), .v_o(v)
      );
    end
    always_ff @(posedge clk_i) begin
      if (en_i[s+1]) v_q <= v;
    end
  end

  // Infinities and NaNs go along.
  always_ff @(posedge clk_i) begin
    for (int unsigned s = 0; s < Latency - 3; s++) begin
      if (en_i[s]) special_q[3*s +: 3] <= s == 0 ? special : special_q[3*(s-1) +: 3];
    end
  end

  tern_fp_round #(.Width(SumBits), .Scale(Scale)) u_round (
    .clk_i,
    .en_i(en_i[Latency-1:Latency-3]),
    .save_i(gen_tree[TreeStages].v_q[SumBits-1:0]),
    .carry_i(gen_tree[TreeStages].v_q[2*SumBits-1:SumBits]),
    .special_i(special_q[3*(Latency-4) +: 3]),
    .sum_o
  );

endmodule
