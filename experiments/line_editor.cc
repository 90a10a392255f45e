// SPDX-License-Identifier: Apache-2.0

#include "experiments/line_editor.h"

#include <histedit.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "models/utf8.h"

namespace tern::experiments {
namespace {

constexpr int kHistoryLines = 1000;

// A byte that belongs to no character travels through libedit as a code no character has: the low
// surrogates of Python's surrogateescape.
constexpr wchar_t kByte = 0xDC00;

wchar_t decode(std::string_view c) {
  const auto lead = static_cast<unsigned char>(c[0]);
  auto code = static_cast<wchar_t>(c.size() == 1 ? lead : lead & (0x7F >> c.size()));
  for (const char more : c.substr(1)) code = (code << 6) | (more & 0x3F);
  return code;
}

std::string encode(const wchar_t* begin, const wchar_t* end) {
  std::string text;
  const auto add = [&](wchar_t bits) { text += static_cast<char>(bits); };
  for (const wchar_t* c = begin; c != end; ++c) {
    const wchar_t code = *c;
    if (code < 0x80 || (code >= kByte + 0x80 && code <= kByte + 0xFF)) {
      add(code & 0xFF);
      continue;
    }
    const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    add((0xF00 >> (more + 1) & 0xFF) | code >> (6 * more));
    for (int i = more - 1; i >= 0; --i) add(0x80 | (code >> (6 * i) & 0x3F));
  }
  return text;
}

// What changes the terminal, or ends or stops a program that has changed it. Any thread may be the
// one that a signal meets, so the wait for input hears of it through a file.
constexpr std::array kSignals = {SIGWINCH, SIGTSTP, SIGTERM, SIGHUP, SIGQUIT};
std::array<volatile std::sig_atomic_t, kSignals.size()> noted{};
volatile std::sig_atomic_t wake_file = -1;

void note(int signal) {
  const int error = errno;
  for (std::size_t i = 0; i < kSignals.size(); ++i)
    if (kSignals[i] == signal) noted[i] = 1;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_file, &one, sizeof one);
  errno = error;
}

class NotedSignals {
 public:
  NotedSignals() {
    struct sigaction ours {};
    ours.sa_handler = note;
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      sigaction(kSignals[i], &ours, &before_[i]);
      if (before_[i].sa_handler == SIG_IGN) sigaction(kSignals[i], &before_[i], nullptr);
    }
  }
  ~NotedSignals() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  }
  NotedSignals(const NotedSignals&) = delete;
  NotedSignals& operator=(const NotedSignals&) = delete;

  // As if it had not been noted; comes back after a stop.
  void raise(std::size_t i) const {
    struct sigaction ours {};
    sigaction(kSignals[i], &before_[i], &ours);
    std::raise(kSignals[i]);
    sigaction(kSignals[i], &ours, nullptr);
  }

 private:
  std::array<struct sigaction, kSignals.size()> before_{};
};

}  // namespace

struct LineEditor::State {
  State(const std::string& prompt_text, std::vector<std::string> completed)
      : prompt(prompt_text.begin(), prompt_text.end()), words(std::move(completed)) {}
  ~State() {
    if (edit != nullptr) el_end(edit);
    if (history != nullptr) history_wend(history);
    if (wake_file >= 0) ::close(wake_file);
    wake_file = -1;
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  static State& of(EditLine* edit) {
    void* state = nullptr;
    el_wget(edit, EL_CLIENTDATA, &state);
    return *static_cast<State*>(state);
  }

  void serve_signals();
  int next(wchar_t& c);
  unsigned char complete();

  std::wstring prompt;
  std::vector<std::string> words;
  EditLine* edit = nullptr;
  HistoryW* history = nullptr;
  const NotedSignals* signals = nullptr;  // while a line is read
  std::string bytes;                      // read, and not yet a character
  LineReader::Got without_line{};         // why there is no line
  int error = 0;                          // errno of the read that failed
};

void LineEditor::State::serve_signals() {
  std::uint64_t wakes = 0;
  [[maybe_unused]] const ssize_t n = ::read(wake_file, &wakes, sizeof wakes);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    if (std::exchange(noted[i], 0) == 0) continue;
    if (kSignals[i] == SIGWINCH) {
      el_resize(edit);
      continue;
    }
    el_wset(edit, EL_PREP_TERM, 0);
    signals->raise(i);
    el_wset(edit, EL_PREP_TERM, 1);
    el_wset(edit, EL_REFRESH);
  }
}

// What libedit asks for: the next character, 1; its end, 0; none, -1.
int LineEditor::State::next(wchar_t& c) {
  const auto take = [&](std::size_t n, wchar_t code) {
    bytes.erase(0, n);
    c = code;
    return 1;
  };
  while (true) {
    if (const std::size_t n = models::utf8_char(bytes); n != 0)
      return take(n, decode(std::string_view(bytes).substr(0, n)));
    if (!bytes.empty() && models::utf8_unfinished(bytes) != bytes.size())
      return take(1, static_cast<wchar_t>(kByte + static_cast<unsigned char>(bytes[0])));
    switch (wait_for_input(wake_file)) {
      case Waited::kInterrupt: {
        const LineInfoW* line = el_wline(edit);
        without_line =
            line->lastchar == line->buffer ? LineReader::Got::kInterrupt : LineReader::Got::kLine;
        bytes.clear();
        return -1;
      }
      case Waited::kOther:
        serve_signals();
        continue;
      case Waited::kFailed:
        return error = errno, -1;
      case Waited::kInput:
        break;
    }
    // One alone: what is typed ahead stays with the terminal, whose Ctrl-C throws it away.
    char byte = 0;
    const ssize_t n = ::read(STDIN_FILENO, &byte, 1);
    if (n == 0) return 0;
    if (n > 0)
      bytes += byte;
    else if (errno != EINTR)
      return error = errno, -1;
  }
}

