// SPDX-License-Identifier: Apache-2.0
//
// State space: `tern chat` as a script runs it and as signals meet it: replies, every command,
// wrong commands, files that are saved and loaded whole or not at all, Ctrl-C within a reply and at
// the prompt, nobody reading. Parameters: small random checkpoints.

#include "tests/experiments/chat_cli.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace tern::experiments {
namespace {

using Catch::Contains;
using models::write_whole_file;

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST_CASE("chat answers each line and says nothing else on standard output", "[experiments]") {
  const ChatCli cli;
  const Result r = cli.chat("Hello\n\n  \nAgain", "--json {d}/j");
  REQUIRE(r.code == 0);
  CHECK(r.out.find("> ") == r.out.npos);
  const auto j = json_of(cli.file("j"));
  CHECK(j["schema"] == "tern.chat");
  CHECK(j["schema_version"] == 1);
  CHECK(j["template"] == "plain");
  REQUIRE(j["messages"].size() == 4);
  CHECK(j["messages"][0]["role"] == "user");
  CHECK(j["messages"][0]["content"] == "Hello");
  CHECK(j["messages"][3]["role"] == "assistant");
  REQUIRE(j["replies"].size() == 2);
  CHECK(j["replies"][0]["reused_tokens"] == 0);
  CHECK(j["replies"][0]["stop"] == "length");
  // BOS, "User: Hello\nAssistant:" and most of the reply; letters are tokens.
  CHECK(j["replies"][1]["reused_tokens"] >= 1 + 22);
  CHECK(j["replies"][1]["prefill"]["time_s"] > 0);
}

TEST_CASE("a reply does not depend on what the decoder had read before", "[experiments]") {
  const ChatCli cli;
  const Result grown = cli.chat("One\nTwo\n/edit 1 Won\nTwo\n/history\n");
  REQUIRE(grown.code == 0);
  const Result fresh = cli.chat("Won\nTwo\n/history\n");
  REQUIRE(fresh.code == 0);
  CHECK(grown.out.ends_with(fresh.out));
}

TEST_CASE("chat edits its history by commands", "[experiments]") {
  const ChatCli cli;
  const Result r = cli.chat(
      "/system Be brief.\nFirst\nSecond\n/undo\n/retry\n/edit 3 Said otherwise.\n/history\n");
  REQUIRE(r.code == 0);
  CHECK_THAT(r.out, Contains("1 system: Be brief.\n2 user: First\n3 assistant: Said otherwise.\n"));
  CHECK(r.out.find("Second") == r.out.npos);
  const Result cleared = cli.chat("/system S\nA\n/clear\n/history\n/system\n/clear\n/history\n");
  CHECK(cleared.out.ends_with("1 system: S\n"));
  const Result help = cli.chat("/help\n");
  for (const char* command : {"/system", "/history", "/undo", "/edit", "/retry", "/clear", "/save",
                              "/load", "/set", "/stats", "/quit"})
    CHECK_THAT(help.out, Contains(command));
  const Result quit = cli.chat("/quit\nnever asked\n", "--json {d}/j");
  CHECK(quit.code == 0);
  CHECK(quit.out.empty());
  CHECK(json_of(cli.file("j"))["messages"].empty());
  const Result slash = cli.chat("//etc is a folder\n/history\n");
  CHECK_THAT(slash.out, Contains("1 user: /etc is a folder\n"));
}

TEST_CASE("settings and figures are shown and changed", "[experiments]") {
  const ChatCli cli;
  const Result r =
      cli.chat("/set temperature 0.7\n/set top-k 12\n/set tokens 3\n/set\nHi\n/stats\n");
  REQUIRE(r.code == 0);
  CHECK_THAT(r.out, Contains("temperature 0.7\ntop-k 12\n") && Contains("tokens 3\n") &&
                        Contains("decode 2 tokens") && Contains("tokens/s"));
  // Another seed for another reply; the same ones in another run.
  const std::string again = "/set temperature 3\n/set tokens 40\nHi\n/retry\n";
  const Result one = cli.chat(again, "--json {d}/a"), two = cli.chat(again, "--json {d}/b");
  CHECK(one.out == two.out);
  CHECK(one.out.substr(0, one.out.find('\n')) != one.out.substr(one.out.find('\n') + 1));
}

TEST_CASE("what cannot be done is said and the conversation goes on", "[experiments]") {
  const ChatCli cli(100);
  const std::pair<std::string, std::string> wrong[] = {
      {"/nonsense", "/nonsense: no such command"},
      {"/undo", "/undo: nothing has been said"},
      {"/retry", "/retry: nothing has been asked"},
      {"/stats", "/stats: there is no reply yet"},
      {"/clear all", "/clear takes nothing behind it"},
      {"/edit 1 x", "there is no message 1"},
      {"/edit one x", "/edit: found 'one', expected a number"},
      {"/edit 1", "/edit: expected the number of a message and a text"},
      {"/set warmth 1", "/set: found warmth, expected one of temperature, top-k"},
      {"/set temperature -1", "temperature is -1"},
      {"/set temperature hot", "found 'hot', expected a number"},
      {"/set top-k -3", "found '-3', expected a number"},
      {"/set tokens 0", "expected at least 1"},
      {"/set top-k 99999999999999999999", "expected 0 to 18446744073709551615"},
      {"/save", "/save: expected the name of a file"},
      {"/save " + cli.file("no/such"), "no/such: cannot"},
      {"/load " + cli.file("none"), "none: cannot open"},
      {std::string(120, 'x'), "the model's context holds 100: shorten it"},
  };
  for (const auto& [line, message] : wrong) {
    INFO(line);
    const Result r = cli.chat(line + "\nHi\n/history\n");
    CHECK(r.code == 1);
    CHECK_THAT(r.err, Contains("tern: ") && Contains(message));
    CHECK_THAT(r.out, Contains("1 user: Hi\n2 assistant: "));
  }
}

TEST_CASE("a conversation is saved and loaded whole or not at all", "[experiments]") {
  const ChatCli cli;
  REQUIRE(cli.chat("/system S\nHi\n/save " + cli.file("c") + "\n").code == 0);
  const auto saved = json_of(cli.file("c"));
  CHECK(saved["messages"].size() == 3);
  const Result on = cli.chat("Next\n", "--load {d}/c --json {d}/j");
  REQUIRE(on.code == 0);
  const auto j = json_of(cli.file("j"));
  REQUIRE(j["messages"].size() == 5);
  for (std::size_t i = 0; i < 3; ++i) CHECK(j["messages"][i] == saved["messages"][i]);

  const std::pair<std::string, std::string> broken[] = {
      {"{", "is not valid JSON"},
      {std::string(100000, '['), "is not valid JSON"},
      {"[]", "schema: expected tern.chat"},
      {R"({"schema":"tern.chat"})", "messages: expected a list"},
      {R"({"schema":"tern.chat","messages":[7]})", "messages[0].role: expected a text"},
      {R"({"schema":"tern.chat","messages":[{"role":"user"}]})", "messages[0].content"},
      {R"({"schema":"tern.chat","messages":[{"role":"cat","content":""}]})",
       "messages[0].role: found 'cat'"},
      {R"({"schema":"tern.chat","messages":[{"role":"assistant","content":""}]})",
       "message 1 is of role assistant"},
  };
  for (const auto& [text, message] : broken) {
    INFO(message);
    write_whole_file(cli.file("b"), text);
    const Result r = cli.chat("Hi\n/load " + cli.file("b") + "\n/history\n");
    CHECK(r.code == 1);
    CHECK_THAT(r.err, Contains(cli.file("b") + ": ") && Contains(message));
    CHECK_THAT(r.out, Contains("1 user: Hi\n"));
    check_refused(cli.chat("", "--load {d}/b"), 1, message);
  }
  // A question at the end is answered.
  write_whole_file(cli.file("q"),
                   R"({"schema":"tern.chat","messages":[{"role":"user","content":"Q"}]})");
  const Result q = cli.chat("/load " + cli.file("q") + "\n/history\n");
  CHECK(q.code == 0);
  CHECK_THAT(q.out, Contains("1 user: Q\n2 assistant: "));
}

TEST_CASE("a full context drops the oldest turns and says so", "[experiments]") {
  const ChatCli cli(100);
  const Result r = cli.chat("aaaa aaaa\nbbbb bbbb\ncccc cccc\n/history\n");
  CHECK(r.code == 0);
  CHECK_THAT(r.err, Contains("the context was full: the 2 oldest messages were dropped"));
  CHECK_THAT(r.out, Contains("user: cccc cccc") && !Contains("user: aaaa"));
  const Result cut = cli.chat("aaaa\n/set tokens 1000\n/retry\n");
  CHECK_THAT(cut.err, Contains("the reply ended where the context did"));
}

TEST_CASE("the template is the checkpoint's or the one that is named", "[experiments]") {
  const ChatCli cli;
  CHECK(cli.chat("Hi\n", "--template chatml --json {d}/j").code == 0);
  CHECK(json_of(cli.file("j"))["template"] == "chatml");
  check_refused(cli.chat("Hi\n", "--template parrot"), 2, "--template");
  check_refused(cli.run("chat"), 2, "--help");
  check_refused(cli.run("chat {d}/x"), 1, cli.file("x") + ": cannot open");
  check_refused(cli.run("chat {m} --stop ''"), 1, "a stop string is empty");
}

TEST_CASE("an interrupt stops a reply and not the program", "[experiments]") {
  const ChatCli cli(1 << 20);
  // The reference is slow, so that the reply does not end by itself.
  const Result r = cli.shell(
      "mkfifo {d}/fifo\n"
      "{t} chat {m} -n 1000000 --engine reference --json {d}/j <{d}/fifo >{d}/o 2>{d}/e & pid=$!\n"
      "exec 7>{d}/fifo\n"
      "echo Hi >&7\n"
      "until [ -s {d}/o ]; do sleep 0.05; done; kill -INT $pid\n"
      "until grep -q stopped {d}/e; do sleep 0.05; done\n"
      "echo '/set tokens 2' >&7; echo Again >&7; exec 7>&-; wait $pid");
  CHECK(r.code == 0);
  const auto j = json_of(cli.file("j"));
  REQUIRE(j["replies"].size() == 2);
  CHECK(j["replies"][0]["stop"] == "interrupted");
  CHECK(j["replies"][1]["stop"] == "length");
  CHECK(j["messages"].size() == 4);
}

TEST_CASE("an interrupt while nothing is said ends a script's chat", "[experiments]") {
  const ChatCli cli;
  const Result r = cli.shell(
      "mkfifo {d}/fifo\n"
      "{t} chat {m} -n 2 --json {d}/j <{d}/fifo >{d}/o & pid=$!\n"
      "exec 7>{d}/fifo\n"
      "echo Hi >&7\n"
      "until [ $(wc -l <{d}/o) -ge 1 ]; do sleep 0.05; done; sleep 0.5; kill -INT $pid; wait $pid");
  CHECK(r.code == 130);
  CHECK(json_of(cli.file("j"))["messages"].size() == 2);
}

TEST_CASE("a chat that nobody reads ends quietly", "[experiments]") {
  const ChatCli cli;
  write_whole_file(cli.file("in"), "a\nb\nc\n");
  const Result r = cli.shell("{t} chat {m} <{d}/in | true; exit ${PIPESTATUS[0]}");
  CHECK(r.code == 0);
  CHECK(r.err.find("tern: ") == std::string::npos);
  CHECK(lines_of(r.out) == 0);
}

}  // namespace
}  // namespace tern::experiments
