// SPDX-License-Identifier: Apache-2.0

#include "models/convert_matrix.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "kernels/bf16.h"
#include "kernels/f16.h"
#include "kernels/quantize.h"
#include "models/packing.h"
#include "models/whole_file.h"

namespace tern::models {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{8} << 20;  // of dense rows at a time

using Floats = std::vector<float>;

// [rows, cols] in the source's order. Throws where a mapping is no longer what was found sound.
std::vector<std::int8_t> all_trits(const TernaryMatrix& w, kernels::ThreadPool& pool) {
  std::vector<std::int8_t> trits(w.rows * w.cols);
  std::mutex mutex;
  std::string problem;
  pool.parallel_for(w.rows, row_multiple(w), [&](std::size_t begin, std::size_t end) {
    try {
      unpack_rows(w, begin, end, trits.data() + begin * w.cols);
    } catch (const std::runtime_error& e) {
      const std::lock_guard lock(mutex);
      problem = e.what();
    }
  });
  if (!problem.empty()) throw std::runtime_error(problem);
  return trits;
}

Floats all_floats(const DenseMatrix& w, kernels::ThreadPool& pool) {
  Floats values(w.rows * w.cols);
  pool.parallel_for(w.rows, 1, [&](std::size_t begin, std::size_t end) {
    w.format->unpack(w.data + begin * w.row_bytes(), (end - begin) * w.cols,
                     values.data() + begin * w.cols);
  });
  return values;
}

template <typename T>
std::vector<T> in_order(std::vector<T> rows, std::size_t cols, const RowOrder& order) {
  if (order.same()) return rows;
  std::vector<T> moved(rows.size());
  for (std::size_t r = 0; r < rows.size() / cols; ++r)
    std::copy_n(rows.data() + order.source_row(r) * cols, cols, moved.data() + r * cols);
  return moved;
}

void give_back(const Linear& matrix) {
  if (const auto* t = std::get_if<TernaryMatrix>(&matrix); t != nullptr && t->mapped)
    drop_pages(t->bytes.data(), t->bytes.size());
  if (const auto* d = std::get_if<DenseMatrix>(&matrix); d != nullptr && d->mapped)
    drop_pages(d->data, d->bytes());
}

// The trits of either kind of matrix, in the order wanted; the scale is `gamma`.
kernels::Trits trits_of(const Linear& matrix, float gamma, const RowOrder& order,
                        kernels::ThreadPool& pool) {
  kernels::Trits t{{}, gamma};
  if (const auto* w = std::get_if<TernaryMatrix>(&matrix)) {
    t.trits = all_trits(*w, pool);
  } else {
    const auto& d = std::get<DenseMatrix>(matrix);
    const Floats values = all_floats(d, pool);
    t.trits.resize(values.size());
    pool.parallel_for(d.rows, 1, [&](std::size_t begin, std::size_t end) {
      kernels::ternarize(values.data() + begin * d.cols, (end - begin) * d.cols, gamma,
                         t.trits.data() + begin * d.cols);
    });
  }
  give_back(matrix);
  t.trits = in_order(std::move(t.trits), cols_of(matrix), order);
  return t;
}

float gamma_of(const Linear& matrix, kernels::ThreadPool& pool) {
  if (const auto* w = std::get_if<TernaryMatrix>(&matrix)) return w->gamma;
  const Floats values = all_floats(std::get<DenseMatrix>(matrix), pool);
  give_back(matrix);
  return kernels::absmean(values.data(), values.size());
}

std::uint64_t count_changed(const kernels::Trits& a, const kernels::Trits& b) {
  std::uint64_t changed = 0;
  for (std::size_t i = 0; i < a.trits.size(); ++i) changed += a.trits[i] != b.trits[i] ? 1 : 0;
  return changed;
}

std::span<const std::byte> bytes_of(const std::vector<std::uint8_t>& bytes) {
  return std::as_bytes(std::span(bytes));
}

void ternary_to_ternary(const Linear& matrix, const RowOrder& order,
                        const kernels::TernaryFormat& format, float gamma,
                        kernels::ThreadPool& pool, MatrixReport& report, const EmitBytes& emit) {
  const std::size_t rows = rows_of(matrix), cols = cols_of(matrix);
  const kernels::Trits t = trits_of(matrix, gamma, order, pool);
  const auto packed = kernels::pack_tensor(format, t, rows, cols, report.name);
  const kernels::Trits back = kernels::unpack_tensor(format, packed, rows, cols, report.name);
  report.scale_written = format.has_scale ? back.scale : gamma;
  report.trits_changed = count_changed(t, back);
  report.max_error = std::fabs(static_cast<double>(report.scale_written) - gamma);
  report.bytes = packed.size();
  emit(bytes_of(packed));
}

// Masters: 0, and two neighbouring bfloat16 values of either sign in the number that makes the
// mean |W|, summed as the readers do, gamma again; none is much below gamma, so that each rounds to
// its trit.
void ternary_to_masters(const Linear& matrix, const RowOrder& order, float gamma,
                        kernels::ThreadPool& pool, MatrixReport& report, const EmitBytes& emit) {
  const kernels::Trits t = trits_of(matrix, gamma, order, pool);
  const std::size_t n = t.trits.size();
  const auto nonzero = static_cast<std::size_t>(
      n - static_cast<std::size_t>(std::count(t.trits.begin(), t.trits.end(), 0)));
  std::vector<kernels::bf16> words(n);
  if (nonzero != 0) {
    const double wanted = static_cast<double>(gamma) * static_cast<double>(n);  // the sum
    float low_value;
    kernels::bf16 low =
        kernels::f32_to_bf16(static_cast<float>(wanted / static_cast<double>(nonzero)));
    while (kernels::bf16_to_f32(low) * static_cast<double>(nonzero) > wanted) --low;
    low_value = kernels::bf16_to_f32(low);
    const double step =
        static_cast<double>(kernels::bf16_to_f32(static_cast<kernels::bf16>(low + 1))) - low_value;
    auto higher = static_cast<std::size_t>(std::llround(
        (wanted - static_cast<double>(low_value) * static_cast<double>(nonzero)) / step));
    for (std::size_t i = 0; i < n; ++i) {
      if (t.trits[i] == 0) continue;
      const auto magnitude = static_cast<kernels::bf16>(higher > 0 ? low + 1 : low);
      if (higher > 0) --higher;
      words[i] = static_cast<kernels::bf16>(magnitude | (t.trits[i] < 0 ? 0x8000 : 0));
    }
  }
  Floats values(n);
  kernels::bf16_to_f32(words.data(), n, values.data());
  kernels::Trits back{std::vector<std::int8_t>(n), kernels::absmean(values.data(), n)};
  kernels::ternarize(values.data(), n, back.scale, back.trits.data());
  report.scale_written = back.scale;
  report.trits_changed = count_changed(t, back);
  report.max_error = std::fabs(static_cast<double>(back.scale) - gamma);
  report.bytes = n * sizeof(kernels::bf16);
  emit(std::as_bytes(std::span(words)));
}

// Rows of floats through `fill(row of the source, values)`, packed a chunk at a time.
void floats_to_dense(const Linear& matrix, const RowOrder& order,
                     const kernels::DenseFormat& format,
                     const std::function<void(std::size_t, float*)>& fill,
                     kernels::ThreadPool& pool, MatrixReport& report, const EmitBytes& emit) {
  const std::size_t rows = rows_of(matrix), cols = cols_of(matrix);
  const std::size_t row_bytes = format.bytes(cols);
  const std::size_t chunk = std::max<std::size_t>(1, kChunkBytes / row_bytes);
  std::vector<std::uint8_t> packed;
  std::mutex mutex;
  std::atomic<bool> sound = true;
  for (std::size_t begin = 0; begin < rows; begin += chunk) {
    const std::size_t some = std::min(chunk, rows - begin);
    packed.resize(some * row_bytes);
    pool.parallel_for(some, 1, [&](std::size_t first, std::size_t last) {
      Floats values(cols), back(cols);
      double most = 0;
      for (std::size_t r = first; r < last; ++r) {
        fill(order.source_row(begin + r), values.data());
        std::uint8_t* out = packed.data() + r * row_bytes;
        format.pack(values.data(), cols, out);
        if (!format.sound(out, cols)) sound = false;
        format.unpack(out, cols, back.data());
        for (std::size_t c = 0; c < cols; ++c)
          most = std::max(most, std::fabs(static_cast<double>(values[c]) - back[c]));
      }
      const std::lock_guard lock(mutex);
      report.max_error = std::max(report.max_error, most);
    });
    if (!sound)
      throw std::runtime_error(report.name + ": holds a weight that is too large for " +
                               std::string(format.name));
    report.bytes += packed.size();
    emit(bytes_of(packed));
  }
  give_back(matrix);
}

void copy_dense(const DenseMatrix& w, const RowOrder& order, MatrixReport& report,
                const EmitBytes& emit) {
  report.bytes = w.bytes();
  if (order.same()) {
    emit(std::as_bytes(std::span(w.data, w.bytes())));
  } else {
    for (std::size_t r = 0; r < w.rows; ++r)
      emit(std::as_bytes(std::span(w.data + order.source_row(r) * w.row_bytes(), w.row_bytes())));
  }
  give_back(w);
}

}  // namespace

