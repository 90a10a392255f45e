// SPDX-License-Identifier: Apache-2.0
//
// How well does the accelerator use its memory and its lanes, and how fast is it under Verilator?
// The verilated `server` configuration, AXI and all, on the matrices of BitNet b1.58 2B4T before a
// memory of given bandwidth and latency.

#include <Vaccelerator_server_fp16.h>
#include <Vaccelerator_server_int8.h>
#include <Vaccelerator_server_ternary.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <ctime>
#include <exception>
#include <string>
#include <vector>

#include "experiments/commands.h"
#include "experiments/list_option.h"
#include "experiments/output.h"
#include "experiments/output_option.h"
#include "experiments/provenance.h"
#include "kernels/tiles/tiles.h"
#include "models/whole_file.h"
#include "sim/axi/driver.h"

namespace tern::experiments {
namespace {

using sim::AxiRegister;

struct Matrix {
  const char* name;
  std::uint32_t rows, cols;
};

// shared/reference and models/shape: q and o, k and v, gate and up, down.
constexpr Matrix kMatrices[] = {
    {"attn_q, attn_output", 2560, 2560},
    {"attn_k, attn_v", 640, 2560},
    {"ffn_gate, ffn_up", 6912, 2560},
    {"ffn_down", 2560, 6912},
};

struct Options {
  std::vector<std::string> codes = {"t5", "t2", "t5c", "i8", "f16"};
  std::vector<unsigned> tokens = {1, 8, 16};
  // Of the activations of ffn_down in BitNet b1.58 2B4T: none, the mean, the extremes of its layers
  // (hardware.md 3.4), drawn at random.
  std::vector<double> zeros = {0, 0.416, 0.598, 0.789};
  double gb_per_s = 51.2, latency_ns = 80;
  std::string json;
};

double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Weights, activations and results in memory.
constexpr std::uint64_t kX = 0, kW = 1 << 22, kY = std::uint64_t{96} << 20;

template <typename Model>
struct Server {
  sim::AxiDriver<Model> d;
  std::uint32_t rows = d.read(AxiRegister::kRows), lanes = d.read(AxiRegister::kLanes);

