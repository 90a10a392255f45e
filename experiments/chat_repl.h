// SPDX-License-Identifier: Apache-2.0
//
// The conversation of tern chat: lines of standard input are messages or, with a slash, commands.
// Replies and what commands were asked to show go to standard output, everything else (prompts,
// notices, what went wrong) to standard error; prompts only where somebody types.

#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/line_reader.h"
#include "models/chat.h"

namespace tern::experiments {

struct ReplOptions {
  models::GenerateOptions generate;  // of every reply; the seed grows by one from reply to reply
  std::vector<std::string> stop_strings;
  std::string model_name;
  bool terminal = false;  // standard input is one
};

class Repl {
 public:
  // `chat` and `interrupts` are borrowed.
  Repl(ReplOptions options, models::Chat& chat, HeldInterrupts& interrupts);

  // Until the input ends or /quit. A command that cannot be done says why, and the conversation
  // goes on. Returns the exit code: 0; kExitInterrupted after Ctrl-C at the prompt, twice where
  // somebody types; else 1 where input that nobody typed held a line that could not be done.
  int run();

  // Of each reply: tokens, times and why it ended.
  const nlohmann::ordered_json& replies() const { return replies_; }

 private:
  struct Command;
  static const std::vector<Command>& commands();

  bool line(const std::string& text);  // false: quit
  void reply();
  // The same, if one is due; where it cannot be made, the history is as it was `before`.
  void reply_or(const std::vector<models::Message>& before);

  void help(const std::string& rest);
  void system(const std::string& rest);
  void history(const std::string& rest);
  void undo(const std::string& rest);
  void edit(const std::string& rest);
  void retry(const std::string& rest);
  void clear(const std::string& rest);
  void save(const std::string& rest);
  void load(const std::string& rest);
  void set(const std::string& rest);
  void stats(const std::string& rest);

  ReplOptions options_;
  models::Chat& chat_;
  HeldInterrupts& interrupts_;
  nlohmann::ordered_json replies_ = nlohmann::ordered_json::array();
  bool failed_ = false, quit_ = false;
};

}  // namespace tern::experiments
