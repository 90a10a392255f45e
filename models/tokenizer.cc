// SPDX-License-Identifier: Apache-2.0

#include "models/tokenizer.h"

#include <algorithm>
#include <queue>
#include <stdexcept>
#include <tuple>

#include "kernels/check.h"
#include "models/utf8.h"

namespace tern::models {
namespace {

constexpr std::size_t kLongestCachedPiece = 64;
constexpr std::size_t kMostCachedPieces = 1 << 16;

// Code point of each byte in the alphabet, all below U+0800: at most two bytes of UTF-8.
std::array<unsigned, 256> make_alphabet() {
  std::array<unsigned, 256> code{};
  unsigned next = 256;
  for (unsigned b = 0; b < 256; ++b) {
    const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    code[b] = printable ? b : next++;
  }
  return code;
}

const std::array<unsigned, 256>& alphabet() {
  static const std::array<unsigned, 256> code = make_alphabet();
  return code;
}

bool is_special(TokenType type) {
  return type == TokenType::kControl || type == TokenType::kUserDefined;
}

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error("tokenizer." + what); }

void check_id(const std::optional<TokenId>& id, std::size_t size, const char* field) {
  if (id && *id >= size)
    fail("ggml." + std::string(field) + " is " + std::to_string(*id) + ", but there are only " +
         std::to_string(size) + " tokens");
}

}  // namespace

std::string to_byte_alphabet(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const unsigned code = alphabet()[static_cast<unsigned char>(c)];
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else {
      text += static_cast<char>(0xC0 | (code >> 6));
      text += static_cast<char>(0x80 | (code & 0x3F));
    }
  }
  return text;
}

std::string from_byte_alphabet(std::string_view text) {
  static const std::array<int, 512> byte_of = [] {
    std::array<int, 512> inverse{};
    inverse.fill(-1);
    for (unsigned b = 0; b < 256; ++b) inverse[alphabet()[b]] = static_cast<int>(b);
    return inverse;
  }();
  std::string bytes;
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(utf8_char(text), 1);
    unsigned code = 512;
    if (length == 1) code = static_cast<unsigned char>(text[0]);
    if (length == 2)
      code = (static_cast<unsigned>(text[0] & 0x1F) << 6) | static_cast<unsigned>(text[1] & 0x3F);
    if (code < 512 && (length == 2 || code < 0x80) && byte_of[code] >= 0)
      bytes += static_cast<char>(byte_of[code]);
    else
      bytes += text.substr(0, length);
    text.remove_prefix(length);
  }
  return bytes;
}

Tokenizer::Tokenizer(TokenizerData data) : data_(std::move(data)), pre_(data_.pre) {
  const std::size_t size = data_.tokens.size();
  if (data_.model != "gpt2")
    fail("ggml.model is '" + data_.model + "', this program knows gpt2 (byte-level BPE)");
  if (size == 0) fail("ggml.tokens is empty");
  if (size > 0xFFFFFFFFu) fail("ggml.tokens has more than 2^32 entries");
  if (data_.types.size() != size)
    fail("ggml.token_type has " + std::to_string(data_.types.size()) + " entries, tokens has " +
         std::to_string(size));
  check_id(data_.bos, size, "bos_token_id");
  check_id(data_.eos, size, "eos_token_id");
  if (data_.add_bos && !data_.bos) fail("ggml.add_bos_token is true, but bos_token_id is missing");

  ids_.reserve(size);
  bytes_.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    const std::string& token = data_.tokens[i];
    const auto id = static_cast<TokenId>(i);
    if (!ids_.emplace(token, id).second)
      fail("ggml.tokens: entry " + std::to_string(i) + " repeats an earlier one");
    const bool special = is_special(data_.types[i]);
    bytes_.push_back(special ? token : from_byte_alphabet(token));
    if (special && !token.empty()) {
      specials_.push_back(id);
      special_first_[static_cast<unsigned char>(token[0])] = true;
    }
  }
  std::stable_sort(specials_.begin(), specials_.end(), [this](TokenId a, TokenId b) {
    return data_.tokens[a].size() > data_.tokens[b].size();
  });

  for (unsigned b = 0; b < 256; ++b) {
    const char byte = static_cast<char>(b);
    const auto found = ids_.find(to_byte_alphabet({&byte, 1}));
    if (found == ids_.end()) fail("ggml.tokens: no token for byte " + std::to_string(b));
    byte_tokens_[b] = found->second;
  }

  merges_.reserve(data_.merges.size());
  for (std::size_t rank = 0; rank < data_.merges.size(); ++rank) {
    const std::string_view merge = data_.merges[rank];
    const std::size_t blank = merge.find(' ');
    const auto where = [rank] { return "ggml.merges: entry " + std::to_string(rank); };
    if (blank == 0 || blank == merge.npos || merge.find(' ', blank + 1) != merge.npos)
      fail(where() + " is not two tokens and a blank");
    const std::string_view left = merge.substr(0, blank), right = merge.substr(blank + 1);
    const auto l = ids_.find(left), r = ids_.find(right);
    const auto joined = ids_.find(std::string(left) + std::string(right));
    if (l == ids_.end() || r == ids_.end() || joined == ids_.end())
      fail(where() + " names what is no token");
    const std::uint64_t key = (std::uint64_t{l->second} << 32) | r->second;
    merges_.emplace(key, Merge{static_cast<std::uint32_t>(rank), joined->second});
  }
}

