// SPDX-License-Identifier: Apache-2.0
//
// Levels of 3:2 compressors over a number of vectors: their sum modulo 2^Width stays what it was.
// Combinational. A level takes vectors by threes in order and passes on what is left over.

module tern_fp_carry_save #(
  parameter  int unsigned Width   = 32,
  parameter  int unsigned Vectors = 4,
  parameter  int unsigned Levels  = 1,
  localparam int unsigned Left    = tern_pkg::carry_save(Vectors, Levels)
) (
  input  logic [Vectors*Width-1:0] v_i,
  output logic [Left*Width-1:0]    v_o
);

  for (genvar k = 0; k <= Levels; k++) begin : gen_level
    localparam int unsigned Count = tern_pkg::carry_save(Vectors, k);
    logic [Count*Width-1:0] v;
    if (k == 0) begin : gen_inputs
      assign v = v_i;
    end else begin : gen_compress
      localparam int unsigned Last   = tern_pkg::carry_save(Vectors, k - 1);
      localparam int unsigned Threes = Last / 3;
      for (genvar i = 0; i < Threes; i++) begin : gen_three
        logic [Width-1:0] a, b, c;
        assign a = gen_level[k-1].v[3*i*Width     +: Width];
        assign b = gen_level[k-1].v[(3*i+1)*Width +: Width];
        assign c = gen_level[k-1].v[(3*i+2)*Width +: Width];
        assign v[2*i*Width     +: Width] = a ^ b ^ c;
        assign v[(2*i+1)*Width +: Width] = ((a & b) | ((a ^ b) & c)) << 1;
      end
      if (Last % 3 != 0) begin : gen_rest
        assign v[Count*Width-1:2*Threes*Width] = gen_level[k-1].v[Last*Width-1:3*Threes*Width];
      end
    end
  end

  assign v_o = gen_level[Levels].v;

endmodule
