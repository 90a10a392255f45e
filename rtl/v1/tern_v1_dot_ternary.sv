// SPDX-License-Identifier: Apache-2.0
//
// Ternary dot product: sum over lanes of w[l] * x[l], exactly, one step per cycle. There is no
// multiplier: bit 0 of a trit gates its activation, bit 1 inverts it, and the +1 that completes
// each negation rides in the empty lowest bit of a carry word. So -128 needs no ninth bit: its
// inverse is 127, and the carry is added at full width.

module tern_v1_dot_ternary #(
  parameter  int unsigned Lanes    = 16,
  parameter  int unsigned ActWidth = 8,
  localparam int unsigned SumWidth = ActWidth + $clog2(Lanes) + 1  // Lanes * 2^(ActWidth-1) fits
) (
  input  logic                       clk_i,

  input  logic                       valid_i,
  input  logic [2*Lanes-1:0]         w_i,   // [Lanes] of tern_v1_pkg::trit_e
  input  logic [ActWidth*Lanes-1:0]  x_i,   // [Lanes], signed

  output logic signed [SumWidth-1:0] sum_o  // of the last valid step, one cycle after it
);

  if (Lanes < 2) begin : gen_check_params
    $error("tern_v1_dot_ternary: Lanes must be at least 2");
  end

  // Words in the order in which 3:2 compressors take them, three at a time from the front, and
  // put back two at the end, until two are left: every word waits its turn, so the depth grows
  // with log1.5(Lanes). One word more than lanes enters, for the carry that no compressor holds.
  localparam int unsigned Compressors = Lanes - 1;
  localparam int unsigned Nodes       = Lanes + 1 + 2 * Compressors;

  logic [SumWidth-1:0] node [Nodes];
  logic [Lanes-1:0]    negative;
  logic [ActWidth-1:0] term;
  logic [SumWidth-1:0] a, b, c;
  logic [SumWidth-2:0] majority;

  always_comb begin
    negative = '0;
    term     = '0;
    a        = '0;
    b        = '0;
    c        = '0;
    majority = '0;
    for (int unsigned i = 0; i < Nodes; i++) node[i] = '0;
    if (valid_i) begin
      for (int unsigned l = 0; l < Lanes; l++) begin
        negative[l] = w_i[2*l+1] & w_i[2*l];
        term        = (x_i[ActWidth*l +: ActWidth] ^ {ActWidth{negative[l]}})
                    & {ActWidth{w_i[2*l]}};
        node[l]     = {{(SumWidth-ActWidth){term[ActWidth-1]}}, term};
      end
      node[Lanes] = {{(SumWidth-1){1'b0}}, negative[Lanes-1]};
      for (int unsigned i = 0; i < Compressors; i++) begin
        a        = node[3*i];
        b        = node[3*i+1];
        c        = node[3*i+2];
        majority = (SumWidth-1)'((a & b) | (a & c) | (b & c));
        node[Lanes+1+2*i] = a ^ b ^ c;
        node[Lanes+2+2*i] = {majority, negative[i]};
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) sum_o <= node[Nodes-2] + node[Nodes-1];
  end

endmodule
