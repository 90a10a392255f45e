// SPDX-License-Identifier: Apache-2.0
//
// What the floating-point units share.

package tern_fp_pkg;

  // Leading zeros of v; its lowest bit counts as one.
  function automatic logic [4:0] leading_zeros(logic [31:0] v);
`ifdef VERILATOR
    // One half after the other: quick in software, slow in silicon.
    logic [31:0] w;
    w = v;
    leading_zeros[4] = w[31:16] == 16'd0;
    if (leading_zeros[4]) w = w << 16;
    leading_zeros[3] = w[31:24] == 8'd0;
    if (leading_zeros[3]) w = w << 8;
    leading_zeros[2] = w[31:28] == 4'd0;
    if (leading_zeros[2]) w = w << 4;
    leading_zeros[1] = w[31:30] == 2'd0;
    if (leading_zeros[1]) w = w << 2;
    leading_zeros[0] = !w[31];
`else
    // All at once: the zeros of pairs, of fours ...; any[i] tells of the one in the i-th group.
    logic [31:0]  any;
    logic [159:0] zeros;
    any   = v;
    zeros = '0;
    for (int unsigned k = 0; k < 5; k++) begin
      for (int unsigned i = 0; i < 32 >> (k + 1); i++) begin
        zeros[5*i +: 5] = any[2*i+1] ? zeros[5*(2*i+1) +: 5] : zeros[5*2*i +: 5];
        zeros[5*i + k]  = !any[2*i+1];
        any[i]          = any[2*i] | any[2*i+1];
      end
    end
    leading_zeros = zeros[4:0];
`endif
  endfunction

endpackage
