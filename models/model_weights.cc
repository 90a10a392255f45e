// SPDX-License-Identifier: Apache-2.0

#include "models/model_weights.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <stdexcept>
#include <thread>

#include "models/packing.h"
#include "models/whole_file.h"

namespace tern::models {
namespace {

constexpr std::size_t kMostThreads = 16;
constexpr std::size_t kBytesPerThread = std::size_t{1} << 20;  // what starting one is worth
constexpr std::size_t kCheckedBytes = std::size_t{1} << 22;    // of a dense matrix at a time

[[noreturn]] void not_finite(const std::string& label) {
  throw std::runtime_error(label + ": holds a value that is not finite");
}

void check_ternary(TernaryMatrix& w, const Label& label) {
  const float scale = kernels::check_tensor(*w.format, w.bytes, w.rows, w.cols, label(w.name));
  if (w.format->has_scale) w.gamma = scale;
  if (w.format->name != "i2_s") return;
  w.format = nullptr;
  w.bytes = w.bytes.first(w.t2_bytes());
}

void add_checks(DenseMatrix& w, const Label& label, std::vector<std::function<void()>>& tasks) {
  const std::size_t run = std::max<std::size_t>(kCheckedBytes / w.row_bytes(), 1);
  for (std::size_t r = 0; r < w.rows; r += run)
    tasks.emplace_back([&w, &label, run, r] {
      const std::size_t rows = std::min(run, w.rows - r);
      if (!w.format->sound(w.data + r * w.row_bytes(), rows * w.cols)) not_finite(label(w.name));
    });
}

std::size_t bytes_of(const Model& model) {
  std::size_t bytes = model.token_embd.bytes() + (model.output ? model.output->bytes() : 0);
  for (const Layer& layer : model.layers)
    for (const LinearSlot& slot : linear_slots()) {
      const Linear& linear = layer.*slot.linear;
      const auto* ternary = std::get_if<TernaryMatrix>(&linear);
      bytes += ternary != nullptr ? ternary->bytes.size() : std::get<DenseMatrix>(linear).bytes();
    }
  return bytes;
}

}  // namespace

void run_all(const std::vector<std::function<void()>>& tasks, std::size_t bytes) {
  std::vector<std::exception_ptr> errors(tasks.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&]() noexcept {
    for (std::size_t i; (i = next++) < tasks.size();) try {
        tasks[i]();
      } catch (...) {
        errors[i] = std::current_exception();
      }
  };
  const std::size_t wanted =
      std::min<std::size_t>({std::max(std::thread::hardware_concurrency(), 1u), kMostThreads,
                             tasks.size(), 1 + bytes / kBytesPerThread});
  std::vector<std::thread> threads;
  try {
    while (threads.size() + 1 < wanted) threads.emplace_back(work);
  } catch (const std::system_error&) {  // then with fewer
  }
  work();
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
}

void check_weights(Model& model, const Label& label) {
  std::vector<std::function<void()>> tasks;
  add_checks(model.token_embd, label, tasks);
  if (model.output) add_checks(*model.output, label, tasks);
  for (Layer& layer : model.layers)
    for (const LinearSlot& slot : linear_slots()) {
      Linear& linear = layer.*slot.linear;
      if (auto* dense = std::get_if<DenseMatrix>(&linear))
        add_checks(*dense, label, tasks);
      else
        tasks.emplace_back(
            [&w = std::get<TernaryMatrix>(linear), &label] { check_ternary(w, label); });
    }
  run_all(tasks, bytes_of(model));
}

void ternarize_linears(Model& model, const Label& label) {
  std::vector<std::function<void()>> tasks;
  std::vector<std::shared_ptr<std::vector<std::uint8_t>>> packed;
  for (Layer& layer : model.layers)
    for (const LinearSlot& slot : linear_slots()) {
      Linear& linear = layer.*slot.linear;
      if (!std::holds_alternative<DenseMatrix>(linear)) continue;
      const auto& bytes = packed.emplace_back(std::make_shared<std::vector<std::uint8_t>>());
      tasks.emplace_back([&linear, &label, bytes] {
        const DenseMatrix w = std::get<DenseMatrix>(linear);
        std::vector<float> floats(w.rows * w.cols);
        w.format->unpack(w.data, floats.size(), floats.data());
        PackedTernary t = pack_ternary(floats, w.rows, w.cols, label(w.name));
        if (w.mapped) drop_pages(w.data, w.bytes());
        *bytes = std::move(t.t2);
        linear = TernaryMatrix{w.name, w.rows, w.cols, t.gamma, *bytes};
      });
    }
  run_all(tasks, bytes_of(model));
  for (auto& bytes : packed) model.storage.push_back(std::move(bytes));
}

std::vector<float> read_floats(const kernels::DenseFormat& format, const std::uint8_t* data,
                               std::size_t n, const std::string& label) {
  if (!format.sound(data, n)) not_finite(label);
  std::vector<float> values(n);
  format.unpack(data, n, values.data());
  return values;
}

std::string shape_text(std::span<const std::uint64_t> shape) {
  std::string text = "[";
  for (const std::uint64_t extent : shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

}  // namespace tern::models
