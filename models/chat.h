// SPDX-License-Identifier: Apache-2.0
//
// A conversation with a model: its history, which may be edited, and replies that read again only
// what has changed since the last one.

#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "models/chat_template.h"
#include "models/decoder.h"
#include "models/generate.h"
#include "models/tokenizer.h"

namespace tern::models {

// Throws std::runtime_error that says which message is out of place: the system message, if there
// is one, comes first; then users and the assistant take turns.
void check_history(const std::vector<Message>& messages);

struct Reply {
  Generation made;
  std::string text;         // what was shown
  std::size_t reused = 0;   // tokens of the prompt that the decoder held already
  std::size_t dropped = 0;  // oldest messages that had to go
};

class Chat {
 public:
  // All are borrowed. The decoder is the chat's alone from now on.
  Chat(const Tokenizer& tokenizer, const ChatTemplate& shape, Decoder& decoder);

  const std::vector<Message>& messages() const { return messages_; }
  const ChatTemplate& shape() const { return shape_; }
  // The last message is a user's: a reply is due.
  bool pending() const { return !messages_.empty() && messages_.back().role == Role::kUser; }

  void set_system(std::string text);         // empty: none
  void ask(std::string text);                // not while a reply is due
  void set_history(std::vector<Message> m);  // throws as check_history() does
  void clear();                              // all but the system message
  bool undo();   // takes the last question and its reply back; false: there is none
  bool retry();  // takes the last reply back; false: there is none
  // Message n, from 1, gets another text. After a user's, all that followed goes and a reply is
  // due. Throws std::runtime_error when there is no such message.
  void edit(std::size_t n, std::string text);

  // The tokens that the next reply continues.
  std::vector<TokenId> prompt() const;

  // Appends the reply, or what there was of it when it was ended. `show` gets its text as it comes
  // and ends it by returning false (Stop::kCaller); it also gets empty texts, between the parts of
  // a long prompt. Where the context has no room for the history and a reply, the oldest turns are
  // dropped. options.stops and stop_strings end replies besides what the template and the tokenizer
  // say. Throws std::runtime_error, with the history as it was, when one question alone is too
  // long.
  Reply reply(const GenerateOptions& options, const std::vector<std::string>& stop_strings,
              const std::function<bool(std::string_view)>& show);

 private:
  std::vector<TokenId> fitting_prompt(std::size_t most_tokens, Reply& reply);
  // Makes the decoder hold the longest part of `prompt` that it has, and reads all but the end.
  bool read(const std::vector<TokenId>& prompt, Reply& reply, const std::function<bool()>& go_on);
  std::size_t first_turn() const;

  const Tokenizer& tokenizer_;
  const ChatTemplate& shape_;
  Decoder& decoder_;
  std::vector<Message> messages_;
  std::vector<TokenId> held_;  // by the decoder
};

}  // namespace tern::models
