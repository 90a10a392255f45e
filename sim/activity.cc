// SPDX-License-Identifier: Apache-2.0
//
// Widths are those the price tables know: a tree adder of 8 to 14 bits is counted as 16, an
// accumulator of 22 bits as 32.

#include "sim/activity.h"

namespace tern::sim {
namespace {

using energy::Event;
using energy::Scope;

constexpr unsigned kSramBits = 64;
// State of sequencer and drain; what an idle cycle's price in energy/technology assumes.
constexpr std::uint64_t kControlBits = 64;

void add_ternary_arithmetic(const Geometry& g, const EngineCounts& n, energy::Activity& a) {
  const std::uint64_t lane_ops = n.fires * g.rows * g.lanes;
  a.add({Scope::kArithmetic, "dot_product", "trit_select", 8}, n.nonzero);
  a.add({Scope::kArithmetic, "dot_product", "trit_zero", 8}, lane_ops - n.nonzero);
  a.add({Scope::kArithmetic, "dot_tree", "int_add", 16}, n.fires * g.rows * (g.lanes - 1));
  a.add({Scope::kArithmetic, "accumulator", "int_add", 32}, n.fires * g.rows);
}

void add_fp16_arithmetic(const Geometry& g, const EngineCounts& n, energy::Activity& a) {
  const std::uint64_t lane_ops = n.fires * g.rows * g.lanes;
  a.add({Scope::kArithmetic, "dot_product", "fp_mul", 16}, lane_ops);
  // The tree adds in fixed point, wider than an adder that has a price.
  a.add({Scope::kArithmetic, "dot_tree", "fp_add", 32}, n.fires * g.rows * (g.lanes - 1));
  a.add({Scope::kArithmetic, "accumulator", "fp_add", 32}, n.fires * g.rows);
}

unsigned bits_for(unsigned n) {  // of a number below n
  unsigned bits = 0;
  while (1u << bits < n) ++bits;
  return bits;
}

// Flip-flops that took a value: the stages of rtl/engine. Of the dot-product unit the sums of its
// last stage; a ternary one has nine counts of each row before.
std::uint64_t register_bits(const MachineConfig& c, const Geometry& g, const EngineCounts& n) {
  const bool fp16 = g.format == Format::kFp16;
  const std::uint64_t lane_bits = bits_for(g.lanes);
  const std::uint64_t acc_bits = fp16 ? 32 : 9 + bits_for(c.max_cols);
  const std::uint64_t dot_bits = fp16 ? 32 : 9 + lane_bits + 9 * (lane_bits + 1);
  const std::uint64_t weight_bits = fp16 ? 16 : 2;  // as the dot-product unit takes them
  const std::uint64_t step_bits = g.rows * g.lanes * weight_bits;

  // The last part of what is gathered passes through.
  const std::uint64_t unit_bits = 8 * g.unit_bytes;
  const std::uint64_t x_units = n.x_words * g.act_bytes;
  const std::uint64_t units_per_step = g.w_word_bytes / g.unit_bytes;
  const std::uint64_t beats = n.x_beats + n.w_beats;
  const std::uint64_t gathered_beats = beats - beats * g.beat_bytes / g.unit_bytes;
  const std::uint64_t kept_bits = step_bits - step_bits / units_per_step;
  return gathered_beats * 8 * g.beat_bytes + (x_units - n.x_words) * unit_bits  //
         + n.w_words * (kept_bits + step_bits)                                  //
         + n.fires * (8 * g.x_word_bytes + g.rows * (dot_bits + acc_bits) + kControlBits) +
         n.y_words * (acc_bits + 32);
}

}  // namespace

energy::Activity to_activity(const MachineConfig& config, const PlatformCounts& counts) {
  const Geometry g(config);
  const EngineCounts& n = counts.engine;
  energy::Activity a;
  if (g.format == Format::kFp16)
    add_fp16_arithmetic(g, n, a);
  else
    add_ternary_arithmetic(g, n, a);

  const std::uint64_t words_per_step = (8 * g.x_word_bytes + kSramBits - 1) / kSramBits;
  const std::uint64_t buffer_bytes = std::uint64_t{g.max_tokens} * config.max_cols * g.act_bytes;
  a.add({Scope::kCore, "activation_sram", "sram_write", kSramBits, buffer_bytes},
        n.x_words * words_per_step);
  a.add({Scope::kCore, "activation_sram", "sram_read", kSramBits, buffer_bytes},
        n.fires * words_per_step);

  const std::uint64_t fifo_bytes = std::uint64_t{config.outstanding} * g.burst_bytes;
  const std::uint64_t stream_words = (n.x_beats + n.w_beats) * g.beat_bytes * 8 / kSramBits;
  a.add({Scope::kCore, "stream_fifo", "sram_write", kSramBits, fifo_bytes}, stream_words);
  a.add({Scope::kCore, "stream_fifo", "sram_read", kSramBits, fifo_bytes}, stream_words);

  a.add({Scope::kCore, "engine", "register_clock", 1}, register_bits(config, g, n));
  a.add({Scope::kCore, "engine", "idle_cycle", 1}, counts.cycles - n.fires);

  a.add({Scope::kArithmetic, "vector_unit", "fp_mul", 16}, counts.vector.fp16_macs);
  a.add({Scope::kArithmetic, "vector_unit", "fp_add", 32}, counts.vector.fp16_macs);
  // Adds and multiplies alike at the dearer price.
  a.add({Scope::kArithmetic, "vector_unit", "fp_mul", 32}, counts.vector.fp32_ops);

  a.add({Scope::kSystem, "dram", "dram_read", 64}, counts.dram_read_bytes / 8);
  a.add({Scope::kSystem, "dram", "dram_write", 64}, counts.dram_write_bytes / 8);
  return a;
}

}  // namespace tern::sim
