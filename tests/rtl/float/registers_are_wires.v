// SPDX-License-Identifier: Apache-2.0
//
// For techmap: a pipeline whose operands stay and whose stages all work is as good as its logic.
// The benches see to it that stages keep in step.

module \$dff (CLK, D, Q);
  parameter WIDTH = 1;
  parameter CLK_POLARITY = 1'b1;
  input CLK;
  input [WIDTH-1:0] D;
  output [WIDTH-1:0] Q;
  assign Q = D;
endmodule
