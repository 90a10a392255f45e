// SPDX-License-Identifier: Apache-2.0

#include "models/sentencepiece.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <vector>

#include "models/error_line.h"
#include "models/tokenizer.h"

namespace tern::models {
namespace {

constexpr std::size_t kMostTokens = 1 << 24;

struct Field {
  unsigned number = 0;
  std::uint64_t value = 0;  // of an integer or the bits of a float
  std::string_view bytes;   // of a text or a message
  enum class Kind { kInteger, kFixed32, kFixed64, kBytes } kind = Kind::kInteger;
};

// Fields of one message in the order of the file (protobuf.dev, encoding).
class Message {
 public:
  Message(std::string_view bytes, std::string name, const std::string& where)
      : rest_(bytes), name_(std::move(name)), where_(where) {}

  bool next(Field& field) {
    if (rest_.empty()) return false;
    const std::uint64_t tag = varint();
    if (tag >> 3 == 0 || tag >> 3 > 0x1FFFFFFFu) fail("has a field of an impossible number");
    field = {static_cast<unsigned>(tag >> 3), 0, {}, Field::Kind::kInteger};
    switch (tag & 7) {
      case 0:
        field.value = varint();
        break;
      case 1:
        field.kind = Field::Kind::kFixed64;
        field.value = fixed(8);
        break;
      case 2:
        field.kind = Field::Kind::kBytes;
        field.bytes = take(varint());
        break;
      case 5:
        field.kind = Field::Kind::kFixed32;
        field.value = fixed(4);
        break;
      default:
        fail("field " + std::to_string(tag >> 3) + " is of wire type " + std::to_string(tag & 7) +
             "; this is no SentencePiece model");
    }
    return true;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(error_line(where_, name_, what));
  }
  void expect(const Field& field, Field::Kind kind) const {
    if (field.kind != kind)
      fail("field " + std::to_string(field.number) + " is of another type than it should be");
  }
  bool boolean(const Field& field) const {
    expect(field, Field::Kind::kInteger);
    return field.value != 0;
  }
  std::string_view text(const Field& field) const {
    expect(field, Field::Kind::kBytes);
    return field.bytes;
  }

