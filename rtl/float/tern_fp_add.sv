// SPDX-License-Identifier: Apache-2.0
//
// IEEE 754 addition of Count pairs, rounded to nearest even, subnormals included: binary32 by
// default, any format of ExpBits and FracBits by parameter. Three stages.
//
// x + -x is +0; -0 + -0 is -0. A NaN operand or infinities of both signs give the NaN without sign
// whose fraction is its highest bit (binary32: 32'h7fc00000).

module tern_fp_add #(
  parameter  int unsigned Count      = 1,
  parameter  int unsigned ExpBits    = 8,
  parameter  int unsigned FracBits   = 23,
  parameter  bit          Registered = 1'b1,  // 0: sum_o is combinational, with en_i[2]
  localparam int unsigned Bits       = 1 + ExpBits + FracBits,
  localparam int unsigned Latency    = tern_pkg::FpAddLatency
) (
  input  logic                  clk_i,

  input  logic [Latency-1:0]    en_i,
  input  logic [Count*Bits-1:0] a_i,   // [Count], with en_i[0]
  input  logic [Count*Bits-1:0] b_i,   // [Count], with en_i[0]

  output logic [Count*Bits-1:0] sum_o  // [Count], Latency cycles later, held
);

  localparam int unsigned MantBits   = FracBits + 1;
  localparam int unsigned AddendBits = MantBits + 3;  // guard, round, sticky
  localparam int unsigned SumBits    = AddendBits + 1;
  localparam int unsigned ShiftBits  = $clog2(AddendBits);

  if (ExpBits < 3 || FracBits < 2 || SumBits > 32) begin : gen_check_params
    $error("tern_fp_add: ExpBits must be at least 3, FracBits 2 ... 27");
  end
  if (Latency != 3) begin : gen_check_latency
    $error("tern_fp_add: tern_pkg::FpAddLatency must be 3");
  end

  // Stage 0: the greater by magnitude first, the lesser aligned to it.
  // {nan, infinity, sign, subtract, expo, greater, addend}
  localparam int unsigned AlignedBits = 4 + ExpBits + MantBits + AddendBits;
  function automatic logic [AlignedBits-1:0] align(logic [Bits-1:0] a, logic [Bits-1:0] b);
    /* verilator no_inline_task */
    logic                  swap, sticky, special_a, special_b, nan_a, nan_b;
    logic [ExpBits-1:0]    expo_a, expo_b, distance;
    logic [MantBits-1:0]   mant_a, mant_b;
    logic [AddendBits-2:0] addend;
    // A subnormal has the exponent of the least normal and no leading one.
    mant_a   = {a[Bits-2:FracBits] != '0, a[FracBits-1:0]};
    mant_b   = {b[Bits-2:FracBits] != '0, b[FracBits-1:0]};
    expo_a   = {a[Bits-2:FracBits+1], a[FracBits] | !mant_a[FracBits]};
    expo_b   = {b[Bits-2:FracBits+1], b[FracBits] | !mant_b[FracBits]};
    swap     = b[Bits-2:0] > a[Bits-2:0];
    distance = swap ? expo_b - expo_a : expo_a - expo_b;
    addend   = {swap ? mant_a : mant_b, 2'b00};
    sticky   = 1'b0;
    for (int unsigned k = ShiftBits; k > 0; k--) begin
      if (distance[k-1]) begin
        sticky = sticky | ((addend & ~({(AddendBits-1){1'b1}} << 2**(k-1))) != '0);
        addend = addend >> 2**(k-1);
      end
    end
    if (distance >> ShiftBits != '0) begin
      sticky = sticky | (addend != '0);
      addend = '0;
    end
    special_a = &a[Bits-2:FracBits];
    special_b = &b[Bits-2:FracBits];
    nan_a     = special_a & (a[FracBits-1:0] != '0);
    nan_b     = special_b & (b[FracBits-1:0] != '0);
    align     = {nan_a | nan_b | (special_a & special_b & (a[Bits-1] ^ b[Bits-1])),
                 special_a | special_b,
                 swap ? b[Bits-1] : a[Bits-1],
                 a[Bits-1] ^ b[Bits-1],
                 swap ? expo_b : expo_a,
                 swap ? mant_b : mant_a,
                 addend, sticky};
  endfunction

  // Stage 1: add or subtract; how far to normalise, and no further than subnormals lie. `left`
  // counts from the carry bit.
  // {nan, infinity, sign, expo, left, sum}
  localparam int unsigned AddedBits = 3 + ExpBits + 5 + SumBits;
  function automatic logic [AddedBits-1:0] add(logic [AlignedBits-1:0] aligned);
    /* verilator no_inline_task */
    logic                  nan, infinity, sign, subtract;
    logic [ExpBits-1:0]    expo;
    logic [MantBits-1:0]   greater;
    logic [AddendBits-1:0] addend;
    logic [SumBits:0]      sum;
    logic [4:0]            left;
    {nan, infinity, sign, subtract, expo, greater, addend} = aligned;
    // The lowest bit is there to carry the one of the complement.
    sum = {1'b0, greater, 3'd0, 1'b1} + ({1'b0, addend, 1'b0} ^ {(SumBits+1){subtract}});
    left = tern_fp_pkg::leading_zeros({sum[SumBits:1], {(32-SumBits){1'b0}}}
                                      | 32'h80000000 >> expo);
    if (sum[SumBits:1] == '0) begin
      sign = sign & !subtract;
      expo = ExpBits'(left);
    end
    infinity = infinity | (sum[SumBits] & (expo == {{(ExpBits-1){1'b1}}, 1'b0}));
    add      = {nan, infinity, sign, expo, left, sum[SumBits:1]};
  endfunction

  // Stage 2: normalise and round.
  function automatic logic [Bits-1:0] round(logic [AddedBits-1:0] added);
    /* verilator no_inline_task */
    logic                 nan, infinity, sign, up;
    logic [ExpBits-1:0]   expo;
    logic [4:0]           left;
    logic [SumBits-1:0]   sum;
    {nan, infinity, sign, expo, left, sum} = added;
    sum  = sum << left;
    expo = expo - ExpBits'(left);
    up   = sum[3] & (sum[4] | (sum[2:0] != '0));
    // The leading one of a normal number counts up the exponent.
    round = {sign, {expo, {FracBits{1'b0}}} + (Bits-1)'(sum[SumBits-1:4]) + (Bits-1)'(up)};
    if (nan)           round = {1'b0, {ExpBits{1'b1}}, 1'b1, {(FracBits-1){1'b0}}};
    else if (infinity) round = {sign, {ExpBits{1'b1}}, {FracBits{1'b0}}};
  endfunction

  logic [Count*AlignedBits-1:0] aligned, aligned_q;
  logic [Count*AddedBits-1:0]   added, added_q;
  logic [Count*Bits-1:0]        sum;

  always_comb begin
    aligned = '0;
    added   = '0;
    sum     = '0;
    if (en_i[0]) begin
      for (int unsigned i = 0; i < Count; i++) begin
        aligned[i*AlignedBits +: AlignedBits] = align(a_i[i*Bits +: Bits], b_i[i*Bits +: Bits]);
      end
    end
    if (en_i[1]) begin
      for (int unsigned i = 0; i < Count; i++) begin
        added[i*AddedBits +: AddedBits] = add(aligned_q[i*AlignedBits +: AlignedBits]);
      end
    end
    if (en_i[2]) begin
      for (int unsigned i = 0; i < Count; i++) begin
        sum[i*Bits +: Bits] = round(added_q[i*AddedBits +: AddedBits]);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (en_i[0]) aligned_q <= aligned;
    if (en_i[1]) added_q <= added;
  end

  if (Registered) begin : gen_registered
    always_ff @(posedge clk_i) begin
      if (en_i[2]) sum_o <= sum;
    end
  end else begin : gen_combinational
    assign sum_o = sum;
  end

endmodule
