// SPDX-License-Identifier: Apache-2.0
//
// The sums that a group of activations can take under trits, for all groups at once: one entry per
// code whose first non-zero trit is positive, (3^Group - 1) / 2 of them; the others are negations.
// Entry v (from 1) has the trits of v in balanced ternary, the first member's leading.

module tern_group_table #(
  parameter  int unsigned Group     = 2,
  parameter  int unsigned Groups    = 8,
  parameter  int unsigned ActBits   = 8,
  localparam int unsigned Entries   = (3**Group - 1) / 2,
  localparam int unsigned EntryBits = ActBits + $clog2(Group)  // |sum| <= Group * 2^(ActBits-1)
) (
  input  logic [Group*ActBits*Groups-1:0]     x_i,     // [member, plane, Groups], signed
  output logic [Entries*EntryBits*Groups-1:0] table_o  // [entry, plane, Groups], signed
);

  if (Group != 2 && Group != 3) begin : gen_check_params
    $error("tern_group_table: Group must be 2 or 3");
  end

  localparam int unsigned Entry = EntryBits * Groups;

  logic [Groups-1:0] a, b, c;

  // The entry that is a member alone is 3^m, m members after it; between half of that and one and
  // a half stand the member less and plus each entry of the members after it. Ripple carry, a
  // plane per step: all rows share a table.
  always_comb begin
    a       = '0;
    b       = '0;
    c       = '0;
    table_o = '0;
    for (int unsigned m = 0; m < Group; m++) begin
      for (int unsigned j = 0; j < EntryBits; j++) begin
        table_o[(3**m-1)*Entry+j*Groups +: Groups] =
          x_i[((Group-1-m)*ActBits + (j < ActBits ? j : ActBits - 1))*Groups +: Groups];
      end
      for (int unsigned v = 1; v <= (3**m - 1) / 2; v++) begin
        c = '0;
        for (int unsigned j = 0; j < EntryBits; j++) begin
          a = table_o[(3**m-1)*Entry+j*Groups +: Groups];
          b = table_o[(v-1)*Entry+j*Groups +: Groups];
          table_o[(3**m+v-1)*Entry+j*Groups +: Groups] = a ^ b ^ c;
          c = (a & b) | (a & c) | (b & c);
        end
        c = '1;
        for (int unsigned j = 0; j < EntryBits; j++) begin
          a = table_o[(3**m-1)*Entry+j*Groups +: Groups];
          b = ~table_o[(v-1)*Entry+j*Groups +: Groups];
          table_o[(3**m-v-1)*Entry+j*Groups +: Groups] = a ^ b ^ c;
          c = (a & b) | (a & c) | (b & c);
        end
      end
    end
  end

endmodule
