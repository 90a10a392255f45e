// SPDX-License-Identifier: Apache-2.0
//
// Proof obligation: leading_zeros, as synthesis reads it and (VERILATOR) as Verilator does, tells
// where the highest one stands.

module tern_fp_leading_zeros_proof (
  input logic [31:0] v_i
);

  logic [4:0] spec;
  always_comb begin
    spec = 5'd31;
    for (int unsigned i = 1; i < 32; i++) begin
      if (v_i[i]) spec = 5'(31 - i);
    end
  end

  always_comb assert (tern_fp_pkg::leading_zeros(v_i) == spec);

endmodule
