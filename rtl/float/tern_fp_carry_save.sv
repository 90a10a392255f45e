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
  input  logic                     en_i,  // for simulators: without it all of v_i is zero
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
      logic [Width-1:0] a, b, c;
      // One process that writes slices: a simulator builds the vector in place. Without operands
      // all is zero, so that it may skip the work.
      always_comb begin
        v = '0;
        a = '0;
        b = '0;
        c = '0;
`ifdef VERILATOR
        if (en_i)
`endif
        begin
          for (int unsigned i = 0; i != Threes; i++) begin
            a = gen_level[k-1].v[3*i*Width     +: Width];
            b = gen_level[k-1].v[(3*i+1)*Width +: Width];
            c = gen_level[k-1].v[(3*i+2)*Width +: Width];
            v[2*i*Width     +: Width] = a ^ b ^ c;
            v[(2*i+1)*Width +: Width] = ((a & b) | ((a ^ b) & c)) << 1;
          end
          for (int unsigned i = 0; i != Last % 3; i++) begin
            v[(2*Threes+i)*Width +: Width] = gen_level[k-1].v[(3*Threes+i)*Width +: Width];
          end
        end
      end
    end
  end

  assign v_o = gen_level[Levels].v;

endmodule
