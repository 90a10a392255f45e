// SPDX-License-Identifier: Apache-2.0

#include "experiments/bench_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>

#include "experiments/engine.h"
#include "experiments/provenance.h"
#include "kernels/huge_buffer.h"
#include "models/checkpoint.h"
#include "models/generate.h"
#include "models/sampler.h"

namespace tern::experiments {
namespace {

using Clock = std::chrono::steady_clock;
using kernels::HugeBuffer;
using kernels::ThreadPool;
using models::TokenId;

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double median(std::vector<double> values) { return kernels::spread_of(std::move(values)).median; }

std::size_t parameters_of(const models::Model& m) {
  std::size_t n = m.token_embd.rows * m.token_embd.cols + m.output_norm.size();
  if (m.output) n += m.output->rows * m.output->cols;
  for (const models::Layer& layer : m.layers) {
    for (const auto& slot : models::linear_slots()) {
      const models::Linear& linear = layer.*slot.linear;
      n += models::rows_of(linear) * models::cols_of(linear);
    }
    for (const auto& slot : models::norm_slots()) n += (layer.*slot.norm).size();
  }
  return n;
}

// The last part of a path, of a model that has no name of its own.
std::string name_in(const std::string& path) {
  const std::filesystem::path p(path);
  return (p.has_filename() ? p : p.parent_path()).filename().string();
}

bool is_ternary(const models::Model& m) {
  return !m.layers.empty() && std::holds_alternative<models::TernaryMatrix>(m.layers[0].attn_q);
}

// The most memory this process had (VmHWM of /proc/self/status), and its beginning anew; where the
// system does not let it, it is that since the program's start.
std::size_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) * 1024;
  return 0;
}
void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << '5'; }

std::vector<TokenId> random_tokens(std::size_t n, std::size_t vocab) {
  std::mt19937 rng(1);
  std::vector<TokenId> ids(n);
  for (TokenId& id : ids) id = static_cast<TokenId>(rng() % vocab);
  return ids;
}

// What bounds a case on so many threads; each chosen when it is first needed.
class Limits {
 public:
  Limits(const ModelBenchOptions& o, ThreadPool& pool, kernels::Isa isa, kernels::Datatype datatype)
      : o_(o), pool_(pool), isa_(isa), datatype_(datatype) {}

  // GB/s of one turn.
  double read(kernels::CpuTime& used) {
    if (read_ == nullptr) {
      const std::size_t bytes = (o_.limit_mb * 1'000'000 + kernels::kLineBytes - 1) /
                                kernels::kLineBytes * kernels::kLineBytes;
      kernels::require_memory(bytes, "the memory of --limit-mb");
      buffer_ = HugeBuffer(bytes, HugeBuffer::Pages::kHuge, pool_, "the plain read");
      const auto fill = [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i)
          buffer_.data()[i] = static_cast<std::uint8_t>(i * 37 + i / 4096);
      };
      pool_.parallel_for(bytes, 4096, std::cref(fill));
      read_ = &kernels::fastest_read(pool_, buffer_.data(), bytes, o_.limit_time_s / 4, 3);
      passes_ = kernels::passes_for(pool_, *read_, buffer_.data(), bytes, o_.limit_time_s);
    }
    const double seconds =
        kernels::time_read(pool_, *read_, buffer_.data(), buffer_.size(), passes_, &used);
    return static_cast<double>(buffer_.size() * passes_) / 1e9 / seconds;
  }

  // GMAC/s of one turn.
  double peak(kernels::CpuTime& used) {
    if (peak_ == nullptr) {
      double best = 0;
      const auto loops = kernels::peak_loops_for(isa_, datatype_);
      for (const kernels::PeakLoop* loop : loops) {
        // The instructions of the newest ISA, which the kernels are made of: older ones may count
        // products alone, without their sum (vpmaddubsw).
        if (std::any_of(loops.begin(), loops.end(), [&](const kernels::PeakLoop* other) {
              return other->isa != loop->isa && kernels::contains(other->isa, loop->isa);
            }))
          continue;
        const std::size_t rounds = kernels::rounds_for(pool_, *loop, o_.limit_time_s / 4);
        std::vector<double> rates;
        for (int i = 0; i < 3; ++i) rates.push_back(rate(*loop, rounds, nullptr));
        if (median(rates) <= best) continue;
        best = median(rates);
        peak_ = loop;
      }
      if (peak_ == nullptr) return 0;
      rounds_ = kernels::rounds_for(pool_, *peak_, o_.limit_time_s);
    }
    return rate(*peak_, rounds_, &used);
  }

  std::string read_loop() const { return read_ == nullptr ? "" : std::string(read_->name); }
  std::string peak_loop() const { return peak_ == nullptr ? "" : std::string(peak_->name); }

 private:
  double rate(const kernels::PeakLoop& loop, std::size_t rounds, kernels::CpuTime* used) {
    const double macs = static_cast<double>(loop.macs) * static_cast<double>(rounds) *
                        static_cast<double>(pool_.threads());
    return macs / 1e9 / kernels::time_peak(pool_, loop, rounds, used);
  }

  const ModelBenchOptions& o_;
  ThreadPool& pool_;
  kernels::Isa isa_;
  kernels::Datatype datatype_;
  HugeBuffer buffer_;
  const kernels::Kernel<kernels::ReadFn>* read_ = nullptr;
  const kernels::PeakLoop* peak_ = nullptr;
  std::size_t passes_ = 1, rounds_ = 1;
};

