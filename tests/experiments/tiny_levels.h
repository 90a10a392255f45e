// SPDX-License-Identifier: Apache-2.0
//
// Small made-up results of every level, for tests of what is done with results.

#pragma once

#include <string>
#include <vector>

#include "experiments/level.h"

namespace tern::experiments {

inline LevelResult tiny_level(const std::string& engine, const std::string& isa,
                              const std::string& flavour) {
  const bool ternary = flavour == "ternary";
  const bool simulated = engine != "cpu";
  LevelResult r;
  r.engine = engine;
  r.isa = isa;
  r.flavour = flavour;
  r.model = "tiny";
  r.prompt_tokens = {1, 2};
  r.tokens = {7, 8, 9};
  r.text = "once, \"upon\" a time";
  r.footprint = {.linear_weights = 1000,
                 .linear_bytes = ternary ? 250u : 2000u,
                 .weights = 1500,
                 .weight_bytes = ternary ? 1250u : 3000u,
                 .file_bytes = 4000,
                 .kv_bytes_per_token = 16,
                 .context = 64,
                 .layers = 2,
                 .attention_dim = 8};
  r.products = {{"blk.0.attn_q.weight", 2, 20, 400, 0x1111},
                {"blk.0.ffn_down.weight", 2, 10, 100, 0x2222},
                {"token_embd.weight", 1, 5, 50, 0x3333}};
  r.prefill.tokens = 2;
  r.decode.tokens = 4;
  if (simulated) {
    r.job_cycles = {100, 200, 300};
    r.machine = {{"name", "tiny"},   {"rows", 2},
                 {"lanes", 16},      {"max_tokens", 2},
                 {"clock_ghz", 1.0}, {"dram_gb_per_s", 6.4},
                 {"beat_bytes", 8},  {"dram_latency_ns", 50}};
    for (PhaseCost* phase : {&r.prefill, &r.decode}) {
      PartCost& linear = phase->part(Part::kLinear);
      linear.cycles = ternary ? 1000 : 8000;
      if (ternary) {
        linear.activity.add({energy::Scope::kArithmetic, "dot_product", "int_add", 32, 0}, 1000);
      } else {
        linear.activity.add({energy::Scope::kArithmetic, "dot_product", "fp_mul", 16, 0}, 1000);
        linear.activity.add({energy::Scope::kArithmetic, "dot_product", "fp_add", 32, 0}, 1000);
      }
      linear.activity.add({energy::Scope::kCore, "activation_sram", "sram_read", 64, 8192}, 10);
      linear.activity.add({energy::Scope::kSystem, "dram", "dram_read", 64, 0}, ternary ? 40 : 250);
      PartCost& vector = phase->part(Part::kVector);
      vector.cycles = 500;
      vector.activity.add({energy::Scope::kSystem, "dram", "dram_write", 64, 0}, 4);
    }
  }
  return r;
}

// scalar, avx2, cycle and rtl of both flavours.
inline std::vector<LevelResult> tiny_levels() {
  std::vector<LevelResult> all;
  for (const char* flavour : {"ternary", "fp16"}) {
    all.push_back(tiny_level("cpu", "scalar", flavour));
    all.push_back(tiny_level("cpu", "avx2", flavour));
    all.push_back(tiny_level("cycle", "avx2", flavour));
    all.push_back(tiny_level("rtl", "avx2", flavour));
  }
  return all;
}

// Two interleaved rounds of two repetitions each; ternary is twice as fast.
inline std::vector<LevelResult> tiny_timed() {
  std::vector<LevelResult> all;
  for (int round = 0; round < 2; ++round)
    for (const char* isa : {"scalar", "avx2"})
      for (const char* flavour : {"ternary", "fp16"}) {
        LevelResult r = tiny_level("cpu", isa, flavour);
        const double unit = std::string(flavour) == "ternary" ? 0.5 : 1.0;
        r.timings = {{unit * (1.0 + round), unit * 2.0, {}, {}},
                     {unit * (3.0 + round), unit * 2.0, {}, {}}};
        r.no_rapl = "no RAPL in a test";
        all.push_back(r);
      }
  return all;
}

}  // namespace tern::experiments
