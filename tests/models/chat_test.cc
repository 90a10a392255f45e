// SPDX-License-Identifier: Apache-2.0
//
// State space: the history and every way to edit it; what the decoder reads again after each; how
// replies end; a context that is full by turns, by one question, by a reply; on a decoder whose
// next token is known. Parameters: the texts.

#include "models/chat.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <stdexcept>

#include "tests/models/tiny_model.h"

namespace tern::models {
namespace {

constexpr TokenId kEnd = 299, kVocab = 300;

// Answers every prompt with `text`, letter by letter, and then kEnd; remembers what it was fed.
class Scripted : public Decoder {
 public:
  explicit Scripted(std::string answer, std::size_t context = 1000)
      : text(std::move(answer)), context_(context) {}

  std::span<const float> forward(std::span<const TokenId> tokens) override {
    REQUIRE(tokens.size() <= context_ - held.size());
    if (fail) throw std::runtime_error("a weight is too large");
    // One token is what was sampled; more, or one after a cut, begin a reply.
    at_ = tokens.size() == 1 && !cut_ ? at_ + 1 : 0;
    cut_ = false;
    held.insert(held.end(), tokens.begin(), tokens.end());
    fed += tokens.size();
    logits_.assign(kVocab, 0.0f);
    logits_[at_ < text.size() ? static_cast<unsigned char>(text[at_]) : kEnd] = 1;
    return logits_;
  }
  void forward_all(std::span<const TokenId>, float*) override { FAIL("no chat needs it"); }
  std::size_t position() const override { return held.size(); }
  std::size_t context() const override { return context_; }
  void reset() override { truncate(0); }
  void truncate(std::size_t position) override {
    REQUIRE(position <= held.size());
    held.resize(position);
    cut_ = true;
  }

  std::string text;
  bool fail = false;
  std::vector<TokenId> held;
  std::size_t fed = 0;

 private:
  std::size_t context_, at_ = 0;
  bool cut_ = true;
  std::vector<float> logits_;
};

struct Talk {
  explicit Talk(std::string answer, std::size_t context = 1000, const char* shape = "plain")
      : tokenizer(tiny_tokenizer(300)),
        decoder(std::move(answer), context),
        chat(tokenizer, chat_template(shape), decoder) {}

  Reply say(const std::string& question) {
    chat.ask(question);
    return reply();
  }
  Reply reply() {
    decoder.fed = 0;
    return chat.reply({.max_tokens = 100}, {}, [&](std::string_view more) {
      shown += more;
      return true;
    });
  }
  // What the decoder holds, as text.
  std::string held() const { return tokenizer.decode(decoder.held); }

