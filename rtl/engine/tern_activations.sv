// SPDX-License-Identifier: Apache-2.0
//
// The activations of a job, one word of Lanes activations a step: lanes beyond the last column are
// written as zero, integers as bit planes. One write and one read port, read data one cycle after
// the address.

module tern_activations #(
  parameter  int unsigned Format   = tern_pkg::FormatTernary,
  parameter  int unsigned Lanes    = 64,
  parameter  int unsigned Depth    = 2048,
  localparam int unsigned ActBits  = tern_pkg::act_bits(Format),
  localparam int unsigned WordBits = Lanes * ActBits,
  localparam int unsigned AddrBits = $clog2(Depth),
  localparam int unsigned LaneBits = $clog2(Lanes)
) (
  input  logic                clk_i,

  input  logic                write_i,
  input  logic [AddrBits-1:0] write_addr_i,
  input  logic                partial_i,     // lanes from live_i on lie beyond the last column
  input  logic [LaneBits-1:0] live_i,
  input  logic [WordBits-1:0] write_data_i,  // [Lanes] as it lies in memory
  output logic [Lanes-1:0]    nonzero_o,     // lanes of it that are not zero; integers

  input  logic                read_i,
  input  logic [AddrBits-1:0] read_addr_i,
  output logic [WordBits-1:0] read_data_o    // as the dot-product units take it
);

  if (Lanes < 2 || (Lanes & (Lanes - 1)) != 0 || Depth < 2) begin : gen_check_params
    $error("tern_activations: Lanes must be a power of two, 2 or more, and Depth at least 2");
  end

  logic [WordBits-1:0] cells [Depth];
  logic [WordBits-1:0] word;
  logic [Lanes-1:0]    live;

  always_comb begin
    word = '0;
    live = '1;
    if (partial_i) live = ~(live << live_i);
    if (write_i) begin
      if (tern_pkg::is_float(Format)) begin
        for (int unsigned l = 0; l < Lanes; l++) begin
          word[ActBits*l +: ActBits] = write_data_i[ActBits*l +: ActBits] & {ActBits{live[l]}};
        end
      end else begin
        for (int unsigned b = 0; b < ActBits; b++) begin
          for (int unsigned l = 0; l < Lanes; l++) begin
            word[Lanes*b + l] = write_data_i[ActBits*l + b];
          end
          word[Lanes*b +: Lanes] = word[Lanes*b +: Lanes] & live;
        end
      end
    end
  end

  always_comb begin
    nonzero_o = '0;
    if (!tern_pkg::is_float(Format)) begin
      for (int unsigned b = 0; b < ActBits; b++) nonzero_o = nonzero_o | word[Lanes*b +: Lanes];
    end
  end

  always_ff @(posedge clk_i) begin
    if (write_i) cells[write_addr_i] <= word;
    if (read_i) read_data_o <= cells[read_addr_i];
  end

endmodule
