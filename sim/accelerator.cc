// SPDX-License-Identifier: Apache-2.0
//
// The facade: matrices and jobs of the other folders onto the platform's memory and registers.

#include "sim/accelerator.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <systemc>
#include <vector>

#include "kernels/check.h"
#include "sim/activity.h"
#include "sim/platform.h"

namespace tern::sim {
namespace {

// SystemC keeps pointers to modules until the process ends, so platforms stay.
Platform* make_platform(const MachineConfig& config, Level level) {
  static std::vector<std::unique_ptr<Platform>>& all = *new std::vector<std::unique_ptr<Platform>>;
  if (sc_core::sc_start_of_simulation_invoked())
    throw std::runtime_error("machine '" + config.name +
                             "': all accelerators of a process must be made before the first job");
  Geometry check(config);  // before SystemC knows the module
  const char* level_name = level == Level::kRtl ? "rtl" : "cycle";
  const std::string name = config.name + "_" + level_name;
  all.push_back(
      std::make_unique<Platform>(sc_core::sc_gen_unique_name(name.c_str()), config, level));
  return all.back().get();
}

}  // namespace

struct Accelerator::Impl {
  struct Matrix {
    std::uint64_t address;
    std::size_t rows, cols;
  };

  MachineConfig config;
  Level level;
  Geometry geometry;
  Platform* platform;
  std::vector<Matrix> matrices;
  std::uint64_t heap = 0;              // first byte behind the matrices
  std::uint64_t largest_result = 0;    // bytes, of all matrices at max_tokens
  std::vector<std::uint8_t> x;         // as it goes to DRAM
  std::vector<std::uint32_t> y_tiles;  // as it comes back

  Impl(const MachineConfig& c, Level l)
      : config(c), level(l), geometry(c), platform(make_platform(c, l)) {}

  std::uint64_t burst_align(std::uint64_t n) const {
    return (n + config.burst_bytes - 1) / config.burst_bytes * config.burst_bytes;
  }
  std::uint64_t x_room() const {
    return burst_align(std::uint64_t{config.max_tokens} * config.max_cols * geometry.act_bytes);
  }
  void check_format(Format format) const {
    if (config.format != format)
      throw std::runtime_error("machine '" + config.name + "' has the dot-product unit of the " +
                               "other format: a ternary machine takes t2, an FP16 machine f16");
  }

  MatrixId load(std::size_t rows, std::size_t cols, const std::vector<std::uint8_t>& tiles) {
    const std::uint64_t result = rows * config.max_tokens * sizeof(std::uint32_t);
    const std::uint64_t end = burst_align(heap + tiles.size());
    const std::uint64_t need = end + x_room() + burst_align(std::max(result, largest_result)) +
                               config.burst_bytes;  // the last burst is the vector unit's
    if (need > config.dram_bytes)
      throw std::runtime_error("machine '" + config.name + "': dram_bytes is " +
                               std::to_string(config.dram_bytes) + ", but the matrices, the " +
                               "activations and the results need " + std::to_string(need));
    platform->dram.place(heap, tiles);
    matrices.push_back({kDramBase + heap, rows, cols});
    heap = end;
    largest_result = std::max(largest_result, result);
    return static_cast<MatrixId>(matrices.size() - 1);
  }

  void check_shape(std::size_t rows, std::size_t cols) const {
    const auto clip = [](std::size_t n) {
      return static_cast<std::uint32_t>(std::min<std::size_t>(n, 1u << 30));
    };
    if (!geometry.fits({clip(rows), clip(cols), 1}))
      throw std::runtime_error("machine '" + config.name + "': matrix is " + std::to_string(rows) +
                               " x " + std::to_string(cols) + ", expected 1 to " +
                               std::to_string(kMaxRows) + " rows and 1 to " +
                               std::to_string(config.max_cols) + " columns");
  }