  Tokenizer tokenizer;
  Scripted decoder;
  Chat chat;
  std::string shown;
};

TEST_CASE("a reply follows the history and becomes part of it", "[models][chat]") {
  Talk t(" Fine.");
  t.chat.set_system("Be kind.");
  const Reply r = t.say("How are you?");
  CHECK(r.text == "Fine.");
  CHECK(t.shown == "Fine.");
  CHECK(r.made.stop == Stop::kEos);
  CHECK(t.held() == "Be kind.\n\nUser: How are you?\nAssistant: Fine.");
  CHECK(t.chat.messages() == std::vector<Message>{{Role::kSystem, "Be kind."},
                                                  {Role::kUser, "How are you?"},
                                                  {Role::kAssistant, "Fine."}});
  CHECK_FALSE(t.chat.pending());
}

TEST_CASE("only what changed is read again", "[models][chat]") {
  Talk t(" Fine.");
  t.say("One");
  const std::size_t before = t.decoder.held.size();
  const Reply second = t.say("Two");
  // All but the end token, which the decoder was not fed.
  CHECK(second.reused == before);
  CHECK(t.decoder.fed == std::string("\nUser: Two\nAssistant:").size() + 6);
  CHECK(second.made.prefill_tokens == std::string("\nUser: Two\nAssistant:").size());
  CHECK(t.held() == "User: One\nAssistant: Fine.\nUser: Two\nAssistant: Fine.");

  // Another reply reads the last token of the prompt again.
  REQUIRE(t.chat.retry());
  t.decoder.text = " Good.";
  const Reply again = t.reply();
  CHECK(again.made.prefill_tokens == 1);
  CHECK(t.held() == "User: One\nAssistant: Fine.\nUser: Two\nAssistant: Good.");

  // An edit reads on from the first letter that differs.
  t.chat.edit(3, "Toe");
  REQUIRE(t.chat.pending());
  const Reply edited = t.reply();
  CHECK(edited.reused == 1 + std::string("User: One\nAssistant: Fine.\nUser: T").size());
  CHECK(t.held() == "User: One\nAssistant: Fine.\nUser: Toe\nAssistant: Good.");
  CHECK(t.chat.messages().size() == 4);

  // An edit of a reply keeps what follows, and is read with the next question.
  t.chat.edit(2, "Awful.");
  CHECK_FALSE(t.chat.pending());
  CHECK(t.chat.messages().size() == 4);
  const Reply third = t.say("Three");
  CHECK(third.reused == 1 + std::string("User: One\nAssistant: ").size());
  CHECK(t.held() ==
        "User: One\nAssistant: Awful.\nUser: Toe\nAssistant: Good.\nUser: Three\nAssistant: Good.");

  REQUIRE(t.chat.undo());
  REQUIRE(t.chat.undo());
  CHECK(t.chat.messages().size() == 2);
  t.chat.clear();
  CHECK(t.chat.messages().empty());
  CHECK_FALSE(t.chat.undo());
  CHECK_FALSE(t.chat.retry());
  t.say("Anew");
  CHECK(t.held() == "User: Anew\nAssistant: Good.");
  CHECK_THROWS_WITH(t.chat.edit(3, "x"), Catch::Contains("no message 3, expected 1 to 2"));
  CHECK_THROWS_WITH(t.chat.edit(0, "x"), Catch::Contains("no message 0"));
}

TEST_CASE("a system message comes goes and changes", "[models][chat]") {
  Talk t(" A");
  t.say("Q");
  t.chat.set_system("S");
  CHECK(t.chat.messages().front() == Message{Role::kSystem, "S"});
  t.chat.set_system("T");
  CHECK(t.chat.messages().size() == 3);
  t.chat.clear();
  CHECK(t.chat.messages().size() == 1);
  t.chat.set_system("");
  CHECK(t.chat.messages().empty());
}

TEST_CASE("a reply ends with the model's next question and with the caller's word",
          "[models][chat]") {
  Talk t(" Yes.\nUser: And");
  const Reply r = t.say("So?");
  CHECK(r.text == "Yes.");
  CHECK(r.made.stop == Stop::kString);
  // What was made beyond the text is not part of the next prompt.
  t.say("More");
  CHECK(t.held().starts_with("User: So?\nAssistant: Yes.\nUser: More\nAssistant: Yes."));

  Talk cut("abcdef");
  cut.chat.ask("x");
  const Reply part = cut.chat.reply({}, {"never"}, [&](std::string_view more) {
    cut.shown += more;
    return cut.shown.size() < 3;
  });
  CHECK(part.made.stop == Stop::kCaller);
  CHECK(part.text == "abc");
  CHECK(cut.chat.messages().back() == Message{Role::kAssistant, "abc"});
}

TEST_CASE("a long prompt is read in parts between which it may be stopped", "[models][chat]") {
  Talk t(" A", 5000);
  t.chat.ask(std::string(2000, 'q'));
  int calls = 0;
  const Reply r = t.chat.reply({}, {}, [&](std::string_view text) {
    CHECK(text.empty());
    return ++calls < 3;
  });
  CHECK(r.made.stop == Stop::kCaller);
  CHECK(r.text.empty());
  CHECK(t.decoder.held.size() == 1024);
  t.chat.retry();
  const Reply whole = t.reply();
  CHECK(whole.reused == 1024);
  CHECK(whole.text == "A");
  CHECK(whole.reused + whole.made.prefill_tokens ==
        1 + std::string("User: \nAssistant:").size() + 2000);
}

TEST_CASE("where the context is full the oldest turns go and the system message stays",
          "[models][chat]") {
  Talk t(" 0123456789", 120);
  t.chat.set_system("S");
  for (int i = 0; i < 2; ++i) CHECK(t.say("question").dropped == 0);
  const Reply r = t.say("question");
  CHECK(r.dropped == 2);
  CHECK(t.chat.messages().size() == 5);
  CHECK(t.chat.messages().front().role == Role::kSystem);
  CHECK(t.held().starts_with("S\n\nUser: question"));
  // One question that does not fit is refused, and nothing is lost.
  const auto before = t.chat.messages();
  t.chat.ask(std::string(150, 'x'));
  CHECK_THROWS_WITH(t.reply(), Catch::Contains("holds 120") && Catch::Contains("shorten it"));
  CHECK(t.chat.pending());
  CHECK(t.chat.messages().size() == before.size() + 1);
  t.chat.undo();
  CHECK(t.chat.messages() == before);
  // One that leaves no room but for a few tokens is answered with these.
  t.chat.clear();
  const Reply few = t.say(std::string(95, 'x'));
  CHECK(few.made.stop == Stop::kContext);
  CHECK(t.decoder.held.size() == 120);
}

TEST_CASE("an error within a reply leaves the question and a decoder that reads anew",
          "[models][chat]") {
  Talk t(" A");
  t.say("one");
  t.decoder.fail = true;
  t.chat.ask("two");
  CHECK_THROWS_WITH(t.reply(), Catch::Contains("too large"));
  CHECK(t.chat.pending());
  CHECK(t.decoder.held.empty());
  t.decoder.fail = false;
  CHECK(t.reply().reused == 0);
}

TEST_CASE("a history that is out of turn is refused", "[models][chat]") {
  using M = std::vector<Message>;
  Talk t("");
  for (const M& good : {M{}, M{{Role::kSystem, ""}}, M{{Role::kUser, ""}},
                        M{{Role::kSystem, ""}, {Role::kUser, ""}, {Role::kAssistant, ""}}})
    CHECK_NOTHROW(t.chat.set_history(good));
  CHECK_THROWS_WITH(t.chat.set_history(M{{Role::kAssistant, ""}}),
                    Catch::Contains("message 1 is of role assistant, expected user"));
  CHECK_THROWS_WITH(t.chat.set_history(M{{Role::kUser, ""}, {Role::kSystem, ""}}),
                    Catch::Contains("message 2 is of role system, expected assistant"));
  CHECK_THROWS_WITH(t.chat.set_history(M{{Role::kUser, ""}, {Role::kUser, ""}}),
                    Catch::Contains("message 2 is of role user, expected assistant"));
  CHECK(t.chat.messages().size() == 3);
}

}  // namespace
}  // namespace tern::models
