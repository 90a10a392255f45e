// SPDX-License-Identifier: Apache-2.0
//
// Reads the notation of stories.h and expands its parameters: every symbol is made once per
// binding of its parameters to records that the start symbol can reach.

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <stdexcept>

#include "models/grammar.h"
#include "models/stories.h"

namespace tern::models {
namespace {

using Record = std::map<std::string, std::string, std::less<>>;  // field -> text; "" is the name
using Binding = std::map<std::string, const Record*, std::less<>>;

struct Loop {
  std::string variable, set, except;
};
struct Piece {  // quoted text with {..} holes, or a symbol with arguments
  bool text;
  std::string value;
  std::vector<std::string> arguments;
};
struct Alternative {
  double weight = 1;
  std::vector<Loop> loops;
  std::vector<Piece> pieces;
};
struct Rule {
  bool sentence;
  std::size_t line;
  std::vector<std::string> parameters;
  std::vector<Alternative> alternatives;
};

// Words of a line: quoted text (kept with its opening quote), [, ], =, |, : and the rest by blanks.
std::vector<std::string> words_of(std::string_view line, const std::string& at) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < line.size();) {
    if (line[i] == ' ' || line[i] == '\t' || line[i] == '\n') {
      ++i;
    } else if (line[i] == '"') {
      std::string text = "\"";
      for (++i; i < line.size() && line[i] != '"'; ++i) {
        if (line[i] == '\\' && i + 1 < line.size()) ++i;
        text += line[i];
      }
      if (i++ >= line.size()) throw std::runtime_error(at + "a quoted text has no end");
      words.push_back(text);
    } else if (std::string_view("[]|:").find(line[i]) != std::string_view::npos) {
      words.emplace_back(1, line[i++]);
    } else {
      const std::size_t end = std::min(line.find_first_of(" \t\n[]|:\"", i), line.size());
      words.emplace_back(line.substr(i, end - i));
      i = end;
    }
  }
  return words;
}

}  // namespace

class GrammarBuilder {
 public:
  GrammarBuilder(std::string_view source, std::string where, Grammar& out)
      : where_(std::move(where)), out_(out) {
    std::size_t number = 0, first = 0;
    std::string joined;
    while (!source.empty()) {
      const std::size_t end = std::min(source.find('\n'), source.size());
      const std::string_view line = source.substr(0, end);
      source.remove_prefix(std::min(end + 1, source.size()));
      ++number;
      if (line.starts_with('#') || line.find_first_not_of(" \t\r") == std::string_view::npos)
        continue;
      if (line[0] != ' ' && line[0] != '\t') {
        read(joined, first);
        joined.clear();
        first = number;
      }
      joined.append(line).append("\n");
    }
    read(joined, first);
    if (start_.empty()) fail(0, "there is no rule");
    if (!rules_.at(start_).parameters.empty()) fail(0, "the first rule takes parameters");
    out_.start_ = symbol(start_, {}, 0);
    check_left_recursion();
    out_.solve();
  }

 private:
  [[noreturn]] void fail(std::size_t line, const std::string& what) const {
    throw std::runtime_error(fmt::format("{}:{}: {}", where_, line, what));
  }

  void read(const std::string& text, std::size_t line) {
    const auto words = words_of(text, fmt::format("{}:{}: ", where_, line));
    if (words.empty()) return;
    if (words[0] == "record")
      read_record(words, line);
    else if (words[0] == "rule" || words[0] == "sentence")
      read_rule(words, line);
    else
      fail(line, fmt::format("'{}' found, expected record, rule or sentence", words[0]));
  }

  void read_record(const std::vector<std::string>& words, std::size_t line) {
    if (words.size() < 3) fail(line, "record wants a set and a name");
    Record record{{"", words[2]}};
    for (std::size_t i = 3; i < words.size(); ++i) {
      const std::size_t equals = words[i].find('=');
      if (equals == std::string::npos || equals == 0)
        fail(line, fmt::format("'{}' found, expected field=text", words[i]));
      std::string value = words[i].substr(equals + 1);
      for (char& c : value)
        if (c == '_') c = ' ';
      record[words[i].substr(0, equals)] = value;
    }
    sets_[words[1]].push_back(record);
  }

