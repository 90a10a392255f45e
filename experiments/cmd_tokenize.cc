// SPDX-License-Identifier: Apache-2.0
//
// tern tokenize, tern detokenize: a text's tokens and the bytes of tokens, of every kind of file
// that has a tokenizer. Nothing else of a model is read.

#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>

#include "experiments/commands.h"
#include "experiments/hash.h"
#include "experiments/output.h"
#include "experiments/output_option.h"
#include "experiments/provenance.h"
#include "experiments/token_ids.h"
#include "models/hf_tokenizer.h"
#include "models/text_file.h"
#include "models/utf8.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

using models::TokenId;
using nlohmann::ordered_json;

constexpr const char* kModelHelp =
    "GGUF, Hugging Face directory, tokenizer.json or tokenizer.model";

std::string dump(const ordered_json& j, int indent) {
  return j.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

ordered_json head(const char* schema, const std::string& path, const models::Tokenizer& t) {
  ordered_json model = {{"path", path}};
  if (std::filesystem::is_regular_file(path)) model["file_hash"] = hash_of_file(path);
  ordered_json tokenizer = {{"model", t.data().model}, {"tokens", t.size()}};
  if (t.data().model == "gpt2") tokenizer["pre"] = t.data().pre;
  return {{"schema", schema},
          {"schema_version", 1},
          {"provenance", provenance()},
          {"model", model},
          {"tokenizer", tokenizer}};
}

struct TokenizeOptions {
  std::string model, text, file, json;
  bool no_special = false, no_parse_special = false, pieces = false;
};

void tokenize(const TokenizeOptions& o, bool from_file) {
  models::check_outputs({{"--json", o.json}}, {o.model, o.file});
  const std::string text = from_file ? models::read_text(o.file) : o.text;
  const models::Tokenizer tokenizer = models::load_tokenizer(o.model);
  const std::vector<TokenId> ids = tokenizer.encode(text, !o.no_special, !o.no_parse_special);

  std::string lines;
  if (o.pieces)
    for (const TokenId id : ids)
      lines += fmt::format("{:>8}  {}\n", id, dump(tokenizer.bytes_of(id), -1));
  else
    lines = fmt::format("{}\n", fmt::join(ids, ","));
  print_out(lines);
  if (o.json.empty()) return;
  ordered_json j = head("tern.tokenize", o.model, tokenizer);
  j["text_bytes"] = text.size();
  j["special_added"] = !o.no_special;
  j["special_parsed"] = !o.no_parse_special;
  j["ids"] = ids;
  if (o.pieces) {
    j["pieces"] = ordered_json::array();
    for (const TokenId id : ids) j["pieces"].push_back(tokenizer.bytes_of(id));
  }
  models::write_whole_file(o.json, dump(j, 1) + "\n");
}

struct DetokenizeOptions {
  std::string model, ids, file, json;
  bool skip_special = false;
};

void detokenize(const DetokenizeOptions& o, bool from_file) {
  models::check_outputs({{"--json", o.json}}, {o.model, o.file});
  const models::Tokenizer tokenizer = models::load_tokenizer(o.model);
  const std::vector<TokenId> ids =
      from_file ? parse_ids(models::read_text(o.file), tokenizer.size(), o.file)
                : parse_ids(o.ids, tokenizer.size(), "--ids");
  const std::string text = tokenizer.decode(ids, !o.skip_special);
  print_out(text);
  if (o.json.empty()) return;
  ordered_json j = head("tern.detokenize", o.model, tokenizer);
  j["ids"] = ids;
  j["text_bytes"] = text.size();
  j["valid_utf8"] = models::utf8_prefix(text) == text.size();  // else U+FFFD stands in for bytes
  j["text"] = text;
  models::write_whole_file(o.json, dump(j, 1) + "\n");
}

}  // namespace

void add_tokenize(CLI::App& app) {
  auto o = std::make_shared<TokenizeOptions>();
  CLI::App* cmd = app.add_subcommand("tokenize", "The tokens of a text");
  cmd->add_option("model", o->model, kModelHelp)->required();
  CLI::Option* text = cmd->add_option("--text", o->text, "The text");
  CLI::Option* file =
      cmd->add_option("--file", o->file, "The same, in a file of any bytes; -: standard input");
  text->excludes(file);
  cmd->add_flag("--no-special", o->no_special,
                "Add no BOS and no EOS token; those that the text spells are found all the same");
  cmd->add_flag("--no-parse-special", o->no_parse_special,
                "Special and added tokens that the text spells are plain text");
  cmd->add_flag("--pieces", o->pieces, "Show what each token stands for, one to a line");
  add_output(*cmd, "--json", o->json, "Write {\"ids\":[...]} here");
  cmd->callback([o, text, file] {
    if (text->count() + file->count() == 0) throw CLI::RequiredError("--text or --file");
    tokenize(*o, file->count() != 0);
  });
}

void add_detokenize(CLI::App& app) {
  auto o = std::make_shared<DetokenizeOptions>();
  CLI::App* cmd = app.add_subcommand("detokenize", "The bytes that tokens stand for");
  cmd->add_option("model", o->model, kModelHelp)->required();
  CLI::Option* ids = cmd->add_option("--ids", o->ids, "The tokens: 1,2,3");
  CLI::Option* file =
      cmd->add_option("--ids-file", o->file, "The same, in a file; -: standard input");
  ids->excludes(file);
  cmd->add_flag("--skip-special", o->skip_special, "Leave out special tokens");
  add_output(*cmd, "--json", o->json, "Write {\"text\":...} here");
  cmd->callback([o, ids, file] {
    if (ids->count() + file->count() == 0) throw CLI::RequiredError("--ids or --ids-file");
    detokenize(*o, file->count() != 0);
  });
}

}  // namespace tern::experiments
