// SPDX-License-Identifier: Apache-2.0

#include "experiments/chat_repl.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

#include "experiments/chat_file.h"
#include "experiments/commands.h"
#include "experiments/engine.h"
#include "experiments/interrupt.h"
#include "experiments/line_editor.h"
#include "experiments/output.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

// The first word, and what follows the blanks behind it.
std::pair<std::string, std::string> split(const std::string& text) {
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::size_t rest = std::min(text.find_first_not_of(" \t", end), text.size());
  return {text.substr(0, end), text.substr(rest)};
}

template <typename T>
T number(const std::string& text, const std::string& what) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::result_out_of_range && at == end)
    throw std::runtime_error(fmt::format("{}: found {}, expected {} to {}", what, text,
                                         std::numeric_limits<T>::lowest(),
                                         std::numeric_limits<T>::max()));
  if (error != std::errc() || at != end)
    throw std::runtime_error(what + ": found '" + text + "', expected a number");
  return value;
}

// What /set sets, one row each.
struct Setting {
  const char* name;
  std::string (*get)(const models::GenerateOptions&);
  void (*set)(models::GenerateOptions&, const std::string&);
};

template <auto Field>
std::string get_of(const models::GenerateOptions& o) {
  return fmt::format("{}", o.sampler.*Field);
}
template <auto Field>
void set_of(models::GenerateOptions& o, const std::string& text) {
  using T = std::remove_reference_t<decltype(o.sampler.*Field)>;
  o.sampler.*Field = number<T>(text, "/set");
}

using S = models::SamplerOptions;
constexpr Setting kSettings[] = {
    {"temperature", get_of<&S::temperature>, set_of<&S::temperature>},
    {"top-k", get_of<&S::top_k>, set_of<&S::top_k>},
    {"top-p", get_of<&S::top_p>, set_of<&S::top_p>},
    {"min-p", get_of<&S::min_p>, set_of<&S::min_p>},
    {"repeat-penalty", get_of<&S::repeat_penalty>, set_of<&S::repeat_penalty>},
    {"repeat-last", get_of<&S::repeat_last>, set_of<&S::repeat_last>},
    {"seed", get_of<&S::seed>, set_of<&S::seed>},
    {"tokens", [](const models::GenerateOptions& o) { return fmt::format("{}", o.max_tokens); },
     [](models::GenerateOptions& o, const std::string& text) {
       o.max_tokens = number<std::size_t>(text, "/set");
       if (o.max_tokens == 0) throw std::runtime_error("/set tokens: found 0, expected at least 1");
     }},
};

}  // namespace

struct Repl::Command {
  const char *name, *arguments, *help;
  void (Repl::*run)(const std::string& rest);
};

const std::vector<Repl::Command>& Repl::commands() {
  static const std::vector<Command> rows = {
      {"/help", "", "this list", &Repl::help},
      {"/system", "TEXT", "what the model is told first; without TEXT: nothing", &Repl::system},
      {"/history", "", "all messages, with their numbers", &Repl::history},
      {"/undo", "", "take the last question and its reply back", &Repl::undo},
      {"/edit", "N TEXT",
       "message N gets another text; a question is answered anew, and what "
       "followed it goes",
       &Repl::edit},
      {"/retry", "", "another reply to the last question", &Repl::retry},
      {"/clear", "", "forget all messages but the system's", &Repl::clear},
      {"/save", "FILE", "write the conversation as JSON", &Repl::save},
      {"/load", "FILE", "go on with a conversation that was saved", &Repl::load},
      {"/set", "[NAME VALUE]", "show the settings, or change one", &Repl::set},
      {"/stats", "", "tokens and times of the last reply", &Repl::stats},
      {"/quit", "", "end; so do /exit and Ctrl-D", nullptr},
  };
  return rows;
}

Repl::Repl(ReplOptions options, models::Chat& chat, HeldInterrupts& interrupts)
    : options_(std::move(options)), chat_(chat), interrupts_(interrupts) {}

void Repl::reply() {
  TextStream out;
  models::Reply reply;
  try {
    reply = chat_.reply(options_.generate, options_.stop_strings, [&](std::string_view text) {
      out.add(text);
      return !interrupts_.take();
    });
  } catch (const std::runtime_error&) {
    out.finish();
    throw;
  }
  ++options_.generate.sampler.seed;
  out.finish();
  print_out("\n");
  const models::Generation& g = reply.made;
  replies_.push_back({{"prompt_tokens", reply.reused + g.prefill_tokens},
                      {"reused_tokens", reply.reused},
                      {"dropped_messages", reply.dropped},
                      {"stop", models::stop_name(g.stop)},
                      {"prefill", speed_json(g.prefill_tokens, g.prefill_s)},
                      {"decode", speed_json(g.decode_steps, g.decode_s)}});
  if (reply.dropped != 0)
    fmt::print(stderr, "(the context was full: the {} oldest messages were dropped)\n",
               reply.dropped);
  if (g.stop == models::Stop::kContext)
    fmt::print(stderr,
               "(the reply ended where the context did; what comes next drops the oldest messages, "
               "/clear or /undo make room at once)\n");
  if (g.stop == models::Stop::kLength)
    fmt::print(stderr, "(the reply ended at {} tokens: /set tokens N)\n",
               options_.generate.max_tokens);
  if (g.stop == models::Stop::kCaller) fmt::print(stderr, "(stopped)\n");
}

void Repl::reply_or(const std::vector<models::Message>& before) {
  if (!chat_.pending()) return;
  try {
    reply();
  } catch (const std::runtime_error&) {
    chat_.set_history(before);
    throw;
  }
}

