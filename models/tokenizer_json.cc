// SPDX-License-Identifier: Apache-2.0

#include "models/tokenizer_json.h"

#include <stdexcept>

#include "models/error_line.h"

namespace tern::models {
namespace {

using nlohmann::json;

constexpr std::size_t kDeepest = 32, kMostValues = 1 << 19;

// nlohmann::json's events. Vocabulary and merges go to their lists, all else to `rest`.
class Reader {
 public:
  Reader(TokenizerJson& file, const std::string& where) : file_(file), where_(where) {}

  bool null() { return value(nullptr, "null"); }
  bool boolean(bool v) { return value(v, "true or false"); }
  bool number_integer(std::int64_t v) { return value(v, "a negative number"); }
  bool number_unsigned(std::uint64_t v) {
    if (within_ != Within::kVocab) return value(v, "a number");
    file_.vocab.emplace_back(std::move(key_), v);
    return true;
  }
  bool number_float(double v, const std::string&) { return value(v, "a fraction"); }
  bool binary(json::binary_t&) { return value(nullptr, "bytes"); }

  bool string(std::string& v) {
    if (within_ == Within::kMerges) {
      file_.merges.push_back(std::move(v));
      return true;
    }
    if (within_ != Within::kPair) return value(std::move(v), "a text");
    if (pair_.size() == 2) fail_merge("has more than two parts");
    pair_.push_back(std::move(v));
    return true;
  }

  bool start_object(std::size_t) {
    if (at("vocab")) {
      within_ = Within::kVocab;
      return true;
    }
    return open(json::object());
  }
  bool key(std::string& name) {
    if (within_ == Within::kVocab)
      key_ = std::move(name);
    else
      keys_.back() = std::move(name);
    return true;
  }
  bool end_object() {
    if (within_ == Within::kVocab) {
      within_ = Within::kRest;
      return true;
    }
    return close();
  }

  bool start_array(std::size_t) {
    if (within_ == Within::kMerges) {
      within_ = Within::kPair;
      pair_.clear();
      return true;
    }
    if (at("merges")) {
      within_ = Within::kMerges;
      return true;
    }
    return open(json::array());
  }
  bool end_array() {
    if (within_ == Within::kPair) {
      if (pair_.size() != 2) fail_merge("has not two parts");
      // Text has no blanks left where merges apply: such a pair never joins.
      if (pair_[0].find(' ') == std::string::npos && pair_[1].find(' ') == std::string::npos)
        file_.merges.push_back(pair_[0] + " " + pair_[1]);
      within_ = Within::kMerges;
      return true;
    }
    if (within_ == Within::kMerges) {
      within_ = Within::kRest;
      return true;
    }
    return close();
  }

  bool parse_error(std::size_t byte, const std::string&, const nlohmann::detail::exception&) {
    throw std::runtime_error(where_ + ": is no JSON at byte " + std::to_string(byte));
  }

 private:
  enum class Within { kRest, kVocab, kMerges, kPair };

  // Whether the value that comes is model.<name>.
  bool at(std::string_view name) const {
    return within_ == Within::kRest && keys_.size() == 2 && keys_[0] == "model" && keys_[1] == name;
  }
  [[noreturn]] void fail(std::string_view field, const std::string& what) const {
    throw std::runtime_error(error_line(where_, field, what));
  }
  [[noreturn]] void fail_merge(const std::string& what) const {
    fail("model.merges", "entry " + std::to_string(file_.merges.size()) + " " + what);
  }

  json* put(json v) {
    if (within_ == Within::kVocab) fail("model.vocab", shown(key_) + ": expected an id");
    if (within_ != Within::kRest) fail_merge("is neither a text nor two");
    if (++values_ > kMostValues)
      fail("the file", "has more than " + std::to_string(kMostValues) +
                           " values besides vocabulary and merges");
    if (open_.empty()) return &(file_.rest = std::move(v));
    json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(v));
      return &parent.back();
    }
    return &(parent[keys_.back()] = std::move(v));
  }
  bool value(json v, const char* kind) {
    if (within_ == Within::kVocab)
      fail("model.vocab", shown(key_) + ": is " + kind + ", expected an id");
    put(std::move(v));
    return true;
  }
  bool open(json v) {
    if (open_.size() == kDeepest)
      fail("the file", "is nested deeper than " + std::to_string(kDeepest) + " levels");
    open_.push_back(put(std::move(v)));
    keys_.emplace_back();
    return true;
  }
  bool close() {
    open_.pop_back();
    keys_.pop_back();
    return true;
  }

  TokenizerJson& file_;
  const std::string& where_;
  Within within_ = Within::kRest;
  std::vector<json*> open_;        // what the value that comes lies in, outermost first
  std::vector<std::string> keys_;  // the last key of each; "" of arrays
  std::string key_;                // within the vocabulary
  std::vector<std::string> pair_;
  std::size_t values_ = 0;
};

}  // namespace

TokenizerJson read_tokenizer_json(std::string_view text, const std::string& where) {
  TokenizerJson file;
  Reader reader(file, where);
  try {
    json::sax_parse(text.begin(), text.end(), &reader);
  } catch (const json::exception&) {
    throw std::runtime_error(where + ": has a number that is too large");
  }
  return file;
}

}  // namespace tern::models