// A model on so many threads in one layout.
class Run {
 public:
  Run(const ModelBenchOptions& o, const std::string& path, const EngineOptions& engine,
      const std::function<bool()>& stop)
      : o_(o), stop_(stop) {
    reset_peak_memory();
    const auto begin = Clock::now();
    model_ = models::load_checkpoint(path, engine.load);
    engine_ = make_engine(engine, *model_, [this] { return !stop_(); });
    base_.load_s = since(begin);
    base_.model = model_->config.name.empty() ? name_in(path) : model_->config.name;
    base_.path = path;
    base_.layout = engine_.layout;
    base_.kv = engine.kv;
    base_.architecture = model_->config.architecture;
    base_.model_bytes = models::weight_file_bytes(path);
    base_.parameters = parameters_of(*model_);
    base_.threads = engine_.pool->threads();
    base_.isa = engine_.isa;
    const TokenId first = 0;
    engine_.decoder->forward_top(std::span(&first, 1), 1);
    base_.first_token_s = since(begin);
    if (engine_.cpu != nullptr) engine_.cpu->settle();
  }

  // Each case once, the long part of it: nothing is left that only the first pass does.
  bool warm_up(const std::vector<ModelBenchCase>& cases) {
    for (ModelBenchCase c : cases) {
      c.generate = std::min<std::size_t>(c.generate, 1);
      if (!pass(c)) return false;
    }
    return true;
  }
  void note_memory() { base_.peak_bytes = peak_memory(); }

  bool measure(const ModelBenchCase& c, ModelBenchRecord& r) {
    if (!limits_)
      limits_.emplace(o_, *engine_.pool, engine_.isa,
                      is_ternary(*model_) ? kernels::Datatype::kInt8 : kernels::Datatype::kFp32);
    r = base_;
    r.test = c;
    std::vector<double> limits, shares;
    kernels::CpuTime used;
    if (!fill_to(c.depth)) return false;
    engine_.transformer->reset_times();
    for (int i = 0; i < o_.repetitions; ++i) {
      const double limit = c.prompt != 0 ? limits_->peak(used) : limits_->read(used);
      const auto seconds = pass(c);
      if (!seconds) return false;
      r.times_s.push_back(*seconds);
      r.counts = engine_.transformer->counts();
      const double done = (c.prompt != 0 ? r.macs() : r.bytes_moved()) / 1e9 / *seconds;
      limits.push_back(limit);
      shares.push_back(limit > 0 ? done / limit : 0);
    }
    r.times = engine_.transformer->times();
    r.limit = median(limits);
    r.share = median(shares);
    r.limit_loop = c.prompt != 0 ? limits_->peak_loop() : limits_->read_loop();
    r.cpus = used.wall_s > 0 ? used.cpus() : 0;
    return true;
  }

 private:
  // Both false when they were ended.
  bool fill_to(std::size_t depth) {
    models::Decoder& d = *engine_.decoder;
    d.truncate(std::min(d.position(), depth));
    if (d.position() == depth) return true;
    d.truncate(0);
    return read(random_tokens(depth, model_->config.vocab));
  }
  bool read(std::span<const TokenId> ids) {
    const auto last = models::append_but_last(*engine_.decoder, ids, [this] { return !stop_(); });
    if (last) engine_.decoder->forward_top(*last, 1);
    return last.has_value();
  }

