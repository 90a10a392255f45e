// SPDX-License-Identifier: Apache-2.0

#include "experiments/line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <utility>

namespace tern::experiments {
namespace {

constexpr std::size_t kLongestLine = std::size_t{16} << 20;

sigset_t interrupt_set() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  return set;
}

volatile std::sig_atomic_t woken = 0;
void wake(int) { woken = 1; }

}  // namespace

HeldInterrupts::HeldInterrupts() {
  const sigset_t set = interrupt_set();
  pthread_sigmask(SIG_BLOCK, &set, &previous_);
  // Not ignored, even where the parent (a shell that runs us in the background) ignores it.
  struct sigaction action {};
  action.sa_handler = wake;
  sigaction(SIGINT, &action, nullptr);
}

HeldInterrupts::~HeldInterrupts() {
  take();
  std::signal(SIGINT, SIG_DFL);
  pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
}

bool HeldInterrupts::take() {
  const sigset_t set = interrupt_set();
  const timespec now{};
  return sigtimedwait(&set, nullptr, &now) == SIGINT;
}

bool HeldInterrupts::pending() const {
  sigset_t set;
  return sigpending(&set) == 0 && sigismember(&set, SIGINT) == 1;
}

Waited wait_for_input(int other) {
  pollfd files[] = {{STDIN_FILENO, POLLIN, 0}, {other, POLLIN, 0}};
  sigset_t open;
  pthread_sigmask(SIG_SETMASK, nullptr, &open);
  sigdelset(&open, SIGINT);
  woken = 0;
  // One that came before is delivered here as well: nothing is lost between the two.
  while (ppoll(files, 2, nullptr, &open) < 0) {
    if (woken != 0) return Waited::kInterrupt;
    if (errno != EINTR) return Waited::kFailed;
  }
  return files[1].revents != 0 ? Waited::kOther : Waited::kInput;
}

LineReader::Got LineReader::read(std::string& line) {
  while (true) {
    const std::size_t end = buffer_.find('\n');
    if (end != buffer_.npos) {
      line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return Got::kLine;
    }
    if (ended_) {
      line = std::move(buffer_);
      buffer_.clear();
      return line.empty() ? Got::kEnd : Got::kLine;
    }
    const Waited waited = wait_for_input();
    if (waited == Waited::kInterrupt) return Got::kInterrupt;
    if (waited == Waited::kFailed)
      throw std::runtime_error(std::string("standard input: cannot wait: ") + std::strerror(errno));
    char bytes[4096];
    const ssize_t n = ::read(STDIN_FILENO, bytes, sizeof bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      throw std::runtime_error(std::string("standard input: cannot read: ") + std::strerror(errno));
    if (n == 0) ended_ = true;
    if (buffer_.size() > kLongestLine)
      throw std::runtime_error("standard input: found a line of more than " +
                               std::to_string(kLongestLine) + " bytes");
    buffer_.append(bytes, static_cast<std::size_t>(n));
  }
}

}  // namespace tern::experiments
