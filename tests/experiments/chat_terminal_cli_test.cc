// SPDX-License-Identifier: Apache-2.0
//
// State space: `tern chat` at a terminal (by script(1), where there is one): the prompt, the ends
// of a conversation, editing within a line, lines that were sent before, Tab, characters of several
// bytes and bytes that are none, Ctrl-C on an empty line and on one that holds something, a paste
// of several lines, a terminal whose cursor cannot be moved. Parameters: small random checkpoints.

#include <catch2/catch.hpp>
#include <map>
#include <vector>

#include "tests/experiments/chat_cli.h"

namespace tern::experiments {
namespace {

using Catch::Contains;

// What must have been shown, in as many lines as steps up to this one name it, before the keys are
// pressed. \003 is Ctrl-C, \004 Ctrl-D, \033 begins an arrow key.
struct Step {
  std::string shown, keys;
};

const std::string kPrompt = "^> ";

class Terminal : public ChatCli {
 public:
  Terminal() : there_(shell("command -v script").code == 0) {
    if (!there_) WARN("SKIP: no script(1) to make a terminal with");
  }

  bool there() const { return there_; }

  // The program's end ends the waiting.
  Result type(const std::vector<Step>& steps, const std::string& terminal = "xterm") const {
    std::string script =
        "rm -f {d}/keys {d}/o {d}/j; mkfifo {d}/keys; export EDITRC=/dev/null TERM=" + terminal +
        "\n"
        "script -qefc '{t} chat {m} -n 2 --temperature 0 --json {d}/j' /dev/null "
        "<{d}/keys >{d}/o & pid=$!\n"
        "exec 7>{d}/keys\n"
        "press() {\n"
        "  until [ $(grep -ac \"$1\" {d}/o) -ge $2 ]; do\n"
        "    kill -0 $pid 2>/dev/null || break; sleep 0.05; done\n"
        "  printf \"$3\" >&7\n"
        "}\n";
    std::map<std::string, int> times;
    for (const Step& step : steps)
      script += "press '" + step.shown + "' " + std::to_string(++times[step.shown]) + " '" +
                step.keys + "'\n";
    return shell(script + "wait $pid; code=$?; cat {d}/o; exit $code");
  }

  // What the model was told, of a conversation that such lines make.
  std::vector<std::string> said(const std::vector<Step>& steps) const {
    REQUIRE(type(steps).code == 0);
    std::vector<std::string> questions;
    const auto conversation = json_of(file("j"));
    for (const auto& message : conversation["messages"])
      if (message["role"] == "user") questions.push_back(message["content"]);
    return questions;
  }

 private:
  bool there_;
};

using Lines = std::vector<std::string>;

TEST_CASE("where somebody types there is a prompt and Ctrl-C must come twice", "[experiments]") {
  const Terminal t;
  if (!t.there()) return;
  for (const char* terminal : {"xterm", "dumb", "''"}) {
    INFO(terminal);
    const Result end = t.type({{kPrompt, "Hi\\n"}, {kPrompt, "\\004"}}, terminal);
    CHECK(end.code == 0);
    CHECK_THAT(end.out, Contains("> ") && Contains("/help shows the commands"));
    const Result once =
        t.type({{kPrompt, "\\003"}, {kPrompt, "Hi\\n"}, {kPrompt, "\\003"}, {kPrompt, "/quit\\n"}},
               terminal);
    CHECK(once.code == 0);
    CHECK_THAT(once.out, Contains("Ctrl-C again ends the program"));
    CHECK(t.type({{kPrompt, "\\003"}, {kPrompt, "\\003"}}, terminal).code == 130);
  }
}

TEST_CASE("a line is edited where the cursor is", "[experiments]") {
  const Terminal t;
  if (!t.there()) return;
  CHECK(t.said({{kPrompt, "abd\\033[Dc\\n"},          // left
                {kPrompt, "bc\\001a\\005d\\n"},       // Ctrl-A, Ctrl-E
                {kPrompt, "one two\\033[D\\013\\n"},  // left, Ctrl-K
                {kPrompt, "one two three\\027\\n"},   // Ctrl-W
                {kPrompt, "gone\\025kept\\n"},        // Ctrl-U
                {kPrompt, "xab\\033[H\\033[3~\\n"},   // Home, Delete
                {kPrompt, "a\\tb\\n"},                // no command: a tab
                {kPrompt, "\\004"}}) ==
        Lines{"abcd", "abcd", "one tw", "one two ", "kept", "ab", "a\tb"});
}

TEST_CASE("arrow keys bring back what was sent", "[experiments]") {
  const Terminal t;
  if (!t.there()) return;
  CHECK(t.said({{kPrompt, "First\\n"},
                {kPrompt, "Second\\n"},
                {kPrompt, "\\n"},                        // nothing was sent
                {kPrompt, "\\033[A\\n"},                 // up
                {kPrompt, "\\033[A\\033[A\\n"},          // the one before: no line stands twice
                {kPrompt, "\\033[A\\033[A\\033[B!\\n"},  // up, up, down
                {kPrompt, "\\004"}}) == Lines{"First", "Second", "Second", "First", "First!"});
}

TEST_CASE("a character of several bytes is one, and bytes that are none are shown as U+FFFD",
          "[experiments]") {
  const Terminal t;
  if (!t.there()) return;
  CHECK(t.said({{kPrompt, "a\u00fc\\177b\\n"},                    // Backspace
                {kPrompt, "a\u20acb\\033[D\\177c\\n"},            // left, Backspace
                {kPrompt, "\U0001f600\u00e4\\033[D\\033[Dx\\n"},  // left, left
                {kPrompt, "\\004"}}) == Lines{"ab", "acb", "x\U0001f600\u00e4"});
  const Result bytes =
      t.type({{kPrompt, "x\\351y\\377\\n"}, {kPrompt, "/history\\n"}, {"1 user", "\\004"}});
  CHECK(bytes.code == 0);
  CHECK_THAT(bytes.out, Contains("1 user: x\ufffdy\ufffd\r\n"));
}

TEST_CASE("Ctrl-C clears a line that holds something", "[experiments]") {
  const Terminal t;
  if (!t.there()) return;
  CHECK(t.said({{kPrompt, "gone"},
                {"gone", "\\003"},
                {kPrompt, "lost"},
                {"lost", "\\003"},
                {kPrompt, "kept\\n"},
                {kPrompt, "\\004"}}) == Lines{"kept"});
}

TEST_CASE("Tab completes a command", "[experiments]") {
  const Terminal t;
  if (!t.there()) return;
  const Result r = t.type({{kPrompt, "/hi\\t\\n"},
                           {kPrompt, "/s\\t"},
                           {"/stats", "y\\tBe brief.\\n"},
                           {kPrompt, "\\004"}});
  CHECK(r.code == 0);
  CHECK_THAT(r.out, Contains("/system  /save  /set  /stats"));
  CHECK(json_of(t.file("j"))["messages"][0]["content"] == "Be brief.");
}

TEST_CASE("lines that are pasted together are answered one by one", "[experiments]") {
  const Terminal t;
  if (!t.there()) return;
  // Ctrl-D among them could come while the terminal still takes it for an end of its own.
  CHECK(t.said({{kPrompt, "one\\ntwo\\n\\nthree\\n/quit\\n"}}) == Lines{"one", "two", "three"});
}

}  // namespace
}  // namespace tern::experiments