  void read_rule(const std::vector<std::string>& words, std::size_t line) {
    std::size_t i = 1;
    if (i >= words.size()) fail(line, "a rule wants a name");
    const std::string name = words[i++];
    Rule rule{words[0] == "sentence", line, bracket(words, i), {}};
    if (i >= words.size() || words[i++] != "=") fail(line, "expected '=' after the rule's name");
    do {
      rule.alternatives.push_back(read_alternative(words, i, line));
    } while (i < words.size() && words[i++] == "|");
    if (!rules_.emplace(name, std::move(rule)).second)
      fail(line, fmt::format("rule {} is defined twice", name));
    if (start_.empty()) start_ = name;
  }

  static std::vector<std::string> bracket(const std::vector<std::string>& words, std::size_t& i) {
    std::vector<std::string> inside;
    if (i >= words.size() || words[i] != "[") return inside;
    for (++i; i < words.size() && words[i] != "]"; ++i) inside.push_back(words[i]);
    if (i < words.size()) ++i;
    return inside;
  }

  Alternative read_alternative(const std::vector<std::string>& words, std::size_t& i,
                               std::size_t line) const {
    Alternative alternative;
    if (i < words.size() && words[i][0] >= '0' && words[i][0] <= '9') {
      const std::string& w = words[i++];
      const auto [end, error] = std::from_chars(w.data(), w.data() + w.size(), alternative.weight);
      if (error != std::errc() || end != w.data() + w.size() || !(alternative.weight > 0))
        fail(line, fmt::format("weight '{}' is not a positive number", w));
    }
    while (i + 3 < words.size() && words[i] == "for") {
      Loop loop{words[i + 1], words[i + 3], ""};
      if (words[i + 2] != "in" || !sets_.contains(loop.set))
        fail(line, fmt::format("'for {} {} {}': expected a set of records that stand above",
                               loop.variable, words[i + 2], loop.set));
      i += 4;
      if (i + 1 < words.size() && words[i] == "except") {
        loop.except = words[i + 1];
        i += 2;
      }
      alternative.loops.push_back(std::move(loop));
    }
    if (!alternative.loops.empty() && (i >= words.size() || words[i++] != ":"))
      fail(line, "expected ':' after the for");
    while (i < words.size() && words[i] != "|") {
      Piece piece{words[i][0] == '"', words[i], {}};
      ++i;
      if (piece.text)
        piece.value.erase(0, 1);
      else
        piece.arguments = bracket(words, i);
      alternative.pieces.push_back(std::move(piece));
    }
    if (alternative.pieces.empty()) fail(line, "an alternative is empty");
    return alternative;
  }

