// SPDX-License-Identifier: Apache-2.0
//
// State space: the largest results by the screen against all results, bit by bit: heads with rows
// alike, of very different lengths, equal to each other, and one that no screen can narrow down;
// inputs ordinary and along a row; k from 1 to many; every dense format, ISA and 1 to 3 threads.
// Parameters: heads, formats, k.

#include "models/screened_head.h"

#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <numeric>
#include <vector>

#include "models/cpu_engine.h"
#include "models/whole_file.h"
#include "tests/models/temp_folder.h"
#include "tests/models/tiny_model.h"

namespace tern::models {
namespace {

constexpr std::size_t kRows = 4200, kCols = 1024;  // no whole panels

enum class Head { kAlike, kLengths, kTwins, kConstant };

std::vector<float> weights(Head head, unsigned seed) {
  std::mt19937 rng(seed);
  std::vector<float> w = noise(rng, kRows * kCols, 0.02f);
  for (std::size_t r = 0; r < kRows; ++r) {
    float* row = w.data() + r * kCols;
    if (head == Head::kLengths) {
      const float length = std::exp(2 * noise(rng, 1, 1.0f)[0]);
      for (std::size_t i = 0; i < kCols; ++i) row[i] *= length;
    }
    if (head == Head::kTwins && r % 3 != 0) std::copy_n(w.data() + r / 3 * 3 * kCols, kCols, row);
    if (head == Head::kConstant) std::copy_n(w.data(), kCols, row);
  }
  return w;
}

struct Matrix {
  Matrix(const std::vector<float>& w, std::string_view format)
      : bytes(kernels::dense_format(format).bytes(w.size())) {
    kernels::dense_format(format).pack(w.data(), w.size(), bytes.data());
    view = {"head", kRows, kCols, &kernels::dense_format(format), bytes.data()};
  }
  std::vector<std::uint8_t> bytes;
  DenseMatrix view;
};

// All results, and the k-th largest of them.
struct All {
  All(CpuEngine& engine, const DenseMatrix& w, const std::vector<float>& x) : results(kRows) {
    engine.dense(w, x.data(), 1, results.data());
    sorted = results;
    std::sort(sorted.rbegin(), sorted.rend());
  }
  std::vector<float> results, sorted;
};

void check(const LargestRows& got, const All& all, std::size_t k) {
  REQUIRE(got.rows.size() == got.results.size());
  REQUIRE(std::is_sorted(got.rows.begin(), got.rows.end()));
  std::size_t reaching = 0;
  for (std::size_t i = 0; i < got.rows.size(); ++i) {
    REQUIRE(got.results[i] == all.results[got.rows[i]]);
    if (got.results[i] >= all.sorted[k - 1]) ++reaching;
  }
  CHECK(reaching ==
        static_cast<std::size_t>(std::count_if(all.results.begin(), all.results.end(),
                                               [&](float v) { return v >= all.sorted[k - 1]; })));
}

TEST_CASE("the largest results come whole and exact", "[models]") {
  const Head head = GENERATE(Head::kAlike, Head::kLengths, Head::kTwins);
  const Matrix w(weights(head, 1), "f16");
  kernels::ThreadPool pool(2);
  CpuEngine engine(kernels::selected_isa(), pool);
  const DenseProduct product(kernels::selected_isa());
  ScreenedHead screen(w.view, product, kernels::selected_isa(), pool);
  screen.grow(w.view.rows);
  std::size_t looked_twice = 0, exact = 0;
  for (unsigned seed = 0; seed < 8; ++seed) {
    std::mt19937 rng(seed);
    std::vector<float> x = noise(rng, kCols, seed == 7 ? 1e6f : 1.0f);
    if (seed % 4 == 3)  // along a row
      for (std::size_t i = 0; i < kCols; ++i)
        x[i] += 50 * kernels::f16_to_f32(w.view.view<kernels::f16>().data[77 * kCols + i]);
    if (seed % 4 == 2)  // a few columns carry nearly all
      for (std::size_t i = 3; i < kCols; i += 200) x[i] *= 300;
    const All all(engine, w.view, x);
    for (const std::size_t k : {1, 2, 40, 200}) {
      INFO("head " << static_cast<int>(head) << " seed " << seed << " k " << k);
      LargestRows got;
      if (!screen.largest(x.data(), k, got)) {
        CHECK(k > 1);
        continue;
      }
      check(got, all, k);
      CHECK(got.work.exact_rows >= got.rows.size());
      CHECK(got.work.bytes > 0);
      looked_twice += got.work.fine_rows;
      exact += got.work.exact_rows;
    }
  }
  CHECK(exact < 8 * 4 * kRows / 4);
  if (head == Head::kAlike) CHECK(looked_twice > 0);
}

TEST_CASE("a screen that grows gives what the whole one gives", "[models]") {
  const Head head = GENERATE(Head::kLengths, Head::kTwins);
  const Matrix w(weights(head, 3), "f16");
  kernels::ThreadPool pool(2);
  CpuEngine engine(kernels::selected_isa(), pool);
  const DenseProduct product(kernels::selected_isa());
  ScreenedHead screen(w.view, product, kernels::selected_isa(), pool);
  LargestRows got;
  std::size_t steps = 0, bytes = ~std::size_t{0};
  for (; !screen.complete(); ++steps) {
    screen.grow(kRows / 5 + 1);
    std::mt19937 rng(static_cast<unsigned>(steps));
    std::vector<float> x = noise(rng, kCols, 1.0f);
    for (std::size_t i = 0; i < kCols; ++i)  // along the last row, which is screened last
      if (steps % 2 == 1)
        x[i] += 50 * kernels::f16_to_f32(w.view.view<kernels::f16>().data[(kRows - 1) * kCols + i]);
    const All all(engine, w.view, x);
    for (const std::size_t k : {1, 7}) {
      INFO("step " << steps << " k " << k);
      REQUIRE(screen.largest(x.data(), k, got));
      check(got, all, k);
    }
    CHECK(got.work.bytes < bytes);
    bytes = got.work.bytes;
  }
  CHECK(steps >= 4);
}

TEST_CASE("a screen that narrows nothing down says so", "[models]") {
  const Matrix w(weights(Head::kConstant, 2), "f16");
  kernels::ThreadPool pool(2);
  const DenseProduct product(kernels::selected_isa());
  ScreenedHead screen(w.view, product, kernels::selected_isa(), pool);
  screen.grow(w.view.rows);
  std::mt19937 rng(1);
  const std::vector<float> x = noise(rng, kCols, 1.0f);
  LargestRows got;
  got.rows = {5};
  CHECK_FALSE(screen.largest(x.data(), 1, got));
  CHECK(got.rows.empty());
  CHECK(got.work.bytes > kRows * kCols / 2);
  CHECK(got.work.fine_rows == kRows);
  for (const std::size_t k : {std::size_t{0}, kRows}) {
    CHECK_FALSE(screen.largest(x.data(), k, got));
    CHECK(got.work.bytes == 0);
  }
}

TEST_CASE("an engine whose screen was in vain goes without it for a while", "[models]") {
  const Matrix w(weights(Head::kConstant, 2), "f16");
  kernels::ThreadPool pool(1);
  CpuEngine engine(kernels::selected_isa(), pool);
  std::mt19937 rng(1);
  const std::vector<float> x = noise(rng, kCols, 1.0f);
  std::vector<bool> tried;
  for (int i = 0; i < 40; ++i) {
    LargestRows got;
    CHECK_FALSE(engine.largest(w.view, x.data(), 1, got));
    tried.push_back(got.work.bytes != 0);
  }
  CHECK_FALSE(tried[0]);  // the first time all is read
  CHECK(tried[1]);
  CHECK(std::count(tried.begin(), tried.end(), true) == 3);
  CHECK(tried[17]);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they take all addresses
TEST_CASE("an engine that has no memory for a screen goes without it", "[models]") {
  const Matrix w(weights(Head::kLengths, 2), "f16");
  kernels::ThreadPool pool(1);
  CpuEngine engine(kernels::selected_isa(), pool);
  std::mt19937 rng(1);
  const std::vector<float> x = noise(rng, kCols, 1.0f);
  LargestRows got;
  CHECK_FALSE(engine.largest(w.view, x.data(), 1, got));  // the first time all is read
  rlimit before{};
  getrlimit(RLIMIT_AS, &before);
  const rlimit tight{std::size_t{1} << 20, before.rlim_max};  // less than there is already
  REQUIRE(setrlimit(RLIMIT_AS, &tight) == 0);
  bool done = true, threw = false;
  try {
    done = engine.largest(w.view, x.data(), 1, got);
  } catch (const std::exception&) {
    threw = true;
  }
  setrlimit(RLIMIT_AS, &before);
  CHECK_FALSE(threw);
  CHECK_FALSE(done);
  CHECK_FALSE(engine.largest(w.view, x.data(), 1, got));  // nor does it ask again
  CHECK(got.work.bytes == 0);
}
#endif

TEST_CASE("rows of a mapped file are read of it, and missed when it has shrunk", "[models]") {
  const Matrix w(weights(Head::kLengths, 6), "f16");
  const TempFolder folder;
  const std::string path = folder.file("head");
  write_whole_file(path,
                   std::string_view(reinterpret_cast<const char*>(w.bytes.data()), w.bytes.size()));
  const MappedFile file = map_file(path);
  DenseMatrix mapped = w.view;
  mapped.data = reinterpret_cast<const std::uint8_t*>(file.bytes.data());
  mapped.mapped = true;
  kernels::ThreadPool pool(2);
  CpuEngine engine(kernels::selected_isa(), pool);
  const DenseProduct product(kernels::selected_isa());
  ScreenedHead screen(mapped, product, kernels::selected_isa(), pool);
  screen.grow(mapped.rows);
  std::mt19937 rng(3);
  const std::vector<float> x = noise(rng, kCols, 1.0f);
  LargestRows got;
  REQUIRE(screen.largest(x.data(), 3, got));
  check(got, All(engine, w.view, x), 3);
  std::filesystem::resize_file(path, 100);
  CHECK_THROWS_WITH(screen.largest(x.data(), 3, got), Catch::Contains("head: its file"));
}

TEST_CASE("an input of zeros makes all results equal", "[models]") {
  const Matrix w(weights(Head::kAlike, 3), "f16");
  kernels::ThreadPool pool(1);
  const DenseProduct product(kernels::selected_isa());
  ScreenedHead screen(w.view, product, kernels::selected_isa(), pool);
  screen.grow(w.view.rows);
  const std::vector<float> x(kCols);
  LargestRows got;
  CHECK_FALSE(screen.largest(x.data(), 1, got));
}

TEST_CASE("the largest results depend on format alone, not on ISA or threads", "[models]") {
  const auto values = weights(Head::kLengths, 4);
  std::mt19937 rng(2);
  const std::vector<float> x = noise(rng, kCols, 1.0f);
  for (const kernels::DenseFormat& format : kernels::dense_formats()) {
    if (kCols % format.block != 0) continue;
    INFO(format.name);
    const Matrix w(values, format.name);
    for (const kernels::Isa isa : kernels::all_isas()) {
      if (!kernels::host_has(isa)) continue;
      for (const unsigned threads : {1, 3}) {
        INFO(kernels::isa_name(isa) << " " << threads);
        kernels::ThreadPool pool(threads);
        CpuEngine engine(isa, pool);
        const All all(engine, w.view, x);
        LargestRows got;
        CHECK_FALSE(engine.largest(w.view, x.data(), 5, got));  // the first time all is read
        REQUIRE(engine.largest(w.view, x.data(), 5, got));
        check(got, all, 5);
      }
    }
  }
}

TEST_CASE("heads that a screen does not fit are left alone", "[models]") {
  const Matrix w(weights(Head::kAlike, 5), "f32");
  CHECK(ScreenedHead::fits(w.view));
  DenseMatrix small = w.view;
  small.rows = 100;
  CHECK_FALSE(ScreenedHead::fits(small));
  DenseMatrix odd = w.view;
  odd.cols = 1023;
  CHECK_FALSE(ScreenedHead::fits(odd));
}

}  // namespace
}  // namespace tern::models
