// SPDX-License-Identifier: Apache-2.0
//
// The simulated accelerator as the other folders see it: plain types, no SystemC. Behind it stands
// a SystemC platform (host initiator, interconnect, DRAM, accelerator target) in which the engine
// is either the cycle model or the Verilated RTL.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "energy/activity.h"
#include "kernels/dense/dense.h"
#include "kernels/format.h"

namespace tern::sim {

enum class Format : std::uint8_t { kTernary, kFp16 };  // which dot-product unit the engine has
enum class Level : std::uint8_t { kCycle, kRtl };

// A named machine. Ternary and FP16 twins of one machine differ in `format` alone.
struct MachineConfig {
  std::string name;
  Format format;
  // Engine.
  unsigned rows;        // R: dot products side by side; a multiple of 20
  unsigned lanes;       // N: products per dot product and cycle; a power of two
  unsigned max_tokens;  // B: activation vectors that share a pass over the weights; 2, 4 ... 128
  unsigned max_cols;    // longest dot product the activation buffer holds
  unsigned beat_bytes;  // width of the memory stream into the engine; divides N
  double clock_ghz;
  // DRAM.
  double dram_gb_per_s;  // peak, 1e9 bytes per second; >= 8 bytes per clock cycle
  double dram_latency_ns;
  unsigned burst_bytes;
  unsigned outstanding;  // read bursts asked for and not yet used up
  std::size_t dram_bytes;
};

// The machine called `name` ("edge") with the given dot-product unit.
// Throws std::runtime_error naming the machines there are.
MachineConfig machine(std::string_view name, Format format);
std::span<const std::string_view> machine_names();

struct JobReport {
  std::uint64_t cycles;  // from doorbell to done, in engine clock cycles
};

using MatrixId = std::uint32_t;

class Accelerator {
 public:
  // All accelerators of a process must be made before the first job runs: SystemC elaborates once.
  // Throws std::runtime_error for an impossible machine, and for kRtl when no RTL was verilated
  // with its engine parameters (rtl/CMakeLists.txt); the DRAM's are free.
  Accelerator(const MachineConfig& config, Level level);
  ~Accelerator();
  Accelerator(const Accelerator&) = delete;
  Accelerator& operator=(const Accelerator&) = delete;

  const MachineConfig& config() const;
  Level level() const;

  // Puts a matrix into simulated DRAM in the engine's tile order (offline: costs no cycles).
  // Throws std::runtime_error when it does not fit, for the other format's matrix, and for a code
  // that is no trit or a value that is not finite.
  MatrixId load(const kernels::T2View& w, std::size_t cols);
  MatrixId load(const kernels::F16View& w);

  // One job: tokens in [1, max_tokens]. Layouts as in models/linear.h. FP16 numerics: fp16_dot.h.
  //   ternary: q [tokens, blocks * 128], acc [tokens, rows]
  //   fp16:    x [tokens, cols] binary16 values, y [tokens, rows]
  JobReport run(MatrixId matrix, const std::int8_t* q, std::size_t tokens, std::int32_t* acc);
  JobReport run(MatrixId matrix, const float* x, std::size_t tokens, float* y);

  // Work of the vector unit that the engine does not do (attention over the KV cache, the head of
  // a ternary machine, norms): reads and writes `bytes` in DRAM and does `macs` FP16
  // multiply-accumulates, overlapped. Timed and counted, not computed. The unit does one operation
  // per cycle for every 8 lanes of the engine (an assumption, equal for both formats).
  struct VectorWork {
    std::uint64_t read_bytes = 0;
    std::uint64_t write_bytes = 0;
    std::uint64_t fp16_macs = 0;
    std::uint64_t fp32_ops = 0;  // elementwise adds and multiplies
  };
  JobReport run(const VectorWork& work);

  // Everything counted since construction or the last reset_activity().
  energy::Activity activity() const;
  std::uint64_t cycles() const;  // sum over jobs since then
  void reset_activity();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tern::sim
