// SPDX-License-Identifier: Apache-2.0
//
// Proof obligation: tern_unpack_t5 inverts the encoder below on all 243 tuples, and a byte is
// illegal, and five zeros, if and only if it is no tuple's. The encoder is the code's rules, from
// tuple to byte. Of one lane and five rows; places in a word have a proof of their own.

module tern_trit5_proof (
  input logic [7:0] byte_i,
  input logic [9:0] tuple_i  // [trit]{negative, nonzero}
);

  // ---- The specification.
  function automatic logic is_trit(logic [1:0] t);
    is_trit = t != 2'b10;
  endfunction

  // The two bits of a pair that is not (0, 0): signs, the first one inverted; where one is zero,
  // bit 0 says that it is the first, bit 1 is the other's sign, inverted if that is the first.
  function automatic logic [1:0] pair_bits(logic [1:0] first, logic [1:0] second);
    if (first == 2'b00) pair_bits = {second[1], 1'b1};
    else if (second == 2'b00) pair_bits = {~first[1], 1'b0};
    else pair_bits = {second[1], ~first[1]};
  endfunction

  function automatic logic one_zero(logic [1:0] first, logic [1:0] second);
    one_zero = first == 2'b00 || second == 2'b00;
  endfunction

  // Trit 4 beside two pairs, and in place of one: +1, -1, 0.
  function automatic logic [1:0] fifth_top(logic [1:0] t);
    fifth_top = t == 2'b01 ? 2'b10 : t == 2'b11 ? 2'b01 : 2'b11;
  endfunction
  function automatic logic [1:0] fifth_low(logic [1:0] t);
    fifth_low = t == 2'b01 ? 2'b01 : t == 2'b11 ? 2'b11 : 2'b10;
  endfunction

  logic [1:0] t0, t1, t2, t3, t4;
  assign {t4, t3, t2, t1, t0} = tuple_i;
  wire legal_tuple = is_trit(t0) && is_trit(t1) && is_trit(t2) && is_trit(t3) && is_trit(t4);
  wire none_01 = {t1, t0} == 4'b0;
  wire none_23 = {t3, t2} == 4'b0;

  logic [7:0] encoded;
  always_comb begin
    if (none_01 && none_23) encoded = {4'b0001, fifth_low(t4), 2'b00};
    else if (none_01) encoded = {2'b00, one_zero(t2, t3), 1'b1, pair_bits(t2, t3), fifth_low(t4)};
    else if (none_23) encoded = {2'b00, ~one_zero(t0, t1), 1'b0, fifth_low(t4), pair_bits(t0, t1)};
    else encoded = {fifth_top(t4), one_zero(t2, t3), ~one_zero(t0, t1), pair_bits(t2, t3),
                    pair_bits(t0, t1)};
  end

  // ---- Decode the encoded tuple, and any byte.
  logic [9:0] decoded, any_tuple;
  logic       illegal, any_illegal;

  tern_unpack_t5 #(.Rows(5), .Lanes(1)) u_inverse (
    .word_i(encoded), .w_o(decoded), .illegal_o(illegal)
  );
  tern_unpack_t5 #(.Rows(5), .Lanes(1)) u_any (
    .word_i(byte_i), .w_o(any_tuple), .illegal_o(any_illegal)
  );

  // The tuple is any: also that of a legal byte, which encoding it must give back.
  always_comb begin
    assume (legal_tuple);
    assert (!illegal && decoded == tuple_i);
    assert (any_illegal || any_tuple != tuple_i || encoded == byte_i);
    assert (any_illegal || (any_tuple & 10'h2aa & ~{any_tuple[8:0], 1'b0}) == 10'b0);
    assert (!any_illegal || any_tuple == 10'b0);
  end

endmodule
