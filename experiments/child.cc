// SPDX-License-Identifier: Apache-2.0

#include "experiments/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace tern::experiments {
namespace {

// A pipe's two ends, closed when they go out of scope.
struct Pipe {
  int ends[2] = {-1, -1};

  Pipe() {
    if (pipe2(ends, O_CLOEXEC) != 0)
      throw std::runtime_error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  void close_end(int which) {
    if (ends[which] >= 0) close(ends[which]);
    ends[which] = -1;
  }
};

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& extra) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!extra.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [key, value] : extra) all.push_back(key + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> list;
  for (std::string& text : strings) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

// Everything the child writes until it closes the pipe; of a flood, the end.
std::string read_all(int descriptor) {
  constexpr std::size_t kKept = 4096;
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t n = read(descriptor, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
    if (text.size() > 4 * kKept) text.erase(0, text.size() - kKept);
  }
}

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const std::size_t at = text.find_last_of("\n\r");
  if (at != std::string::npos) text.erase(0, at + 1);
  return text.starts_with("tern: ") ? text.substr(6) : text;  // ours says so itself
}

pid_t spawn(const Child& child, Pipe& errors) {
  std::vector<std::string> args = {child.program};
  args.insert(args.end(), child.args.begin(), child.args.end());
  std::vector<std::string> env = merged_environment(child.environment);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, errors.ends[1], STDERR_FILENO);
  pid_t pid = -1;
  const int status = posix_spawn(&pid, child.program.c_str(), &actions, nullptr,
                                 pointers(args).data(), pointers(env).data());
  posix_spawn_file_actions_destroy(&actions);
  if (status != 0)
    throw std::runtime_error(
        fmt::format("{}: cannot start {}: {}", child.label, child.program, std::strerror(status)));
  return pid;
}

}  // namespace

double run_child(const Child& child) {
  const auto start = std::chrono::steady_clock::now();
  Pipe errors;
  const pid_t pid = spawn(child, errors);
  errors.close_end(1);
  const std::string text = read_all(errors.ends[0]);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;

  if (WIFSIGNALED(status))
    throw std::runtime_error(fmt::format("{}: ended by signal {} ({}) {}", child.label,
                                         WTERMSIG(status), strsignal(WTERMSIG(status)),
                                         last_line(text)));
  if (WEXITSTATUS(status) != 0)
    throw std::runtime_error(
        fmt::format("{}: {}", child.label,
                    text.empty() ? fmt::format("exit {}", WEXITSTATUS(status)) : last_line(text)));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void run_children(std::span<const Child> children, unsigned at_once,
                  const std::function<void(const Child&, double seconds)>& done) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    for (std::size_t i = next++; i < children.size(); i = next++) {
      try {
        const double seconds = run_child(children[i]);
        const std::lock_guard lock(mutex);
        done(children[i], seconds);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        next = children.size();
      }
    }
  };
  std::vector<std::jthread> workers;
  for (unsigned i = 1; i < at_once; ++i) workers.emplace_back(work);
  work();
  workers.clear();  // joins
  if (failure) std::rethrow_exception(failure);
}

}  // namespace tern::experiments
