// SPDX-License-Identifier: Apache-2.0
//
// The activations of a job: a memory of one write and one read port, read data one cycle after
// the address.

module tern_v1_activation_buffer #(
  parameter  int unsigned Width    = 128,
  parameter  int unsigned Depth    = 2048,
  localparam int unsigned AddrBits = $clog2(Depth)
) (
  input  logic                clk_i,

  input  logic                write_i,
  input  logic [AddrBits-1:0] write_addr_i,
  input  logic [Width-1:0]    write_data_i,

  input  logic                read_i,
  input  logic [AddrBits-1:0] read_addr_i,
  output logic [Width-1:0]    read_data_o
);

  logic [Width-1:0] cells [Depth];

  always_ff @(posedge clk_i) begin
    if (write_i) cells[write_addr_i] <= write_data_i;
    if (read_i) read_data_o <= cells[read_addr_i];
  end

endmodule