std::size_t RowOrder::source_row(std::size_t row) const {
  if (same()) return row;
  const std::size_t half = head_dim / 2, at = row % head_dim, head = row - at;
  if (to == RopePairing::kAdjacent) return head + at / 2 + (at % 2) * half;
  return head + (at < half ? 2 * at : 2 * (at - half) + 1);
}

bool is_dense_format(std::string_view name) noexcept {
  const auto formats = kernels::dense_formats();
  return std::any_of(formats.begin(), formats.end(),
                     [&](const kernels::DenseFormat& f) { return f.name == name; });
}

std::string_view format_name(const Linear& matrix) {
  if (const auto* d = std::get_if<DenseMatrix>(&matrix)) return d->format->name;
  const auto* format = std::get<TernaryMatrix>(matrix).format;
  return format == nullptr ? "i2_s" : format->name;
}

MatrixStream convert_matrix(const Linear& borrowed, const RowOrder& order,
                            const std::string& format, bool ternarize, kernels::ThreadPool& pool,
                            MatrixReport& report) {
  const auto kept = std::make_shared<const Linear>(borrowed);  // where it lies is the caller's
  const Linear& matrix = *kept;
  const std::size_t rows = rows_of(matrix), cols = cols_of(matrix);
  report.name = name_of(matrix);
  report.from = format_name(matrix);
  report.from_ternary = std::holds_alternative<TernaryMatrix>(matrix);
  report.to = format;
  report.rows = rows;
  report.cols = cols;
  MatrixStream stream{format, rows, cols, 0, {}};
  const auto* dense = std::get_if<DenseMatrix>(&matrix);
  const auto* ternary = std::get_if<TernaryMatrix>(&matrix);
  if (is_dense_format(format)) {
    const kernels::DenseFormat& to = kernels::dense_format(format);
    if (const std::string problem = kernels::multiple_problem("columns", to.block, cols);
        !problem.empty())
      throw std::runtime_error("tensor " + report.name + ": " + format + " " + problem);
    if (dense != nullptr && dense->format == &to) {
      stream.produce = [kept, dense, order, &report](const EmitBytes& emit) {
        copy_dense(*dense, order, report, emit);
      };
    } else if (dense != nullptr) {
      stream.produce = [kept, dense, order, &to, &pool, &report](const EmitBytes& emit) {
        const auto fill = [dense](std::size_t row, float* values) {
          dense->format->unpack(dense->data + row * dense->row_bytes(), dense->cols, values);
        };
        floats_to_dense(*kept, order, to, fill, pool, report, emit);
      };
    } else {
      stream.produce = [kept, ternary, order, &to, &pool, &report](const EmitBytes& emit) {
        const std::vector<std::int8_t> trits = all_trits(*ternary, pool);
        const auto fill = [&](std::size_t row, float* values) {
          for (std::size_t c = 0; c < ternary->cols; ++c)
            values[c] = ternary->gamma * static_cast<float>(trits[row * ternary->cols + c]);
        };
        floats_to_dense(*kept, order, to, fill, pool, report, emit);
      };
    }
    return stream;
  }
  if (dense != nullptr && !ternarize)
    throw std::runtime_error("tensor " + report.name + ": is " + report.from +
                             "; to quantise it to " + format + ", ask with --ternarize");
  report.ternary = true;
  if (format != kMasterFormat)
    kernels::check_shape(kernels::ternary_format(format), rows, cols, "tensor " + report.name);
  stream.gamma = report.scale = gamma_of(matrix, pool);
  if (!std::isfinite(stream.gamma))
    throw std::runtime_error("tensor " + report.name + ": the scale is not finite");
  stream.produce = [kept, order, format, gamma = stream.gamma, &pool,
                    &report](const EmitBytes& emit) {
    if (format == kMasterFormat)
      ternary_to_masters(*kept, order, gamma, pool, report, emit);
    else
      ternary_to_ternary(*kept, order, kernels::ternary_format(format), gamma, pool, report, emit);
  };
  return stream;
}

}  // namespace tern::models
