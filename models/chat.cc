// SPDX-License-Identifier: Apache-2.0

#include "models/chat.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "kernels/check.h"
#include "models/detokenizer.h"
#include "models/stop_strings.h"

namespace tern::models {
namespace {

// Of a prompt, read at once: between parts one may stop.
constexpr std::size_t kPart = 512;

// The reply should have this much of the context, so that turns are not dropped one by one.
std::size_t room_for_reply(std::size_t context, std::size_t most_tokens) {
  return std::min(most_tokens, context / 4) + 1;
}

}  // namespace

void check_history(const std::vector<Message>& messages) {
  std::size_t turn = 0;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (i == 0 && messages[i].role == Role::kSystem) continue;
    const Role expected = turn++ % 2 == 0 ? Role::kUser : Role::kAssistant;
    if (messages[i].role != expected)
      throw std::runtime_error("message " + std::to_string(i + 1) + " is of role " +
                               std::string(role_name(messages[i].role)) + ", expected " +
                               std::string(role_name(expected)));
  }
}

Chat::Chat(const Tokenizer& tokenizer, const ChatTemplate& shape, Decoder& decoder)
    : tokenizer_(tokenizer), shape_(shape), decoder_(decoder) {
  decoder_.reset();
}

std::size_t Chat::first_turn() const {
  return !messages_.empty() && messages_.front().role == Role::kSystem ? 1 : 0;
}

void Chat::set_system(std::string text) {
  messages_.erase(messages_.begin(), messages_.begin() + static_cast<std::ptrdiff_t>(first_turn()));
  if (!text.empty()) messages_.insert(messages_.begin(), {Role::kSystem, std::move(text)});
}

void Chat::ask(std::string text) {
  TERN_CHECK(!pending(), "a question before the reply to the last one");
  messages_.push_back({Role::kUser, std::move(text)});
}

void Chat::set_history(std::vector<Message> messages) {
  check_history(messages);
  messages_ = std::move(messages);
}

void Chat::clear() { messages_.resize(first_turn()); }

bool Chat::undo() {
  retry();
  if (!pending()) return false;
  messages_.pop_back();
  return true;
}

bool Chat::retry() {
  if (messages_.empty() || messages_.back().role != Role::kAssistant) return false;
  messages_.pop_back();
  return true;
}

void Chat::edit(std::size_t n, std::string text) {
  if (n == 0 || n > messages_.size())
    throw std::runtime_error("there is no message " + std::to_string(n) +
                             (messages_.empty()
                                  ? std::string(": nothing has been said")
                                  : ", expected 1 to " + std::to_string(messages_.size())));
  messages_[n - 1].content = std::move(text);
  if (messages_[n - 1].role == Role::kUser) messages_.resize(n);
}

std::vector<TokenId> Chat::prompt() const {
  return encode_chat(tokenizer_, render(shape_, messages_, true, tokenizer_.data()));
}

std::vector<TokenId> Chat::fitting_prompt(std::size_t most_tokens, Reply& reply) {
  const std::size_t context = decoder_.context();
  const std::vector<Message> before = messages_;
  std::vector<TokenId> ids = prompt();
  // A single question may take the room of its reply, as long as one token is left.
  while (ids.size() + room_for_reply(context, most_tokens) > context) {
    const auto first = messages_.begin() + static_cast<std::ptrdiff_t>(first_turn());
    if (messages_.end() - first < 3) break;
    messages_.erase(first, first + 2);
    reply.dropped += 2;
    ids = prompt();
  }
  if (ids.size() <= context) return ids;
  messages_ = before;
  throw std::runtime_error("the question takes " + std::to_string(ids.size()) +
                           " tokens with all that belongs to it, the model's context holds " +
                           std::to_string(context) + ": shorten it (/edit, /undo, /system)");
}

bool Chat::read(const std::vector<TokenId>& prompt, Reply& reply,
                const std::function<bool()>& go_on) {
  const auto differs = std::mismatch(held_.begin(), held_.end(), prompt.begin(), prompt.end());
  // The last token is read again where all are held: its logits are wanted.
  const auto same = static_cast<std::size_t>(differs.first - held_.begin());
  reply.reused = std::min(same, prompt.size() - 1);
  decoder_.truncate(reply.reused);
  held_.resize(reply.reused);
  while (prompt.size() - held_.size() > kPart) {
    if (!go_on()) return false;
    const auto part = std::span(prompt).subspan(held_.size(), kPart);
    try {
      decoder_.append(part);
    } catch (const Interrupted&) {
      return false;
    }
    held_.insert(held_.end(), part.begin(), part.end());
  }
  return go_on();
}

Reply Chat::reply(const GenerateOptions& options, const std::vector<std::string>& stop_strings,
                  const std::function<bool(std::string_view)>& show) {
  TERN_CHECK(pending(), "a reply to nothing");
  Reply reply;
  GenerateOptions how = options;
  const TokenizerData& data = tokenizer_.data();
  how.stops.insert(how.stops.end(), data.stops.begin(), data.stops.end());
  if (data.eos) how.stops.push_back(*data.eos);
  std::vector<std::string> strings = stop_strings;
  if (shape_.end != "{eos}") {
    const auto [length, id] = tokenizer_.special_at(shape_.end);
    if (length == shape_.end.size())
      how.stops.push_back(id);
    else
      strings.emplace_back(shape_.end);
  }
  StopStrings stop(strings);
  Detokenizer detokenizer(tokenizer_, false, false);  // a reply continues the prompt
  const std::vector<TokenId> ids = fitting_prompt(options.max_tokens, reply);

  bool begun = false;
  const auto shown = [&](std::string text) {
    if (shape_.trim && !begun) text.erase(0, text.find_first_not_of(" \n"));
    begun = begun || !text.empty();
    reply.text += text;
    return show(text);
  };
  try {
    const auto begin = std::chrono::steady_clock::now();
    if (read(ids, reply, [&] { return show({}); })) {
      const double read_s =
          std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      const std::size_t read_before = held_.size() - reply.reused;
      reply.made = generate(decoder_, ids, how, [&](TokenId id) {
        return shown(stop.add(detokenizer.add(id))) && !stop.hit();
      });
      reply.made.prefill_s += read_s;
      reply.made.prefill_tokens += read_before;
    } else {
      reply.made.stop = Stop::kCaller;
    }
  } catch (...) {
    decoder_.reset();
    held_.clear();
    throw;
  }
  if (stop.hit()) reply.made.stop = Stop::kString;
  shown(stop.finish());
  held_ = ids;
  held_.insert(held_.end(), reply.made.tokens.begin(), reply.made.tokens.end());
  held_.resize(decoder_.position());
  messages_.push_back({Role::kAssistant, reply.text});
  return reply;
}

}  // namespace tern::models
