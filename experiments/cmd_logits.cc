// SPDX-License-Identifier: Apache-2.0
//
// tern logits: the logits after each token of a sequence, all of them, so that other programs can
// be held against this one. Nothing is put before --ids; --text is encoded as a prompt is.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <optional>
#include <stdexcept>

#include "experiments/commands.h"
#include "experiments/engine.h"
#include "experiments/hash.h"
#include "experiments/interrupt.h"
#include "experiments/number_option.h"
#include "experiments/output.h"
#include "experiments/output_option.h"
#include "experiments/provenance.h"
#include "experiments/token_ids.h"
#include "kernels/huge_buffer.h"
#include "models/checkpoint.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

struct Options {
  std::string model, ids, text, json;
  bool by_ids = false;  // else by the text
  std::size_t top = 5;
  EngineOptions engine;
};

// float32 in the fewest digits that read back as the same float.
void append_row(std::string& text, std::span<const float> row) {
  char separator = '[';
  for (const float v : row) {
    if (!std::isfinite(v)) throw std::runtime_error("a logit is not finite");
    fmt::format_to(std::back_inserter(text), "{}{}", separator, v);
    separator = ',';
  }
  text += ']';
}

void print_top(const Options& o, std::span<const float> row, const models::Tokenizer* tokenizer) {
  std::vector<models::TokenId> order(row.size());
  std::iota(order.begin(), order.end(), 0u);
  const std::size_t n = std::min(o.top, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(n), order.end(),
                    [&](auto a, auto b) { return row[a] != row[b] ? row[a] > row[b] : a < b; });
  std::string lines = fmt::format("{:>8} {:>14}{}\n", "token", "logit", tokenizer ? "  text" : "");
  for (std::size_t i = 0; i < n; ++i) {
    const models::TokenId id = order[i];
    lines += fmt::format("{:>8} {:>14}", id, row[id]);
    if (tokenizer != nullptr && id < tokenizer->size())
      lines += "  " + nlohmann::json(tokenizer->decode(std::span(&id, 1), true))
                          .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    lines += '\n';
  }
  print_out(lines);
}

void run(const Options& o) {
  models::check_outputs({{"--json", o.json}}, {o.model});
  const auto model = models::load_checkpoint(o.model, o.engine.load);
  const std::size_t vocab = model->config.vocab, context = model->config.context;
  // A model may come without a tokenizer: ids need none.
  const models::Tokenizer* tokenizer =
      model->tokenizer || !o.by_ids ? &tokenizer_of(*model, o.model) : nullptr;
  const std::vector<models::TokenId> ids =
      o.by_ids ? parse_ids(o.ids, vocab, "--ids") : tokenizer->encode(o.text, true);
  const char* option = o.by_ids ? "--ids" : "--text";
  if (ids.empty())
    throw std::runtime_error(o.by_ids ? "--ids: no token is named"
                                      : "--text: the text is empty, and the tokenizer adds no BOS "
                                        "token");
  if (ids.size() > context)
    throw std::runtime_error(fmt::format("{}: found {} tokens, the model's context holds {}",
                                         option, ids.size(), context));
  constexpr std::size_t kDigits = 16;  // of a logit and its comma, at most
  if (!o.json.empty())
    kernels::require_memory(ids.size() * vocab * kDigits, "the logits as text (fewer tokens help)");
  const Engine engine = make_engine(o.engine, *model);

  std::optional<EndOnInterrupt> interrupt(std::in_place);
  std::string rows;
  constexpr std::size_t kBatch = 64;
  std::vector<float> logits(std::min(ids.size(), kBatch) * vocab);
  std::span<const float> last;
  for (std::size_t at = 0; at < ids.size();) {
    const auto batch = std::span(ids).subspan(at, std::min(kBatch, ids.size() - at));
    engine.decoder->forward_all(batch, logits.data());
    for (std::size_t t = 0; t < batch.size(); ++t) {
      last = std::span(logits).subspan(t * vocab, vocab);
      if (o.json.empty()) continue;
      rows += at + t == 0 ? "" : ",\n";
      append_row(rows, last);
    }
    at += batch.size();
  }
  interrupt.reset();  // files are to be written whole
  print_out(fmt::format("after {} tokens of {}:\n", ids.size(), o.model));
  print_top(o, last, tokenizer);
  if (o.json.empty()) return;
  const nlohmann::ordered_json head = {
      {"schema", "tern.logits"},
      {"schema_version", 1},
      {"provenance", provenance()},
      {"model",
       {{"path", o.model}, {"name", model->config.name}, {"file_hash", hash_of_file(o.model)}}},
      {"config_hash", config_hash(model->config)},
      {"engine", engine.name},
      {"isa", kernels::isa_name(engine.isa)},
      {"layout", engine.layout},
      {"threads", engine.pool->threads()},
      {"tokens", ids},
      {"shape", {ids.size(), vocab}}};
  std::string text = head.dump(1, ' ', false, nlohmann::json::error_handler_t::replace);
  text.erase(text.rfind('\n'));  // and the closing brace
  text += ",\n \"logits\": [";
  models::write_whole_file(o.json, std::vector<std::string_view>{text, rows, "]\n}\n"});
}

}  // namespace

void add_logits(CLI::App& app) {
  auto o = std::make_shared<Options>();
  CLI::App* cmd = app.add_subcommand("logits", "The logits after each token of a sequence");
  cmd->add_option("model", o->model, "Checkpoint: GGUF file or Hugging Face directory")->required();
  CLI::Option* ids = cmd->add_option("--ids", o->ids, "Its tokens: 1,2,3; nothing is added");
  CLI::Option* text =
      cmd->add_option("--text", o->text, "Or a text, encoded as tern generate encodes its prompt");
  ids->excludes(text);
  cmd->add_option("--top", o->top, "How many of the last logits to show, the largest ones")
      ->capture_default_str();
  o->engine.kv = "f32";  // exact
  add_engine_options(*cmd, o->engine);
  add_output(*cmd, "--json", o->json,
             "Write all logits here: {\"shape\":[tokens,vocab],\"logits\":"
             "[[...],...]}, float32 that reads back exactly");
  cmd->callback([o, ids, text] {
    if (ids->count() + text->count() == 0) throw CLI::RequiredError("--ids or --text");
    o->by_ids = ids->count() != 0;
    run(*o);
  });
}

}  // namespace tern::experiments