  std::string fill(const std::string& text, const Binding& binding, std::size_t line) const {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '{') {
        out += text[i];
        continue;
      }
      const std::size_t end = text.find('}', i);
      if (end == std::string::npos) fail(line, fmt::format("'{}' has no '}}'", text));
      const std::string hole = text.substr(i + 1, end - i - 1);
      const std::size_t dot = std::min(hole.find('.'), hole.size());
      const auto bound = binding.find(hole.substr(0, dot));
      const std::string field = dot < hole.size() ? hole.substr(dot + 1) : "";
      if (bound == binding.end() || !bound->second->contains(field))
        fail(line, fmt::format("{{{}}} names no parameter or no field of its record", hole));
      out += bound->second->find(field)->second;
      i = end;
    }
    return out;
  }

  // The symbol for `name` with its parameters bound, made on first use.
  std::uint32_t symbol(const std::string& name, const std::vector<const Record*>& arguments,
                       std::size_t line) {
    const auto found = rules_.find(name);
    if (found == rules_.end()) fail(line, fmt::format("there is no rule {}", name));
    const Rule& rule = found->second;
    if (rule.parameters.size() != arguments.size())
      fail(line, fmt::format("{} takes {} parameters, {} given", name, rule.parameters.size(),
                             arguments.size()));
    const auto [entry, fresh] = made_.emplace(std::pair(name, arguments), out_.symbols_.size());
    const auto index = static_cast<std::uint32_t>(entry->second);
    if (!fresh) return index;

    std::string full = name;
    Binding binding;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      binding[rule.parameters[i]] = arguments[i];
      full += (i == 0 ? "[" : " ") + arguments[i]->find("")->second;
    }
    if (!arguments.empty()) full += "]";
    out_.symbols_.push_back({full, rule.sentence, {}});

    double total = 0;
    for (const Alternative& alternative : rule.alternatives) total += alternative.weight;
    std::vector<Grammar::Production> productions;
    for (const Alternative& alternative : rule.alternatives) {
      std::vector<Binding> bindings = {binding};
      for (const Loop& loop : alternative.loops) bindings = spread(bindings, loop, rule.line);
      for (const Binding& b : bindings) {
        Grammar::Production production{
            alternative.weight / total / static_cast<double>(bindings.size()), {}};
        for (const Piece& piece : alternative.pieces)
          production.items.push_back(item(piece, b, rule.line));
        productions.push_back(std::move(production));
      }
    }
    out_.symbols_[index].productions = std::move(productions);
    return index;
  }

  std::vector<Binding> spread(const std::vector<Binding>& bindings, const Loop& loop,
                              std::size_t line) const {
    std::vector<Binding> out;
    for (const Binding& b : bindings) {
      const Record* barred = nullptr;
      if (!loop.except.empty()) {
        if (!b.contains(loop.except))
          fail(line, fmt::format("except {}: no such name", loop.except));
        barred = b.find(loop.except)->second;
      }
      for (const Record& record : sets_.at(loop.set)) {
        if (&record == barred) continue;
        out.push_back(b);
        out.back()[loop.variable] = &record;
      }
    }
    if (out.empty()) fail(line, fmt::format("for {}: nothing left to choose", loop.variable));
    return out;
  }

  Grammar::Item item(const Piece& piece, const Binding& binding, std::size_t line) {
    if (piece.text) {
      const std::string text = fill(piece.value, binding, line);
      if (text.empty()) fail(line, "a text is empty");
      const auto [entry, fresh] = texts_.emplace(text, out_.texts_.size());
      if (fresh) out_.texts_.push_back(text);
      return {true, static_cast<std::uint32_t>(entry->second)};
    }
    std::vector<const Record*> arguments;
    for (const std::string& name : piece.arguments) {
      if (!binding.contains(name)) fail(line, fmt::format("{}[{}]: unbound", piece.value, name));
      arguments.push_back(binding.find(name)->second);
    }
    return {false, symbol(piece.value, arguments, line)};
  }

  // The parser descends into first items without reading a byte: a cycle there would never end.
  void check_left_recursion() const {
    enum : std::uint8_t { kNew, kOpen, kDone };
    std::vector<std::uint8_t> state(out_.symbols_.size(), kNew);
    std::vector<std::pair<std::uint32_t, std::size_t>> stack;
    for (std::uint32_t root = 0; root < state.size(); ++root) {
      if (state[root] != kNew) continue;
      stack.emplace_back(root, 0);
      state[root] = kOpen;
      while (!stack.empty()) {
        auto& [s, next] = stack.back();
        const auto& productions = out_.symbols_[s].productions;
        if (next == productions.size()) {
          state[s] = kDone;
          stack.pop_back();
          continue;
        }
        const Grammar::Item first = productions[next++].items.front();
        if (first.terminal || state[first.index] == kDone) continue;
        if (state[first.index] == kOpen)
          fail(0, fmt::format("{} begins with itself", out_.symbols_[first.index].name));
        state[first.index] = kOpen;
        stack.emplace_back(first.index, 0);
      }
    }
  }

  std::string where_;
  Grammar& out_;
  std::string start_;
  std::map<std::string, std::vector<Record>> sets_;
  std::map<std::string, Rule> rules_;
  std::map<std::pair<std::string, std::vector<const Record*>>, std::size_t> made_;
  std::map<std::string, std::size_t> texts_;
};

Grammar::Grammar(std::string_view source, const std::string& where) {
  try {
    GrammarBuilder(source, where, *this);
  } catch (const std::runtime_error& error) {
    const std::string what = error.what();
    throw std::runtime_error(what.starts_with(where) ? what : where + ": " + what);
  }
}

const Grammar& Grammar::stories() {
  static const Grammar grammar(kStoriesGrammar, "the grammar of the stories");
  return grammar;
}

}  // namespace tern::models