  // `fill` writes the activations of one token, steps * N of them, to where it is told.
  template <typename Fill>
  JobReport run(MatrixId id, std::size_t tokens, std::uint32_t* y, Fill fill) {
    TERN_CHECK(id < matrices.size(), "the matrix was loaded here");
    TERN_CHECK(tokens >= 1 && tokens <= config.max_tokens, "tokens are in [1, max_tokens]");
    const Matrix& m = matrices[id];
    const Job job{static_cast<std::uint32_t>(m.rows), static_cast<std::uint32_t>(m.cols),
                  static_cast<std::uint32_t>(tokens)};
    const std::size_t token_bytes = geometry.steps(job) * geometry.x_word_bytes;
    x.assign(tokens * token_bytes, 0);
    for (std::size_t t = 0; t < tokens; ++t) fill(m, t, x.data() + t * token_bytes);

    Host& host = platform->host;
    const std::uint64_t x_address = kDramBase + heap, y_address = x_address + x_room();
    TERN_CHECK(host.poke(x_address, x.data(), static_cast<unsigned>(x.size())), "x fits");
    const Host::Result result =
        host.run({{Register::kRows, job.rows},
                  {Register::kCols, job.cols},
                  {Register::kTokens, job.tokens},
                  {Register::kXAddress, static_cast<std::uint32_t>(x_address)},
                  {Register::kWAddress, static_cast<std::uint32_t>(m.address)},
                  {Register::kYAddress, static_cast<std::uint32_t>(y_address)}},
                 Doorbell::kMatrix);
    check_status(result, "matrix " + std::to_string(id));
    y_tiles.resize(geometry.y_words(job));
    TERN_CHECK(host.peek(y_address, y_tiles.data(),
                         static_cast<unsigned>(y_tiles.size() * sizeof(std::uint32_t))),
               "y fits");
    // From [row groups, tokens, rows of the group].
    const std::uint32_t* word = y_tiles.data();
    for (std::size_t row = 0; row < m.rows; row += config.rows) {
      const std::size_t n = std::min<std::size_t>(config.rows, m.rows - row);
      for (std::size_t t = 0; t < tokens; ++t, word += n)
        std::copy_n(word, n, y + t * m.rows + row);
    }
    return {result.cycles};
  }

  void check_status(const Host::Result& result, const std::string& what) const {
    if (result.status != Status::kDone)
      throw std::runtime_error("machine '" + config.name + "': job on " + what +
                               " ended with: " + status_name(result.status));
  }
};

Accelerator::Accelerator(const MachineConfig& config, Level level)
    : impl_(std::make_unique<Impl>(config, level)) {}
Accelerator::~Accelerator() = default;

const MachineConfig& Accelerator::config() const { return impl_->config; }
Level Accelerator::level() const { return impl_->level; }

MatrixId Accelerator::load(const kernels::T2View& w, std::size_t cols) {
  impl_->check_format(Format::kTernary);
  impl_->check_shape(w.rows, cols);
  TERN_CHECK(kernels::t2_blocks(cols) == w.blocks_per_row, "cols fill the blocks of a row");
  return impl_->load(w.rows, cols,
                     kernels::pack_tiles(*impl_->geometry.code, impl_->geometry.tile(), w, cols));
}

MatrixId Accelerator::load(const kernels::F16View& w) {
  impl_->check_format(Format::kFp16);
  impl_->check_shape(w.rows, w.cols);
  return impl_->load(w.rows, w.cols,
                     kernels::pack_tiles(*impl_->geometry.code, impl_->geometry.tile(), w));
}

JobReport Accelerator::run(MatrixId matrix, const std::int8_t* q, std::size_t tokens,
                           std::int32_t* acc) {
  impl_->check_format(Format::kTernary);
  return impl_->run(matrix, tokens, reinterpret_cast<std::uint32_t*>(acc),
                    [q](const Impl::Matrix& m, std::size_t token, std::uint8_t* to) {
                      const std::size_t stride =
                          kernels::t2_blocks(m.cols) * kernels::kT2BlockTrits;
                      std::memcpy(to, q + token * stride, m.cols);
                    });
}

JobReport Accelerator::run(MatrixId matrix, const float* x, std::size_t tokens, float* y) {
  impl_->check_format(Format::kFp16);
  TERN_CHECK(matrix < impl_->matrices.size(), "the matrix was loaded here");
  std::vector<std::uint32_t> bits(tokens * impl_->matrices[matrix].rows);
  const JobReport report = impl_->run(
      matrix, tokens, bits.data(), [x](const Impl::Matrix& m, std::size_t token, std::uint8_t* to) {
        std::vector<kernels::f16> halves(m.cols);
        kernels::f32_to_f16(x + token * m.cols, m.cols, halves.data());
        std::memcpy(to, halves.data(), m.cols * sizeof(kernels::f16));
      });
  std::memcpy(y, bits.data(), bits.size() * sizeof(float));
  return report;
}

JobReport Accelerator::run(const VectorWork& work) {
  std::vector<RegisterValue> program;
  const auto add = [&program](Register reg, std::uint64_t value) {
    const auto upper = static_cast<Register>(static_cast<std::uint32_t>(reg) + 4);
    program.push_back({reg, static_cast<std::uint32_t>(value)});
    program.push_back({upper, static_cast<std::uint32_t>(value >> 32)});
  };
  add(Register::kReadBytes, work.read_bytes);
  add(Register::kWriteBytes, work.write_bytes);
  add(Register::kFp16Macs, work.fp16_macs);
  add(Register::kFp32Ops, work.fp32_ops);
  const Host::Result result = impl_->platform->host.run(std::move(program), Doorbell::kVector);
  impl_->check_status(result, "the vector unit");
  return {result.cycles};
}

energy::Activity Accelerator::activity() const {
  return to_activity(impl_->config, impl_->platform->counts());
}
std::uint64_t Accelerator::cycles() const { return impl_->platform->device.cycles(); }
void Accelerator::reset_activity() { impl_->platform->reset_activity(); }

}  // namespace tern::sim
