// SPDX-License-Identifier: Apache-2.0
//
// Floating point for the FP16 dot product: the exact product of two binary16 as binary32, and a
// binary32 adder that rounds to nearest even.
//
// Precondition of both: finite operands (tern_v1_row_fp16 flags the others). A product of two finite
// binary16 is a multiple of 2^-48 below 2^32, so a sum of up to 65,536 of them, rounded at every
// step, is zero or lies in [2^-48, 2^49): never subnormal, never infinite. The adder therefore
// knows zeros and normals only.

package tern_v1_fp_pkg;

  function automatic logic finite(logic [4:0] exponent);
    finite = exponent != 5'd31;
  endfunction

  function automatic logic [31:0] product(logic [15:0] a, logic [15:0] b);
    /* verilator no_inline_task */
    logic [10:0] mant_a, mant_b;
    logic [21:0] mant;
    logic [7:0]  expo;
    mant_a = {a[14:10] != 5'd0, a[9:0]};
    mant_b = {b[14:10] != 5'd0, b[9:0]};
    mant   = 22'(mant_a) * 22'(mant_b);
    // The value is mant * 2^(ea + eb - 50), a subnormal counting as exponent 1; with the leading
    // one at bit 21 the binary32 exponent is ea + eb - 29 + 127.
    expo   = 8'd98 + 8'(a[14:10]) + 8'(a[14:10] == 5'd0) + 8'(b[14:10]) + 8'(b[14:10] == 5'd0);
    if (mant[21:6] == 16'd0) begin
      mant = mant << 16;
      expo = expo - 8'd16;
    end
    if (mant[21:14] == 8'd0) begin
      mant = mant << 8;
      expo = expo - 8'd8;
    end
    if (mant[21:18] == 4'd0) begin
      mant = mant << 4;
      expo = expo - 8'd4;
    end
    if (mant[21:20] == 2'd0) begin
      mant = mant << 2;
      expo = expo - 8'd2;
    end
    if (!mant[21]) begin
      mant = mant << 1;
      expo = expo - 8'd1;
    end
    product = {a[15] ^ b[15], mant[21] ? {expo, mant[20:0], 2'b00} : 31'd0};
  endfunction

  function automatic logic [31:0] add(logic [31:0] a, logic [31:0] b);
    /* verilator no_inline_task */
    logic [31:0] greater;
    logic [30:0] lesser;   // by magnitude
    logic [7:0]  distance, expo;
    logic [53:0] aligned;
    logic [26:0] addend;  // 24 bits, guard, round, sticky
    logic [27:0] sum;
    logic        round_up;
    greater  = a[30:0] >= b[30:0] ? a : b;
    lesser   = a[30:0] >= b[30:0] ? b[30:0] : a[30:0];
    distance = greater[30:23] - lesser[30:23];
    if (distance > 8'd31) distance = 8'd31;  // beyond the sticky bit all distances are alike
    aligned  = {lesser[30:23] != 8'd0, lesser[22:0], 30'd0} >> distance[4:0];
    addend   = {aligned[53:28], |aligned[27:0]};
    sum      = {1'b0, greater[30:23] != 8'd0, greater[22:0], 3'd0};
    sum      = a[31] == b[31] ? sum + {1'b0, addend} : sum - {1'b0, addend};
    expo     = greater[30:23];
    if (sum[27]) begin
      sum  = {1'b0, sum[27:2], sum[1] | sum[0]};
      expo = expo + 8'd1;
    end
    if (sum[26:11] == 16'd0) begin
      sum  = sum << 16;
      expo = expo - 8'd16;
    end
    if (sum[26:19] == 8'd0) begin
      sum  = sum << 8;
      expo = expo - 8'd8;
    end
    if (sum[26:23] == 4'd0) begin
      sum  = sum << 4;
      expo = expo - 8'd4;
    end
    if (sum[26:25] == 2'd0) begin
      sum  = sum << 2;
      expo = expo - 8'd2;
    end
    if (!sum[26]) begin
      sum  = sum << 1;
      expo = expo - 8'd1;
    end
    // A round-up that overflows the fraction carries into the exponent, as it should.
    round_up = sum[2] & (sum[3] | sum[1] | sum[0]);
    add = sum[26] ? {greater[31], expo, sum[25:3]} + {31'd0, round_up} : {a[31] & b[31], 31'd0};
  endfunction

endpackage
