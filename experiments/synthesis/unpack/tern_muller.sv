// SPDX-License-Identifier: Apache-2.0
//
// Five trits per byte by a mapping of Muller, Prost-Boucle, Bourge and Petrot ("Efficient
// Decompression of Binary Encoded Balanced Ternary Sequences", TVLSI 27(8), 2019) as CUTIE uses it:
// the low nibble, with one or two bits more where few trits are not zero, tells which trits are not
// zero, and the other bits are their signs. Written as the table of the mapping. 13 tuples have two
// bytes each, so that no byte is illegal as the mapping has it; here the higher of two bytes is.

module tern_muller #(
  parameter bit Zero = 1'b1   // illegal bytes decode to zeros
) (
  input  logic [7:0] code_i,

  output logic [4:0] nonzero_o,
  output logic [4:0] negative_o,
  output logic       illegal_o
);

  logic [4:0] nonzero, negative;

  always_comb begin
    nonzero  = '0;
    negative = '0;
    casez (code_i)
      8'b????0000: begin nonzero = 5'b10111; negative = {code_i[7], 1'b0, code_i[6], code_i[5], code_i[4]}; end
      8'b??0?0001: begin nonzero = 5'b11001; negative = {code_i[7], code_i[6], 1'b0, 1'b0, code_i[4]}; end
      8'b??1?0001: begin nonzero = 5'b10101; negative = {code_i[7], 1'b0, code_i[6], 1'b0, code_i[4]}; end
      8'b??000010: begin nonzero = 5'b11000; negative = {code_i[7], code_i[6], 1'b0, 1'b0, 1'b0}; end
      8'b???10010: begin nonzero = 5'b10010; negative = {code_i[7], 1'b0, 1'b0, code_i[5], 1'b0}; end
      8'b??100010: begin nonzero = 5'b10100; negative = {code_i[7], 1'b0, code_i[6], 1'b0, 1'b0}; end
      8'b????0011: begin nonzero = 5'b11110; negative = {code_i[7], code_i[6], code_i[5], code_i[4], 1'b0}; end
      8'b????0100: begin nonzero = 5'b11011; negative = {code_i[7], code_i[6], 1'b0, code_i[5], code_i[4]}; end
      8'b????0101: begin nonzero = 5'b11101; negative = {code_i[7], code_i[6], code_i[5], 1'b0, code_i[4]}; end
      8'b???00110: begin nonzero = 5'b11100; negative = {code_i[7], code_i[6], code_i[5], 1'b0, 1'b0}; end
      8'b???10110: begin nonzero = 5'b11010; negative = {code_i[7], code_i[6], 1'b0, code_i[5], 1'b0}; end
      8'b????1000: begin nonzero = 5'b01111; negative = {1'b0, code_i[7], code_i[6], code_i[5], code_i[4]}; end
      8'b?00?1001: begin nonzero = 5'b01000; negative = {1'b0, code_i[7], 1'b0, 1'b0, 1'b0}; end
      8'b001?1001: begin nonzero = 5'b10000; negative = {code_i[4], 1'b0, 1'b0, 1'b0, 1'b0}; end
      8'b01??1001: begin nonzero = 5'b00010; negative = {1'b0, 1'b0, 1'b0, code_i[5], 1'b0}; end
      8'b101?1001: begin nonzero = 5'b00001; negative = {1'b0, 1'b0, 1'b0, 1'b0, code_i[4]}; end
      8'b11?01001: begin nonzero = 5'b00100; negative = {1'b0, 1'b0, code_i[5], 1'b0, 1'b0}; end
      8'b11?11001: begin nonzero = 5'b00000; negative = {1'b0, 1'b0, 1'b0, 1'b0, 1'b0}; end
      8'b0???1010: begin nonzero = 5'b10110; negative = {code_i[4], 1'b0, code_i[6], code_i[5], 1'b0}; end
      8'b1???1010: begin nonzero = 5'b00111; negative = {1'b0, 1'b0, code_i[6], code_i[5], code_i[4]}; end
      8'b0???1011: begin nonzero = 5'b01110; negative = {1'b0, code_i[6], code_i[5], code_i[4], 1'b0}; end
      8'b1???1011: begin nonzero = 5'b01101; negative = {1'b0, code_i[6], code_i[5], 1'b0, code_i[4]}; end
      8'b?0??1100: begin nonzero = 5'b10011; negative = {code_i[7], 1'b0, 1'b0, code_i[5], code_i[4]}; end
      8'b?1??1100: begin nonzero = 5'b01011; negative = {1'b0, code_i[7], 1'b0, code_i[5], code_i[4]}; end
      8'b?00?1101: begin nonzero = 5'b01001; negative = {1'b0, code_i[7], 1'b0, 1'b0, code_i[4]}; end
      8'b?01?1101: begin nonzero = 5'b10001; negative = {code_i[7], 1'b0, 1'b0, 1'b0, code_i[4]}; end
      8'b01??1101: begin nonzero = 5'b00011; negative = {1'b0, 1'b0, 1'b0, code_i[5], code_i[4]}; end
      8'b11??1101: begin nonzero = 5'b00101; negative = {1'b0, 1'b0, code_i[5], 1'b0, code_i[4]}; end
      8'b?0??1110: begin nonzero = 5'b00110; negative = {1'b0, 1'b0, code_i[5], code_i[4], 1'b0}; end
      8'b?1?01110: begin nonzero = 5'b01100; negative = {1'b0, code_i[7], code_i[5], 1'b0, 1'b0}; end
      8'b?1?11110: begin nonzero = 5'b01010; negative = {1'b0, code_i[7], 1'b0, code_i[5], 1'b0}; end
      8'b?????111: begin nonzero = 5'b11111; negative = {code_i[7], code_i[6], code_i[5], code_i[4], code_i[3]}; end
      default: begin nonzero = '0; negative = '0; end
    endcase
  end

  // The 13 second bytes.
  always_comb begin
    casez (code_i)
      8'b10??1110: illegal_o = 1'b1;
      8'b?1?10010: illegal_o = 1'b1;
      8'b01?11001: illegal_o = 1'b1;
      8'b?0011001: illegal_o = 1'b1;
      8'b11111001: illegal_o = 1'b1;
      default: illegal_o = 1'b0;
    endcase
  end

  assign nonzero_o  = nonzero  & ~{5{Zero && illegal_o}};
  assign negative_o = negative & ~{5{Zero && illegal_o}};
endmodule