  // At 1 GHz: a nanosecond is a cycle.
  explicit Server(const Options& o)
      : d({.base = 0,
           .bytes = std::size_t{kY} + (1 << 22),
           .bytes_per_cycle = o.gb_per_s,
           .latency = static_cast<unsigned>(o.latency_ns)}) {}
};

// Random weights of one step, again and again: what they are changes neither cycles nor bytes. What
// is returned is that step, [tile.rows, tile.lanes].
template <typename Model>
std::vector<std::int8_t> put_weights(Server<Model>& s, const kernels::TileCode& code,
                                     kernels::TileShape tile, const Matrix& m, std::mt19937& rng) {
  std::vector<std::int8_t> values(tile.rows * tile.lanes * code.value_bytes);
  for (auto& v : values) v = static_cast<std::int8_t>(static_cast<int>(rng() % 3) - 1);
  std::vector<std::uint8_t> step(code.step_bytes(tile));
  code.pack(tile, values.data(), tile.lanes, step.data());
  const std::size_t bytes = kernels::tile_bytes(code, tile, m.rows, m.cols);
  for (std::size_t at = 0; at < bytes; at += step.size())
    std::copy(step.begin(), step.end(), s.d.memory.at(kW + at));
  return values;
}

// Integer results of the last job against the sums of its products.
template <typename Model>
void check(Server<Model>& s, kernels::TileShape tile, const std::vector<std::int8_t>& w,
           const Matrix& m, unsigned tokens) {
  const std::size_t x_stride = (m.cols + s.lanes - 1) / s.lanes * s.lanes;
  for (unsigned t = 0; t < tokens; ++t)
    for (std::uint32_t r = 0; r < m.rows; ++r) {
      const std::uint8_t* const x = s.d.memory.at(kX + t * x_stride);
      const std::int8_t* const row = &w[r % tile.rows * tile.lanes];
      std::int32_t expected = 0, found;
      for (std::uint32_t k = 0; k < m.cols; ++k)
        expected += row[k % tile.lanes] * static_cast<std::int8_t>(x[k]);
      std::memcpy(&found, s.d.memory.at(kY + 4 * (std::uint64_t{t} * m.rows + r)), 4);
      if (found != expected)
        throw std::runtime_error(
            fmt::format("{}: token {}, row {} is {}, not {}", m.name, t, r, found, expected));
    }
}

// Runs a job; `columns` of the matrix are read, with `tokens` of them multiplied.
template <typename Model>
void measure(const Options& o, Server<Model>& s, const std::string& format,
             const kernels::TileCode& code, std::uint32_t job_code, const Matrix& m,
             unsigned tokens, std::uint32_t columns, nlohmann::ordered_json& records) {
  auto& d = s.d;
  const std::uint32_t x_stride = (m.cols + s.lanes - 1) / s.lanes * s.lanes * code.act_bytes;
  const std::uint64_t before = d.cycles;
  const double start = cpu_seconds();
  d.start({m.rows, m.cols, tokens, job_code, kX, kW, kY, x_stride, 4 * m.rows});
  const sim::AxiStatus status = d.finish(1'000'000'000);
  const double seconds = cpu_seconds() - start;
  if (status != sim::AxiStatus::kDone)
    throw std::runtime_error(fmt::format("{} {}: the job ended with status {}", format, m.name,
                                         static_cast<unsigned>(status)));
  const double cycles = static_cast<double>(d.read64(AxiRegister::kCycles));
  // Of each block of tokens that share a pass over the weights: what its bytes and its products
  // take.
  const std::uint32_t most = d.read(AxiRegister::kMaxTokens);
  double memory = 0, lanes_busy = 0, ideal = 0;
  for (unsigned left = tokens, block; left > 0; left -= block) {
    block = std::min(left, most);
    const double bytes = m.rows * (columns * code.weight_bits() / 8 + 4.0 * block) +
                         static_cast<double>(block) * m.cols * code.act_bytes;
    const double products = static_cast<double>(m.rows) * columns * block;
    memory += bytes / o.gb_per_s;
    lanes_busy += products / (s.rows * s.lanes);
    ideal += std::max(bytes / o.gb_per_s, products / (s.rows * s.lanes));
  }
  const double fires = static_cast<double>(d.read64(AxiRegister::kFires));
  records.push_back({{"machine", "server"},
                     {"format", format},
                     {"code", code.name},
                     {"matrix", m.name},
                     {"rows", m.rows},
                     {"cols", m.cols},
                     {"read_cols", columns},
                     {"tokens", tokens},
                     {"cycles", cycles},
                     {"memory_bound_cycles", memory},
                     {"compute_bound_cycles", lanes_busy},
                     {"bound", memory > lanes_busy ? "memory" : "compute"},
                     {"utilisation", ideal / cycles},
                     {"host_cpu_s", seconds},
                     {"cycles_per_s", static_cast<double>(d.cycles - before) / seconds},
                     {"lane_ops_per_s", fires * s.rows * s.lanes / seconds},
                     {"evidence", "measured"}});
  const auto& r = records.back();
  print_out(fmt::format("{:<8} {:<4} {:>5} x {:<5} {:>3} {:>10.0f} {:<7} {:>6.1f} % {:>9.2e}\n",
                        format, code.name, m.rows, columns, tokens, cycles,
                        r["bound"].get<std::string>(), 100 * r["utilisation"].get<double>(),
                        r["lane_ops_per_s"].get<double>()));
}

// One engine in one code of weights.
template <typename Model>
void run(const Options& o, const std::string& format, const kernels::TileCode& code,
         std::uint32_t job_code, nlohmann::ordered_json& records) {
  Server<Model> s(o);
  std::mt19937 rng(1);
  for (const Matrix& m : kMatrices) {
    const kernels::TileShape tile{s.rows, s.lanes};
    const auto w = put_weights(s, code, tile, m, rng);
    for (const unsigned tokens : o.tokens) {
      const std::uint64_t x_bytes = std::uint64_t{tokens} * (m.cols + s.lanes) * code.act_bytes;
      for (std::uint64_t i = 0; i < x_bytes; ++i)
        *s.d.memory.at(kX + i) = static_cast<std::uint8_t>(rng() & 0x3f);
      measure(o, s, format, code, job_code, m, tokens, m.cols, records);
      if (code.act_bytes == 1) check(s, tile, w, m, tokens);
    }
  }
}

// Weights by columns, of which those of zero activations are not read: one token of the matrix that
// squared ReLU feeds.
void run_columns(const Options& o, const kernels::TileCode& code, nlohmann::ordered_json& records) {
  Server<Vaccelerator_server_ternary> s(o);
  std::mt19937 rng(1);
  const Matrix& m = kMatrices[3];
  const kernels::TileShape tile{5 * s.lanes, 1};
  const auto w = put_weights(s, code, tile, m, rng);
  for (const double zeros : o.zeros) {
    std::bernoulli_distribution zero(zeros);
    std::uint32_t active = 0;
    for (std::uint32_t k = 0; k < m.cols; ++k) {
      const bool none = zero(rng);
      *s.d.memory.at(kX + k) = none ? 0 : static_cast<std::uint8_t>(1 + rng() % 255);
      active += !none;
    }
    measure(o, s, "ternary", code, 7, m, 1, active, records);
    check(s, tile, w, m, 1);
  }
}

void run_all(const Options& o) {
  nlohmann::ordered_json records = nlohmann::ordered_json::array();
  print_out(fmt::format(
      "Verilated `server`, {} GB/s and {} ns at 1 GHz; of the ideal that binds, lane "
      "operations a second and core\n{:<8} {:<4} {:>13} {:>3} {:>10} {:<7} {:>8} {:>9}\n",
      o.gb_per_s, o.latency_ns, "format", "code", "matrix", "T", "cycles", "bound", "of ideal",
      "lane op/s"));
  for (const std::string& name : o.codes) {
    const kernels::TileCode& code = kernels::tile_code(name);
    if (name == "t5") run<Vaccelerator_server_ternary>(o, "ternary", code, 1, records);
    if (name == "t2") run<Vaccelerator_server_ternary>(o, "ternary", code, 0, records);
    if (name == "t5c") run_columns(o, code, records);
    if (name == "i8") run<Vaccelerator_server_int8>(o, "int8", code, 3, records);
    if (name == "f16") run<Vaccelerator_server_fp16>(o, "fp16", code, 6, records);
  }
  if (o.json.empty()) return;
  nlohmann::ordered_json out = {{"schema", "tern.rtl_bench"}, {"schema_version", 1}};
  out["provenance"] = provenance();
  out["gb_per_s"] = o.gb_per_s;
  out["latency_ns"] = o.latency_ns;
  out["records"] = records;
  models::write_whole_file(o.json, out.dump(1) + "\n");
}

}  // namespace
}  // namespace tern::experiments

int main(int argc, char** argv) {
  using namespace tern::experiments;
  Options o;
  CLI::App app{
      "The verilated accelerator on the matrices of BitNet b1.58 2B4T: how much of its memory's "
      "bandwidth and of its lanes it uses, and how fast it simulates"};
  add_list(app, "-c,--codes", o.codes, "How the weights lie, and so which engine runs",
           CLI::IsMember({"t5", "t2", "t5c", "i8", "f16"}));
  add_list(app, "-T,--tokens", o.tokens, "Tokens of a job", CLI::Range(1u, 65535u));
  add_list(app, "--zeros", o.zeros,
           "Zero activations, of 1, where weights lie by columns (t5c, T = 1)",
           CLI::Range(0.0, 1.0));
  app.add_option("--bandwidth", o.gb_per_s, "Of memory, GB/s")
      ->check(CLI::Range(0.1, 64.0))
      ->capture_default_str();
  app.add_option("--latency", o.latency_ns, "Of memory, ns")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  add_output(app, "--json", o.json, "Writes all figures to this file");
  CLI11_PARSE(app, argc, argv);
  try {
    run_all(o);
  } catch (const Exit& exit) {
    return exit.code;
  } catch (const std::exception& e) {
    fmt::print(stderr, "tern_rtl_bench: {}\n", e.what());
    return 1;
  }
  return 0;
}
