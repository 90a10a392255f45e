// SPDX-License-Identifier: Apache-2.0
//
// How the turns of a conversation become the tokens that a model was trained on. Checkpoints say it
// as a Jinja program (tokenizer.chat_template; chat_template of tokenizer_config.json); here is a
// table of what the published ones render, found by marks in that program, which is not run.

#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/tokenizer.h"

namespace tern::models {

enum class Role : std::uint8_t { kSystem, kUser, kAssistant };
std::string_view role_name(Role role) noexcept;  // "system", "user", "assistant"

struct Message {
  Role role;
  std::string content;

  bool operator==(const Message&) const = default;
};

// {bos} and {eos} stand for the tokenizer's tokens, for nothing where it has none.
struct ChatTemplate {
  struct Around {
    std::string_view before, after;
  };
  enum class System : std::uint8_t {
    kFirst,       // a turn of its own, if there is one
    kDefault,     // likewise; `system_text` if there is none
    kAlways,      // likewise, empty if there is none
    kInFirstUser  // between the first user's `before` and the user's text
  };

  std::string_view name, models;
  // Found in the Jinja text, in which ' replaces " and all blanks and line breaks are left out: all
  // of these (empty ones aside) and not `without`; or `alone`.
  std::array<std::string_view, 3> marks;
  std::string_view without, alone;
  std::string_view begin;  // {bos}, or nothing
  Around system, user, assistant;
  std::string_view reply;  // asks for the assistant's next message
  std::string_view end;    // what ends a message of the assistant: a token, else a stop string
  bool trim = false;       // blanks around the messages are left out
  System system_as = System::kFirst;
  std::string_view system_text = {};
};

std::span<const ChatTemplate> chat_templates() noexcept;

// Throws std::runtime_error that names the known ones.
const ChatTemplate& chat_template(std::string_view name);

// The template whose marks `jinja` has; the plain one when it is empty.
// Throws std::runtime_error that names the known ones.
const ChatTemplate& recognise_chat_template(std::string_view jinja);

// Part of a rendered conversation. Special tokens may stand in what the template says, never in
// what a message says.
struct ChatText {
  std::string text;
  bool is_content;
};

// The messages, and what asks for a reply. The system message, if any, comes first; users and the
// assistant take turns.
std::vector<ChatText> render(const ChatTemplate& shape, std::span<const Message> messages,
                             bool ask_reply, const TokenizerData& tokenizer);

// Its tokens: those of the text in one piece, but for special tokens, which no message holds.
std::vector<TokenId> encode_chat(const Tokenizer& tokenizer, std::span<const ChatText> parts);

}  // namespace tern::models