 private:
  std::string_view take(std::uint64_t size) {
    if (size > rest_.size())
      fail("ends in the middle of a field: " + std::to_string(size) + " bytes needed, " +
           std::to_string(rest_.size()) + " left");
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::uint64_t fixed(std::size_t size) {
    const std::string_view bytes = take(size);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      if (shift == 63 && byte > 1) break;
      value |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    fail("has an integer of more than 64 bits");
  }

  std::string_view rest_;
  std::string name_;
  const std::string& where_;
};

void read_piece(Message piece, TokenizerData& d) {
  std::string token;
  float score = 0;
  std::uint64_t type = 1;
  for (Field f; piece.next(f);) {
    if (f.number == 1) token = piece.text(f);
    if (f.number == 2) {
      piece.expect(f, Field::Kind::kFixed32);
      score = std::bit_cast<float>(static_cast<std::uint32_t>(f.value));
    }
    if (f.number == 3) {
      piece.expect(f, Field::Kind::kInteger);
      type = f.value;
    }
  }
  if (token.empty()) piece.fail("piece " + std::to_string(d.tokens.size()) + " is empty");
  if (type < 1 || type > 6)
    piece.fail("piece " + std::to_string(d.tokens.size()) + " has type " + std::to_string(type) +
               ", expected 1 to 6");
  if (d.tokens.size() == kMostTokens)
    piece.fail("there are more than " + std::to_string(kMostTokens) + " pieces");
  d.tokens.push_back(std::move(token));
  d.scores.push_back(score);
  d.types.push_back(TokenType{static_cast<std::int32_t>(type)});
}

struct Trainer {
  std::uint64_t model_type = 1;
  bool byte_fallback = false;
  std::int64_t unk = 0, bos = 1, eos = 2, pad = -1;
};

Trainer read_trainer(Message spec) {
  Trainer t;
  for (Field f; spec.next(f);) {
    std::int64_t* id = f.number == 40   ? &t.unk
                       : f.number == 41 ? &t.bos
                       : f.number == 42 ? &t.eos
                       : f.number == 43 ? &t.pad
                                        : nullptr;
    if (id != nullptr) {
      spec.expect(f, Field::Kind::kInteger);
      *id = static_cast<std::int64_t>(f.value);
    }
    if (f.number == 3) {
      spec.expect(f, Field::Kind::kInteger);
      t.model_type = f.value;
    }
    if (f.number == 24 && spec.boolean(f))
      spec.fail("treat_whitespace_as_suffix is true, which is not supported");
    if (f.number == 35) t.byte_fallback = spec.boolean(f);
  }
  if (t.model_type != 2) {
    constexpr std::string_view kTypes[] = {"", "unigram", "bpe", "word", "char"};
    const bool known = t.model_type < std::size(kTypes);
    spec.fail("model_type is " +
              (known ? std::string(kTypes[t.model_type]) : std::to_string(t.model_type)) +
              ", only bpe is supported");
  }
  return t;
}

// Whether a blank goes before the text.
bool read_normalizer(Message spec) {
  std::string name;
  bool prefix = true, extra = true, escape = true, has_map = false;
  for (Field f; spec.next(f);) {
    if (f.number == 1) name = spec.text(f);
    if (f.number == 2) has_map = !spec.text(f).empty();
    if (f.number == 3) prefix = spec.boolean(f);
    if (f.number == 4) extra = spec.boolean(f);
    if (f.number == 5) escape = spec.boolean(f);
  }
  if (has_map) spec.fail("the normaliser is '" + shown(name) + "', only 'identity' is supported");
  if (extra) spec.fail("remove_extra_whitespaces is true, which is not supported");
  if (!escape) spec.fail("escape_whitespaces is false, which is not supported");
  return prefix;
}

std::optional<TokenId> token_of(std::int64_t id, const TokenizerData& d) {
  // As SentencePiece has it: an id outside the vocabulary is none.
  if (id < 0 || static_cast<std::uint64_t>(id) >= d.tokens.size()) return std::nullopt;
  return static_cast<TokenId>(id);
}

}  // namespace

TokenizerData parse_sentencepiece_data(std::string_view bytes, const std::string& where) {
  TokenizerData d;
  d.model = "llama";
  std::string_view trainer_bytes, normalizer_bytes;
  Message model(bytes, "the model", where);
  for (Field f; model.next(f);) {
    if (f.number == 1) read_piece(Message(model.text(f), "pieces", where), d);
    if (f.number == 2) trainer_bytes = model.text(f);
    if (f.number == 3) normalizer_bytes = model.text(f);
    if (f.number == 5 && !model.text(f).empty())
      model.fail("has a denormalizer_spec, which is not supported");
  }
  if (d.tokens.empty()) model.fail("has no pieces; this is no SentencePiece model");
  const Trainer trainer = read_trainer(Message(trainer_bytes, "trainer_spec", where));
  d.add_space_prefix = read_normalizer(Message(normalizer_bytes, "normalizer_spec", where));
  if (!trainer.byte_fallback &&
      std::find(d.types.begin(), d.types.end(), TokenType::kByte) != d.types.end())
    model.fail("has byte pieces, but trainer_spec.byte_fallback is false");
  d.unk = token_of(trainer.unk, d);
  d.bos = token_of(trainer.bos, d);
  d.eos = token_of(trainer.eos, d);
  d.padding = token_of(trainer.pad, d);
  d.add_bos = d.bos.has_value();
  find_stops(d);
  return d;
}

Tokenizer parse_sentencepiece(std::string_view bytes, const std::string& where) {
  TokenizerData d = parse_sentencepiece_data(bytes, where);
  try {
    return Tokenizer(std::move(d));
  } catch (const std::runtime_error& e) {
    throw std::runtime_error(error_line(where, "pieces", e.what()));
  }
}

}  // namespace tern::models
