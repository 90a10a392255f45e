// SPDX-License-Identifier: Apache-2.0
//
// Sums the 16 partial sums of an FP16 dot product: a[i] + a[i + s] for s = 8, 4, 2, 1, the order
// of kernels/dense/dense.h. One dot product per cycle, four cycles deep.

module tern_v1_reduce_fp16 (
  input  logic         clk_i,
  input  logic         rst_ni,

  input  logic         advance_i,  // every stage moves on
  input  logic         valid_i,
  input  logic [511:0] acc_i,      // [16] binary32

  output logic         valid_o,
  output logic [31:0]  sum_o,
  output logic         empty_o     // nothing on its way
);

  logic [3:0]   valid_q;
  logic [255:0] sum8, sum8_q;
  logic [127:0] sum4, sum4_q;
  logic [63:0]  sum2, sum2_q;
  logic [31:0]  sum1;

  always_comb begin
    sum8 = '0;
    sum4 = '0;
    sum2 = '0;
    sum1 = '0;
    if (valid_i) begin
      for (int unsigned i = 0; i < 8; i++) begin
        sum8[32*i +: 32] = tern_v1_fp_pkg::add(acc_i[32*i +: 32], acc_i[32*(i+8) +: 32]);
      end
    end
    if (valid_q[0]) begin
      for (int unsigned i = 0; i < 4; i++) begin
        sum4[32*i +: 32] = tern_v1_fp_pkg::add(sum8_q[32*i +: 32], sum8_q[32*(i+4) +: 32]);
      end
    end
    if (valid_q[1]) begin
      for (int unsigned i = 0; i < 2; i++) begin
        sum2[32*i +: 32] = tern_v1_fp_pkg::add(sum4_q[32*i +: 32], sum4_q[32*(i+2) +: 32]);
      end
    end
    if (valid_q[2]) sum1 = tern_v1_fp_pkg::add(sum2_q[31:0], sum2_q[63:32]);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)        valid_q <= '0;
    else if (advance_i) valid_q <= {valid_q[2:0], valid_i};
  end

  always_ff @(posedge clk_i) begin
    if (advance_i) begin
      if (valid_i)    sum8_q <= sum8;
      if (valid_q[0]) sum4_q <= sum4;
      if (valid_q[1]) sum2_q <= sum2;
      if (valid_q[2]) sum_o  <= sum1;
    end
  end

  assign valid_o = valid_q[3];
  assign empty_o = valid_q == '0;

endmodule
