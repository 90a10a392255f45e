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

  localparam logic z = 1'b0;
  logic [7:0] b;
  logic [4:0] nz, neg;  // trits 4 to 0
  assign b = code_i;

  always_comb begin
    casez (b)
      8'b????0000: {nz, neg} = {5'b10111, b[7], z, b[6], b[5], b[4]};
      8'b??0?0001: {nz, neg} = {5'b11001, b[7], b[6], z, z, b[4]};
      8'b??1?0001: {nz, neg} = {5'b10101, b[7], z, b[6], z, b[4]};
      8'b??000010: {nz, neg} = {5'b11000, b[7], b[6], z, z, z};
      8'b???10010: {nz, neg} = {5'b10010, b[7], z, z, b[5], z};
      8'b??100010: {nz, neg} = {5'b10100, b[7], z, b[6], z, z};
      8'b????0011: {nz, neg} = {5'b11110, b[7], b[6], b[5], b[4], z};
      8'b????0100: {nz, neg} = {5'b11011, b[7], b[6], z, b[5], b[4]};
      8'b????0101: {nz, neg} = {5'b11101, b[7], b[6], b[5], z, b[4]};
      8'b???00110: {nz, neg} = {5'b11100, b[7], b[6], b[5], z, z};
      8'b???10110: {nz, neg} = {5'b11010, b[7], b[6], z, b[5], z};
      8'b????1000: {nz, neg} = {5'b01111, z, b[7], b[6], b[5], b[4]};
      8'b?00?1001: {nz, neg} = {5'b01000, z, b[7], z, z, z};
      8'b001?1001: {nz, neg} = {5'b10000, b[4], z, z, z, z};
      8'b01??1001: {nz, neg} = {5'b00010, z, z, z, b[5], z};
      8'b101?1001: {nz, neg} = {5'b00001, z, z, z, z, b[4]};
      8'b11?01001: {nz, neg} = {5'b00100, z, z, b[5], z, z};
      8'b11?11001: {nz, neg} = {5'b00000, z, z, z, z, z};
      8'b0???1010: {nz, neg} = {5'b10110, b[4], z, b[6], b[5], z};
      8'b1???1010: {nz, neg} = {5'b00111, z, z, b[6], b[5], b[4]};
      8'b0???1011: {nz, neg} = {5'b01110, z, b[6], b[5], b[4], z};
      8'b1???1011: {nz, neg} = {5'b01101, z, b[6], b[5], z, b[4]};
      8'b?0??1100: {nz, neg} = {5'b10011, b[7], z, z, b[5], b[4]};
      8'b?1??1100: {nz, neg} = {5'b01011, z, b[7], z, b[5], b[4]};
      8'b?00?1101: {nz, neg} = {5'b01001, z, b[7], z, z, b[4]};
      8'b?01?1101: {nz, neg} = {5'b10001, b[7], z, z, z, b[4]};
      8'b01??1101: {nz, neg} = {5'b00011, z, z, z, b[5], b[4]};
      8'b11??1101: {nz, neg} = {5'b00101, z, z, b[5], z, b[4]};
      8'b?0??1110: {nz, neg} = {5'b00110, z, z, b[5], b[4], z};
      8'b?1?01110: {nz, neg} = {5'b01100, z, b[7], b[5], z, z};
      8'b?1?11110: {nz, neg} = {5'b01010, z, b[7], z, b[5], z};
      8'b?????111: {nz, neg} = {5'b11111, b[7], b[6], b[5], b[4], b[3]};
      default: {nz, neg} = '0;
    endcase
  end

  // The 13 second bytes.
  always_comb begin
    casez (b)
      8'b10??1110: illegal_o = 1'b1;
      8'b?1?10010: illegal_o = 1'b1;
      8'b01?11001: illegal_o = 1'b1;
      8'b?0011001: illegal_o = 1'b1;
      8'b11111001: illegal_o = 1'b1;
      default: illegal_o = 1'b0;
    endcase
  end

  assign nonzero_o  = nz  & ~{5{Zero && illegal_o}};
  assign negative_o = neg & ~{5{Zero && illegal_o}};
endmodule