const Tokenizer::Merge* Tokenizer::merge_of(TokenId left, TokenId right) const {
  const auto found = merges_.find((std::uint64_t{left} << 32) | right);
  return found == merges_.end() ? nullptr : &found->second;
}

// A linked list of symbols and a heap of candidate pairs: n log n for a piece of any length. An
// entry whose symbols have changed since is dropped when it surfaces.
void Tokenizer::encode_piece(std::string_view piece, std::vector<TokenId>& ids) const {
  if (pre_.kind().ignore_merges) {
    const auto whole = ids_.find(to_byte_alphabet(piece));
    if (whole != ids_.end() && !is_special(data_.types[whole->second])) {
      ids.push_back(whole->second);
      return;
    }
  }
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  struct Symbol {
    TokenId id;
    std::size_t previous, next;
  };
  using Entry = std::tuple<std::uint32_t, std::size_t, TokenId, TokenId>;  // rank, at, left, right
  std::vector<Symbol> symbols(piece.size());
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> heap;
  const auto consider = [&](std::size_t at) {
    if (at == kNone || symbols[at].next == kNone) return;
    const TokenId left = symbols[at].id, right = symbols[symbols[at].next].id;
    if (const Merge* merge = merge_of(left, right)) heap.emplace(merge->rank, at, left, right);
  };
  for (std::size_t i = 0; i < piece.size(); ++i)
    symbols[i] = {byte_tokens_[static_cast<unsigned char>(piece[i])], i == 0 ? kNone : i - 1,
                  i + 1 == piece.size() ? kNone : i + 1};
  for (std::size_t i = 0; i < piece.size(); ++i) consider(i);

  constexpr TokenId kGone = 0xFFFFFFFFu;
  while (!heap.empty()) {
    const auto [rank, at, left, right] = heap.top();
    heap.pop();
    Symbol& symbol = symbols[at];
    if (symbol.id != left || symbol.next == kNone || symbols[symbol.next].id != right) continue;
    Symbol& taken = symbols[symbol.next];
    symbol.id = merge_of(left, right)->result;
    symbol.next = taken.next;
    if (taken.next != kNone) symbols[taken.next].previous = at;
    taken.id = kGone;
    consider(symbol.previous);
    consider(at);
  }
  for (std::size_t at = piece.empty() ? kNone : 0; at != kNone; at = symbols[at].next)
    ids.push_back(symbols[at].id);
}

void Tokenizer::encode_ordinary(std::string_view text, Cache& cache,
                                std::vector<TokenId>& ids) const {
  pre_.split(text, [&](std::string_view piece) {
    if (piece.size() > kLongestCachedPiece) return encode_piece(piece, ids);
    auto found = cache.find(piece);
    if (found == cache.end()) {
      if (cache.size() >= kMostCachedPieces) cache.clear();
      found = cache.emplace(piece, std::vector<TokenId>()).first;
      encode_piece(piece, found->second);
    }
    ids.insert(ids.end(), found->second.begin(), found->second.end());
  });
}

std::pair<std::size_t, TokenId> Tokenizer::special_at(std::string_view text) const {
  if (special_first_[static_cast<unsigned char>(text[0])])
    for (const TokenId id : specials_)
      if (text.starts_with(data_.tokens[id])) return {data_.tokens[id].size(), id};
  return {0, 0};
}

std::vector<TokenId> Tokenizer::encode(std::string_view text, bool add_special,
                                       bool parse_special) const {
  std::vector<TokenId> ids;
  if (add_special && data_.add_bos) ids.push_back(*data_.bos);
  Cache cache;  // its keys are views into text
  std::size_t begin = 0;
  for (std::size_t at = 0; parse_special && at < text.size();) {
    const auto [length, id] = special_at(text.substr(at));
    if (length == 0) {
      ++at;
      continue;
    }
    encode_ordinary(text.substr(begin, at - begin), cache, ids);
    ids.push_back(id);
    at += length;
    begin = at;
  }
  encode_ordinary(text.substr(begin), cache, ids);
  return ids;
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool render_special) const {
  std::string bytes;
  for (const TokenId id : ids) {
    TERN_CHECK(id < bytes_.size(), "token id outside the vocabulary");
    if (render_special || data_.types[id] != TokenType::kControl) bytes += bytes_[id];
  }
  return bytes;
}

TokenId Tokenizer::id_of(std::string_view token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) fail("ggml.tokens: no token '" + std::string(token) + "'");
  return found->second;
}

}  // namespace tern::models
