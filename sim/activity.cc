// SPDX-License-Identifier: Apache-2.0
//
// Widths are those the price tables know: a tree adder of 8 to 13 bits is counted as 16, an
// accumulator of 21 bits as 32.

#include "sim/activity.h"

#include "kernels/dense/dense.h"

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
  a.add({Scope::kArithmetic, "accumulator", "fp_add", 32}, lane_ops);
  a.add({Scope::kArithmetic, "reduction", "fp_add", 32},
        n.y_words * (kernels::kFloatAccumulators - 1));
}

// Flip-flops that took a value: the stages of rtl/v1/tern_v1_engine.sv.
std::uint64_t register_bits(const MachineConfig& c, const Geometry& g, const EngineCounts& n) {
  const bool fp16 = g.format == Format::kFp16;
  unsigned column_bits = 0;
  while (1u << column_bits < c.max_cols) ++column_bits;
  unsigned lane_bits = 0;
  while (1u << lane_bits < g.lanes) ++lane_bits;
  const std::uint64_t acc_bits = fp16 ? 32 * kernels::kFloatAccumulators : 9 + column_bits;
  const std::uint64_t dot_bits = fp16 ? 32 * g.lanes : 9 + lane_bits;
  const std::uint64_t result_bits = fp16 ? 32 * (8 + 4 + 2 + 1) : 32;

  const std::uint64_t x_beats_per_word = g.x_word_bytes / g.beat_bytes;
  const std::uint64_t x_gathered = x_beats_per_word > 1 ? n.x_beats - n.x_words : 0;
  return (x_gathered + n.w_beats - n.w_words) * 8 * g.beat_bytes  // the last beat passes through
         + n.w_words * 8 * g.w_word_bytes                         //
         + n.fires * (8 * g.x_word_bytes + g.rows * (dot_bits + acc_bits) + kControlBits) +
         n.y_words * (acc_bits + result_bits);
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
