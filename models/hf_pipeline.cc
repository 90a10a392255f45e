// SPDX-License-Identifier: Apache-2.0

#include "models/hf_pipeline.h"

#include <stdexcept>

#include "models/error_line.h"
#include "models/json_text.h"
#include "models/pre_tokenizer.h"

namespace tern::models {
namespace {

using nlohmann::json;

// The steps of a field: none of null, many of a Sequence, whose list is named `list`.
std::vector<JsonFields> steps_of(const JsonFields& file, const char* field, const char* list,
                                 const std::string& where) {
  std::vector<JsonFields> steps;
  const auto whole = file.object(field);
  if (!whole) return steps;
  if (whole->text("type") != "Sequence") return {*whole};
  const json* values = whole->find(list);
  if (values == nullptr || !values->is_array()) whole->fail(list, "expected a list");
  for (std::size_t i = 0; i < values->size(); ++i)
    steps.emplace_back((*values)[i], where,
                       std::string(field) + "." + list + "[" + std::to_string(i) + "].");
  return steps;
}

[[noreturn]] void refuse(const JsonFields& step, const std::string& known) {
  step.fail("type", "'" + shown(step.text("type")) +
                        "' is not supported here; this program knows " + known);
}

// "pattern": {"String": "x"} or {"Regex": "x"}.
std::string pattern_of(const JsonFields& step, const char* kind) {
  const auto pattern = step.object("pattern");
  if (!pattern) step.fail("pattern", "the field is missing");
  return pattern->text(kind);
}

void read_normalizer(const JsonFields& file, const std::string& where, HfPipeline& p, bool& marks) {
  for (const JsonFields& step : steps_of(file, "normalizer", "normalizers", where)) {
    const std::string type = step.text("type");
    p.normalizes = true;
    if (type == "Prepend") {
      if (step.text("prepend") != kBlankMark || marks || p.prefix)
        step.fail("prepend", "only one U+2581 before the blanks are replaced is supported");
      p.prefix = true;
    } else if (type == "Replace") {
      if (pattern_of(step, "String") != " " || step.text("content") != kBlankMark || marks)
        step.fail("pattern", "only blanks by U+2581 are replaced");
      marks = true;
    } else {
      refuse(step, "Prepend and Replace of a blank by U+2581");
    }
  }
  if (p.prefix && !marks)
    throw std::runtime_error(
        error_line(where, "normalizer", "prepends U+2581, but does not replace blanks by it"));
}

void read_metaspace(const JsonFields& step, HfPipeline& p) {
  if (step.text("replacement") != kBlankMark) step.fail("replacement", "only U+2581 is supported");
  if (step.boolean("split", true)) step.fail("split", "is true, which is not supported with BPE");
  const bool old_prefix = step.boolean("add_prefix_space", true);
  const std::string scheme = step.text("prepend_scheme", old_prefix ? "always" : "never");
  if (scheme != "always" && scheme != "first" && scheme != "never")
    step.fail("prepend_scheme", "is '" + shown(scheme) + "', expected always, first or never");
  p.prefix = scheme != "never";
  p.rule = scheme == "first" ? PrefixRule::kFirstUnlessBlank : PrefixRule::kUnlessBlank;
}

void read_pre_tokenizer(const JsonFields& file, const std::string& where, HfPipeline& p,
                        bool& marks) {
  const auto steps = steps_of(file, "pre_tokenizer", "pretokenizers", where);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const JsonFields& step = steps[i];
    const std::string type = step.text("type");
    if (p.byte_level) step.fail("type", "nothing may come after ByteLevel");
    if (type == "ByteLevel") {
      p.byte_level = true;
      if (step.boolean("use_regex", true)) p.patterns.emplace_back(kGpt2Pattern);
      p.prefix = step.boolean("add_prefix_space", true);
      p.rule = PrefixRule::kUnlessBlank;
      if (p.prefix && i != 0)
        step.fail("add_prefix_space", "is true after another step, which is not supported");
    } else if (type == "Digits") {
      p.patterns.emplace_back(step.boolean("individual_digits", false)
                                  ? std::string(kDigitPattern)
                                  : std::string(kDigitPattern) + "+");
    } else if (type == "Split") {
      const std::string behavior = step.text("behavior");
      const auto pattern = step.object("pattern");
      // Where blanks are marked already, a cut at blanks does nothing.
      if (marks && pattern && pattern->has("String") && pattern->text("String") == " ") continue;
      if (behavior != "Isolated" || step.boolean("invert", false))
        step.fail("behavior", "only Isolated, not inverted, is supported");
      p.patterns.push_back(pattern_of(step, "Regex"));
    } else if (type == "Metaspace" && steps.size() == 1 && !marks) {
      read_metaspace(step, p);
      marks = true;
    } else {
      refuse(step, "ByteLevel, Split, Digits and, alone, Metaspace");
    }
  }
  if (!p.byte_level && !p.patterns.empty())
    throw std::runtime_error(
        error_line(where, "pre_tokenizer", "cuts text without ByteLevel, which is not supported"));
  if (p.byte_level && marks)
    throw std::runtime_error(
        error_line(where, "normalizer", "is not supported together with ByteLevel"));
  if (!p.byte_level && !marks)
    throw std::runtime_error(error_line(
        where, "pre_tokenizer", "is neither ByteLevel nor replaces anything blanks by U+2581"));
}

void read_decoder(const JsonFields& file, const std::string& where, const HfPipeline& p) {
  for (const JsonFields& step : steps_of(file, "decoder", "decoders", where)) {
    const std::string type = step.text("type");
    const bool fits = p.byte_level ? type == "ByteLevel"
                                   : type == "Replace" || type == "ByteFallback" ||
                                         type == "Fuse" || type == "Strip" || type == "Metaspace";
    if (!fits)
      refuse(step, p.byte_level ? "ByteLevel" : "Replace, ByteFallback, Fuse, Strip and Metaspace");
  }
}

std::uint64_t special_id(const JsonFields& step, const std::string& name,
                         const std::string& where) {
  const auto specials = step.object("special_tokens");
  const json* entry = specials ? specials->find(name.c_str()) : nullptr;
  if (entry == nullptr) step.fail("special_tokens", "has no " + shown(name));
  const json* ids = JsonFields(*entry, where, "special_tokens.").find("ids");
  if (ids == nullptr || !ids->is_array() || ids->size() != 1 || !(*ids)[0].is_number_unsigned())
    step.fail("special_tokens", shown(name) + ": expected a list of one id");
  return (*ids)[0].get<std::uint64_t>();
}

void read_template(const JsonFields& step, const std::string& where, HfPipeline& p) {
  const json* items = step.find("single");
  if (items == nullptr || !items->is_array()) step.fail("single", "expected a list");
  bool behind = false;
  for (const json& item : *items) {
    const JsonFields part(item, where, "post_processor.single[].");
    if (part.has("Sequence")) {
      if (behind) step.fail("single", "has the text twice");
      behind = true;
      continue;
    }
    const auto special = part.object("SpecialToken");
    if (!special) step.fail("single", "expected SpecialToken or Sequence");
    std::optional<std::uint64_t>& place = behind ? p.eos : p.bos;
    if (place) step.fail("single", "adds more than one token on one side of the text");
    place = special_id(step, special->text("id"), where);
  }
  if (!behind) step.fail("single", "does not have the text");
}

}  // namespace

HfPipeline read_hf_pipeline(const json& file, const std::string& where) {
  const JsonFields fields(file, where);
  HfPipeline p;
  bool marks = false;  // blanks become U+2581
  read_normalizer(fields, where, p, marks);
  read_pre_tokenizer(fields, where, p, marks);
  read_decoder(fields, where, p);
  for (const JsonFields& step : steps_of(fields, "post_processor", "processors", where)) {
    const std::string type = step.text("type");
    if (type == "TemplateProcessing")
      read_template(step, where, p);
    else if (type != "ByteLevel")  // changes offsets alone
      refuse(step, "TemplateProcessing and ByteLevel");
  }
  return p;
}

}  // namespace tern::models