  // Seconds of the case, its counts in the transformer; nothing when it was ended.
  std::optional<double> pass(const ModelBenchCase& c) {
    if (!fill_to(c.depth)) return {};
    models::Decoder& d = *engine_.decoder;
    engine_.transformer->reset_counts();
    if (c.prompt != 0) {
      const auto ids = random_tokens(c.prompt, model_->config.vocab);
      if (stop_()) return {};
      const auto begin = Clock::now();
      if (!read(ids)) return {};
      return since(begin);
    }
    models::Sampler greedy({});
    TokenId id = 0;
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < c.generate; ++i) {
      if (stop_()) return {};
      id = greedy.pick(d.forward_top(std::span(&id, 1), greedy.wanted()));
    }
    return since(begin);
  }

  const ModelBenchOptions& o_;
  const std::function<bool()>& stop_;
  std::unique_ptr<const models::Model> model_;
  Engine engine_;
  ModelBenchRecord base_;
  std::optional<Limits> limits_;
};

}  // namespace

std::string ModelBenchCase::name() const {
  return (prompt != 0 ? fmt::format("pp{}", prompt) : fmt::format("tg{}", generate)) +
         (depth != 0 ? fmt::format(" @ d{}", depth) : "");
}

double ModelBenchRecord::bytes_moved() const {
  return static_cast<double>(counts.linear_weight_bytes + counts.head_weight_bytes +
                             counts.kv_read_bytes + counts.kv_write_bytes);
}

double ModelBenchRecord::macs() const {
  return static_cast<double>(counts.ternary_macs + counts.fp16_macs + counts.head_macs);
}

double ModelBenchRecord::median_s() const { return median(times_s); }

double ModelBenchRecord::rate_median() const {
  return static_cast<double>(test.tokens()) / median_s();
}

double ModelBenchRecord::rate_mean() const {
  double sum = 0;
  for (const double s : times_s) sum += static_cast<double>(test.tokens()) / s;
  return sum / static_cast<double>(times_s.size());
}

double ModelBenchRecord::rate_deviation() const {
  if (times_s.size() < 2) return 0;
  double sum = 0;
  for (const double s : times_s) {
    const double off = static_cast<double>(test.tokens()) / s - rate_mean();
    sum += off * off;
  }
  return std::sqrt(sum / static_cast<double>(times_s.size() - 1));
}

double ModelBenchRecord::achieved() const {
  return (test.prompt != 0 ? macs() : bytes_moved()) / 1e9 / median_s();
}

std::vector<ModelBenchCase> plan_model_bench(const ModelBenchOptions& o) {
  for (const unsigned n : o.threads) check_threads(n);
  std::vector<ModelBenchCase> cases;
  for (const std::size_t depth : o.depths) {
    for (const std::size_t n : o.prompts)
      if (n != 0) cases.push_back({.prompt = n, .generate = 0, .depth = depth});
    for (const std::size_t n : o.generate)
      if (n != 0) cases.push_back({.prompt = 0, .generate = n, .depth = depth});
  }
  if (cases.empty()) throw std::runtime_error("-p and -n: nothing is left to measure");
  return cases;
}

bool run_model_bench(const ModelBenchOptions& o, const std::function<bool()>& stop,
                     const std::function<void(const std::string&)>& say,
                     const std::function<void(const ModelBenchRecord&)>& done) {
  const std::vector<ModelBenchCase> cases = plan_model_bench(o);
  // Of all models, before the first is measured.
  for (const std::string& path : o.models) {
    const models::Config config = models::read_config(path, EngineOptions().load);
    for (const ModelBenchCase& c : cases)
      if (c.depth + c.tokens() > config.context)
        throw std::runtime_error(
            fmt::format("{}: {} needs a context of {} tokens, the model's holds {} (-p, -n, -d)",
                        path, c.name(), c.depth + c.tokens(), config.context));
  }
  try {
    for (const std::string& path : o.models)
      for (const std::string& layout : o.layouts)
        for (const std::string& kv : o.kv)
          for (const unsigned threads : o.threads) {
            if (stop()) return false;
            say(fmt::format("{}: loading for {} threads, layout {}, kv {}", path, threads,
                            layout.empty() ? "as suits the CPU" : layout, kv));
            EngineOptions engine;
            engine.threads = threads;
            engine.layout = layout;
            engine.kv = kv;
            engine.isa = o.isa;
            Run run(o, path, engine, stop);
            if (o.warm_up && !run.warm_up(cases)) return false;
            run.note_memory();
            for (const ModelBenchCase& c : cases) {
              say(fmt::format("{}: {}", path, c.name()));
              ModelBenchRecord record;
              if (!run.measure(c, record)) return false;
              done(record);
            }
          }
  } catch (const models::Interrupted&) {
    return false;
  }
  return true;
}

}  // namespace tern::experiments