bool Repl::line(const std::string& text) {
  if (text.find_first_not_of(" \t\r") == text.npos) return true;
  if (text[0] != '/' || text.starts_with("//")) {
    const std::vector<models::Message> before = chat_.messages();
    chat_.ask(text.substr(text[0] == '/' ? 1 : 0));
    reply_or(before);
    return true;
  }
  auto [name, rest] = split(text);
  if (name == "/exit") name = "/quit";
  for (const Command& c : commands()) {
    if (name != c.name) continue;
    if (c.run == nullptr) return false;
    if (*c.arguments == '\0' && !rest.empty())
      throw std::runtime_error(name + " takes nothing behind it");
    (this->*c.run)(rest);
    return true;
  }
  throw std::runtime_error(name +
                           ": no such command (/help; a message that begins with a slash: //)");
}

int Repl::run() {
  LineReader reader;
  std::optional<LineEditor> editor;
  if (LineEditor::usable()) {
    std::vector<std::string> names;
    for (const Command& c : commands()) names.emplace_back(c.name);
    editor.emplace("> ", std::move(names));
  }
  bool interrupted = false;
  for (std::string text;;) {
    if (options_.terminal && !editor) fmt::print(stderr, "> ");
    const auto got = editor ? editor->read(text) : reader.read(text);
    if (got == LineReader::Got::kEnd) {
      if (options_.terminal) fmt::print(stderr, "\n");
      break;
    }
    if (got == LineReader::Got::kInterrupt) {
      if (!options_.terminal || interrupted) return kExitInterrupted;
      fmt::print(stderr, "\n(Ctrl-C again ends the program, as /quit and Ctrl-D do)\n");
      interrupted = true;
      continue;
    }
    interrupted = false;
    if (text.ends_with('\r')) text.pop_back();
    try {
      if (!line(text)) break;
    } catch (const std::runtime_error& error) {
      fmt::print(stderr, "tern: {}\n", error.what());
      failed_ = true;
    }
  }
  return failed_ && !options_.terminal ? 1 : 0;
}

void Repl::help(const std::string&) {
  std::string text;
  for (const Command& c : commands())
    text += fmt::format("{:<20} {}\n", fmt::format("{} {}", c.name, c.arguments), c.help);
  print_out(
      text +
      "Anything else is said to the model. Ctrl-C stops a reply, or clears a line. On a terminal "
      "arrow keys\nedit the line and bring back earlier ones, Ctrl-R searches them, Tab "
      "completes a command.\n");
}

void Repl::system(const std::string& rest) { chat_.set_system(rest); }

void Repl::history(const std::string&) {
  TextStream out;  // replies may hold bytes that are no UTF-8
  for (std::size_t i = 0; i < chat_.messages().size(); ++i)
    out.add(fmt::format("{} {}: {}\n", i + 1, models::role_name(chat_.messages()[i].role),
                        chat_.messages()[i].content));
  out.finish();
}

void Repl::undo(const std::string&) {
  if (!chat_.undo()) throw std::runtime_error("/undo: nothing has been said");
}

void Repl::edit(const std::string& rest) {
  const auto [n, text] = split(rest);
  if (text.empty()) throw std::runtime_error("/edit: expected the number of a message and a text");
  const std::vector<models::Message> before = chat_.messages();
  chat_.edit(number<std::size_t>(n, "/edit"), text);
  reply_or(before);
}

void Repl::retry(const std::string&) {
  const std::vector<models::Message> before = chat_.messages();
  chat_.retry();
  if (!chat_.pending()) throw std::runtime_error("/retry: nothing has been asked");
  reply_or(before);
}

void Repl::clear(const std::string&) { chat_.clear(); }

void Repl::save(const std::string& rest) {
  if (rest.empty() || rest == "-")
    throw std::runtime_error("/save: expected the name of a file" +
                             (rest.empty() ? std::string() : ", found " + rest));
  const auto j = chat_to_json(chat_.messages(), chat_.shape(), options_.model_name);
  models::write_whole_file(rest,
                           j.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

void Repl::load(const std::string& rest) {
  if (rest.empty()) throw std::runtime_error("/load: expected the name of a file");
  const std::vector<models::Message> before = chat_.messages();
  chat_.set_history(read_chat_file(rest));
  reply_or(before);
}

void Repl::set(const std::string& rest) {
  const auto [name, value] = split(rest);
  if (name.empty()) {
    std::string text;
    for (const Setting& s : kSettings)
      text += fmt::format("{} {}\n", s.name, s.get(options_.generate));
    return print_out(text);
  }
  std::string names;
  for (const Setting& s : kSettings) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", s.name);
    if (name != s.name) continue;
    models::GenerateOptions changed = options_.generate;
    s.set(changed, value);
    models::check(changed.sampler);
    options_.generate = changed;
    return;
  }
  throw std::runtime_error(fmt::format("/set: found {}, expected one of {}", name, names));
}

void Repl::stats(const std::string&) {
  if (replies_.empty()) throw std::runtime_error("/stats: there is no reply yet");
  const auto& r = replies_.back();
  print_out(fmt::format(
      "prompt {} tokens, {} of them held from before; prefill {} tokens in {:.3f} s, {:.1f} "
      "tokens/s; decode {} tokens in {:.3f} s, {:.1f} tokens/s; stopped by {}\n",
      r["prompt_tokens"].get<std::size_t>(), r["reused_tokens"].get<std::size_t>(),
      r["prefill"]["tokens"].get<std::size_t>(), r["prefill"]["time_s"].get<double>(),
      r["prefill"]["tokens_per_s"].get<double>(), r["decode"]["tokens"].get<std::size_t>(),
      r["decode"]["time_s"].get<double>(), r["decode"]["tokens_per_s"].get<double>(),
      r["stop"].get<std::string>()));
}

}  // namespace tern::experiments
