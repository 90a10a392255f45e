// SPDX-License-Identifier: Apache-2.0
//
// Signed numbers in Booth's radix-4 digits, -2 to 2 (A. D. Booth 1951, O. L. MacSorley 1961):
// digit d of bits b is -2 b[2d+1] + b[2d] + b[2d-1]. Bit planes in, digit planes out.

module tern_booth_recode #(
  parameter  int unsigned Lanes  = 16,
  parameter  int unsigned Bits   = 8,
  localparam int unsigned Digits = Bits / 2
) (
  input  logic [Bits*Lanes-1:0]   value_i,    // [plane, Lanes], signed
  output logic [Digits*Lanes-1:0] one_o,      // [Digits, Lanes]: the digit is 1 or -1
  output logic [Digits*Lanes-1:0] two_o,      // it is 2 or -2
  output logic [Digits*Lanes-1:0] negative_o  // it is negative, or the zero of three ones
);

  if (Bits < 2 || Bits % 2 != 0) begin : gen_check_params
    $error("tern_booth_recode: Bits must be even");
  end

  for (genvar d = 0; d < Digits; d++) begin : gen_digit
    logic [Lanes-1:0] high, middle, low, one;
    assign high   = value_i[(2*d+1)*Lanes +: Lanes];
    assign middle = value_i[2*d*Lanes +: Lanes];
    if (d == 0) begin : gen_lowest
      assign low = '0;
    end else begin : gen_low
      assign low = value_i[(2*d-1)*Lanes +: Lanes];
    end
    assign one = middle ^ low;
    assign one_o[d*Lanes +: Lanes]      = one;
    assign two_o[d*Lanes +: Lanes]      = (high ^ low) & ~one;
    assign negative_o[d*Lanes +: Lanes] = high;
  end

endmodule
