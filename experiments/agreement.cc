// SPDX-License-Identifier: Apache-2.0

#include "experiments/agreement.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/hash.h"

namespace tern::experiments {
namespace {

std::string compare_tokens(const LevelResult& a, const LevelResult& b, Agreement& out) {
  if (a.prompt_tokens != b.prompt_tokens) return "the prompts' tokens differ";
  const std::size_t n = std::min(a.tokens.size(), b.tokens.size());
  for (std::size_t i = 0; i < n; ++i, ++out.tokens)
    if (a.tokens[i] != b.tokens[i])
      return fmt::format("token {}: {} has {}, {} has {}", i, a.label(), a.tokens[i], b.label(),
                         b.tokens[i]);
  if (a.tokens.size() != b.tokens.size())
    return fmt::format("{} has {} tokens, {} has {}", a.label(), a.tokens.size(), b.label(),
                       b.tokens.size());
  return "";
}

std::string compare_products(const LevelResult& a, const LevelResult& b, Agreement& out) {
  const std::size_t n = std::min(a.products.size(), b.products.size());
  for (std::size_t i = 0; i < n; ++i) {
    const Product &x = a.products[i], &y = b.products[i];
    if (x.tensor != y.tensor || x.tokens != y.tokens || x.dot_products != y.dot_products ||
        x.macs != y.macs)
      return fmt::format("product {}: {} computed {} for {} tokens, {} computed {} for {} tokens",
                         i, a.label(), x.tensor, x.tokens, b.label(), y.tensor, y.tokens);
    if (x.hash != y.hash)
      return fmt::format("product {}, {}, {} tokens: outputs differ, {} has hash {}, {} has {}", i,
                         x.tensor, x.tokens, a.label(), hex(x.hash), b.label(), hex(y.hash));
    ++out.products;
    out.dot_products += x.dot_products;
    out.macs += x.macs;
  }
  if (a.products.size() != b.products.size())
    return fmt::format("{} computed {} products, {} computed {}", a.label(), a.products.size(),
                       b.label(), b.products.size());
  if (n == 0) return "no product was observed";
  return "";
}

std::string compare_cycles(const LevelResult& a, const LevelResult& b, Agreement& out) {
  if (a.engine == "cpu" || b.engine == "cpu") return "";
  const std::size_t n = std::min(a.job_cycles.size(), b.job_cycles.size());
  for (std::size_t i = 0; i < n; ++i) {
    if (a.job_cycles[i] != b.job_cycles[i])
      return fmt::format("job {}: {} took {} cycles, {} took {}", i, a.label(), a.job_cycles[i],
                         b.label(), b.job_cycles[i]);
    ++out.jobs;
    out.cycles += a.job_cycles[i];
  }
  if (a.job_cycles.size() != b.job_cycles.size())
    return fmt::format("{} ran {} jobs, {} ran {}", a.label(), a.job_cycles.size(), b.label(),
                       b.job_cycles.size());
  if (n == 0) return "no job was timed";
  return "";
}

}  // namespace

Agreement compare_levels(const LevelResult& a, const LevelResult& b) {
  Agreement out;
  out.flavour = a.flavour;
  out.reference = a.label();
  out.level = b.label();
  // Products first: where integers differ, tokens differ only as a consequence.
  for (const auto compare : {compare_products, compare_tokens, compare_cycles}) {
    const std::string difference = compare(a, b, out);
    if (!difference.empty() && out.same) {
      out.same = false;
      out.difference = difference;
    }
  }
  if (a.flavour != b.flavour) {
    out.same = false;
    out.difference = "the checkpoints differ: " + a.flavour + " and " + b.flavour;
  }
  return out;
}

}  // namespace tern::experiments