unsigned char LineEditor::State::complete() {
  const LineInfoW* line = el_wline(edit);
  const std::string typed = encode(line->buffer, line->cursor);
  if (!typed.starts_with('/') || typed.find_first_of(" \t") != typed.npos) {
    el_winsertstr(edit, L"\t");
    return CC_REFRESH;
  }
  std::vector<std::string> fitting;
  std::copy_if(words.begin(), words.end(), std::back_inserter(fitting),
               [&](const std::string& word) { return word.starts_with(typed); });
  if (fitting.empty()) return CC_ERROR;
  std::string common = fitting[0];
  for (const std::string& word : fitting)
    common.erase(std::mismatch(common.begin(), common.end(), word.begin(), word.end()).first,
                 common.end());
  if (fitting.size() == 1) common += ' ';
  if (common != typed) {
    const std::wstring more(common.begin() + static_cast<std::ptrdiff_t>(typed.size()),
                            common.end());
    el_winsertstr(edit, more.c_str());
    return CC_REFRESH;
  }
  std::fputs("\n", stdout);
  for (const std::string& word : fitting) std::fprintf(stdout, "%s  ", word.c_str());
  std::fputs("\n", stdout);
  return CC_REDISPLAY;
}

bool LineEditor::usable() {
  const char* terminal = std::getenv("TERM");
  return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && terminal != nullptr &&
         *terminal != '\0' && std::strcmp(terminal, "dumb") != 0;
}

LineEditor::LineEditor(const std::string& prompt, std::vector<std::string> words)
    : state_(std::make_unique<State>(prompt, std::move(words))) {
  // Replies are UTF-8 whatever the locale says, and so are the lines.
  if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) std::setlocale(LC_CTYPE, "");
  wake_file = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  EditLine* edit = state_->edit = el_init("tern", stdin, stdout, stderr);
  state_->history = history_winit();
  if (wake_file < 0 || edit == nullptr || state_->history == nullptr)
    throw std::runtime_error("the terminal: cannot edit lines");
  HistEventW event{};
  history_w(state_->history, &event, H_SETSIZE, kHistoryLines);
  history_w(state_->history, &event, H_SETUNIQUE, 1);
  el_wset(edit, EL_CLIENTDATA, static_cast<void*>(state_.get()));
  el_wset(edit, EL_HIST, history_w, state_->history);
  wchar_t* (*const prompt_of)(EditLine*) = [](EditLine* e) { return State::of(e).prompt.data(); };
  el_wset(edit, EL_PROMPT, prompt_of);
  const el_rfunc_t next = [](EditLine* e, wchar_t* c) { return State::of(e).next(*c); };
  el_wset(edit, EL_GETCFN, next);
  unsigned char (*const complete)(EditLine*, wint_t) = [](EditLine* e, wint_t) {
    return State::of(e).complete();
  };
  el_wset(edit, EL_ADDFN, L"tern-complete", L"Complete a command", complete);
  el_wset(edit, EL_EDITOR, L"emacs");
  // What readline has and libedit's own emacs keys lack.
  constexpr std::pair<const wchar_t*, const wchar_t*> kKeys[] = {
      {L"^I", L"tern-complete"},      {L"^R", L"em-inc-search-prev"},
      {L"^U", L"vi-kill-line-prev"},  {L"^W", L"ed-delete-prev-word"},
      {L"\\e[1~", L"ed-move-to-beg"}, {L"\\e[3~", L"ed-delete-next-char"},
      {L"\\e[4~", L"ed-move-to-end"}, {L"\\e[1;5C", L"em-next-word"},
      {L"\\e[1;5D", L"ed-prev-word"},
  };
  for (const auto& [key, action] : kKeys) el_wset(edit, EL_BIND, key, action, nullptr);
  el_source(edit, nullptr);  // the user's own keys, of ~/.editrc
}

LineEditor::~LineEditor() = default;

LineReader::Got LineEditor::read(std::string& line) {
  line.clear();
  const NotedSignals signals;
  state_->signals = &signals;
  state_->without_line = LineReader::Got::kEnd;
  state_->error = 0;
  int count = 0;
  const wchar_t* text = el_wgets(state_->edit, &count);
  state_->signals = nullptr;
  if (state_->error != 0)
    throw std::runtime_error(std::string("standard input: cannot read: ") +
                             std::strerror(state_->error));
  if (text == nullptr) {
    if (state_->without_line != LineReader::Got::kEnd) std::fputs("^C", stdout);
    if (state_->without_line == LineReader::Got::kLine) std::fputs("\n", stdout);
    std::fflush(stdout);
    return state_->without_line;
  }
  std::wstring wide(text, static_cast<std::size_t>(count));
  if (wide.ends_with(L'\n')) wide.pop_back();
  line = encode(wide.data(), wide.data() + wide.size());
  if (line.find_first_not_of(" \t\r") != line.npos) {
    HistEventW event{};
    history_w(state_->history, &event, H_ENTER, wide.c_str());
  }
  return LineReader::Got::kLine;
}

}  // namespace tern::experiments
