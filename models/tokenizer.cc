// SPDX-License-Identifier: Apache-2.0

#include "models/tokenizer.h"

#include <algorithm>
#include <stdexcept>

#include "kernels/check.h"
#include "models/detokenizer.h"
#include "models/utf8.h"

namespace tern::models {
namespace {

void check_id(const std::optional<TokenId>& id, std::size_t size, const std::string& field) {
  if (id && *id >= size)
    fail_tokenizer(field + " is " + std::to_string(*id) + ", but there are only " +
                   std::to_string(size) + " tokens");
}

void check(const TokenizerData& d) {
  const std::size_t size = d.tokens.size();
  if (size == 0) fail_tokenizer("tokens is empty");
  if (size >= 0x7FFFFFFFu) fail_tokenizer("tokens has more than 2^31 entries");
  if (d.types.size() != size)
    fail_tokenizer("token_type has " + std::to_string(d.types.size()) + " entries, tokens has " +
                   std::to_string(size));
  check_id(d.bos, size, "bos_token_id");
  check_id(d.eos, size, "eos_token_id");
  check_id(d.unk, size, "unknown_token_id");
  check_id(d.padding, size, "padding_token_id");
  for (const TokenId id : d.stops) check_id(id, size, "eot_token_id");
  for (std::size_t i = 0; i < d.added.size(); ++i) {
    check_id(d.added[i].id, size, "tokens: an added token's id");
    if (i != 0 && d.added[i].id <= d.added[i - 1].id)
      fail_tokenizer("tokens: an added token appears twice");
  }
  if (d.add_bos && !d.bos) fail_tokenizer("add_bos_token is true, but bos_token_id is missing");
  if (d.add_eos && !d.eos) fail_tokenizer("add_eos_token is true, but eos_token_id is missing");
}

std::string_view without_blanks_behind(std::string_view text) {
  while (const std::size_t n = utf8_blank_behind(text)) text.remove_suffix(n);
  return text;
}

}  // namespace

Tokenizer::Tokenizer(TokenizerData data) : data_(std::make_unique<TokenizerData>(std::move(data))) {
  const TokenizerKind& kind = find_tokenizer_kind(data_->model);
  check(*data_);
  table_ = std::make_unique<const TokenTable>(std::span<const std::string>(data_->tokens));
  if (const auto id = table_->repeated())
    fail_tokenizer("tokens: entry " + std::to_string(*id) + " repeats an earlier one");
  model_ = kind.make(*data_, *table_);
  ends_.reserve(size());
  for (std::size_t i = 0; i < size(); ++i) {
    bytes_ += model_->bytes(static_cast<TokenId>(i));
    ends_.push_back(bytes_.size());
  }
  find_specials();
}

void Tokenizer::find_specials() {
  auto added = data_->added.begin();
  for (std::size_t i = 0; i < size(); ++i) {
    bool normalized = false;
    if (added != data_->added.end() && added->id == i) normalized = (added++)->normalized;
    if (!normalized && model_->stands_alone(data_->types[i]))
      specials_.add(data_->tokens[i], static_cast<TokenId>(i));
  }
  specials_.finish();
}

void Tokenizer::encode_text(std::string_view text, std::span<const Part> special_parts,
                            std::vector<TokenId>& ids) const {
  if (text.size() > 0x7FFFFFFFu)
    throw std::runtime_error("tokenizer: the text has " + std::to_string(text.size()) +
                             " bytes, 2^31 - 1 is the most that is encoded at once");
  EncodeScratch scratch;
  std::size_t begin = 0;
  if (specials_.empty()) special_parts = {};
  for (const Part& part : special_parts)
    for (std::size_t at = std::max(begin, part.begin); at < part.end;) {
      const auto [length, id] = special_at(text.substr(at, part.end - at));
      if (length == 0) {
        ++at;
        continue;
      }
      const auto added = std::lower_bound(data_->added.begin(), data_->added.end(), id,
                                          [](const AddedToken& a, TokenId b) { return a.id < b; });
      const bool unusual = added != data_->added.end() && added->id == id;
      std::string_view before = text.substr(begin, at - begin);
      if (unusual && added->lstrip) before = without_blanks_behind(before);
      model_->encode(before, begin == 0, scratch, ids);
      ids.push_back(id);
      at += length;
      if (unusual && added->rstrip)
        while (const std::size_t n = utf8_blank(text.substr(at))) at += n;
      begin = at;
    }
  model_->encode(text.substr(begin), begin == 0, scratch, ids);
}

std::vector<TokenId> Tokenizer::encode(std::string_view text, bool add_special,
                                       bool parse_special) const {
  std::vector<TokenId> ids;
  if (add_special && data_->add_bos) ids.push_back(*data_->bos);
  const Part all{0, parse_special ? text.size() : 0};
  encode_text(text, std::span(&all, 1), ids);
  if (add_special && data_->add_eos) ids.push_back(*data_->eos);
  return ids;
}

std::vector<TokenId> Tokenizer::encode(std::string_view text,
                                       std::span<const Part> special_parts) const {
  std::vector<TokenId> ids;
  encode_text(text, special_parts, ids);
  return ids;
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool render_special) const {
  Detokenizer detokenizer(*this, render_special);
  std::string bytes;
  for (const TokenId id : ids) bytes += detokenizer.add(id);
  return bytes;
}

std::string_view Tokenizer::bytes_of(TokenId id) const {
  TERN_CHECK(id < size(), "token id outside the vocabulary");
  const std::size_t begin = id == 0 ? 0 : ends_[id - 1];
  return std::string_view(bytes_).substr(begin, ends_[id] - begin);
}

TokenId Tokenizer::id_of(std::string_view token) const {
  const TokenId id = table_->find(token);
  if (id == kNoToken) fail_tokenizer("tokens: no token '" + std::string(token) + "'");
  return id;
}

}  // namespace tern::models
