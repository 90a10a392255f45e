// SPDX-License-Identifier: Apache-2.0
//
// The `tern` command: the table of its subcommands, and the one place where errors become exit
// codes (1: bad input, 2: wrong usage).

#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iterator>
#include <limits>
#include <new>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

#include "experiments/commands.h"
#include "experiments/interrupt.h"
#include "experiments/number_option.h"
#include "experiments/output.h"
#include "kernels/isa.h"

namespace tern::experiments {
namespace {

constexpr std::array kCommands = {
#ifdef TERN_BENCH
    add_bench,  //
#endif
    add_chat,        //
    add_compare,     //
    add_detokenize,  //
    add_convert,     //
    add_evaluate,    //
    add_formats,     //
    add_generate,    //
    add_inspect,     //
    add_level,       //
    add_logits,      //
    add_perplexity,  //
    add_roofline,    //
    add_stories,     //
    add_synth,       //
    add_tokenize,    //
    add_train,       //
};

const std::string kSeeHelp = " (--help shows the usage)";

int complain(const std::string& line, int code) {
  std::fprintf(stderr, "tern: %s\n", line.c_str());
  return code;
}

// A file that a script meant to name is not one that nobody asked for.
void refuse_empty_names(CLI::App& app) {
  constexpr std::string_view kNames[] = {"--json", "--csv", "--plot", "--out"};
  for (CLI::Option* option : app.get_options())
    if (option->get_positional() ||
        std::find(std::begin(kNames), std::end(kNames), option->get_name()) != std::end(kNames))
      option->check([](const std::string& file) {
        return file.empty() ? std::string("expected the name of a file, found none") : "";
      });
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; }))
    refuse_empty_names(*command);
}

// CLI11 wraps what is below 0 around and takes the largest number for one beyond it.
void refuse_wrapped_numbers(CLI::App& app) {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  for (CLI::Option* option : app.get_options())
    if (option->get_type_name().starts_with(CLI::detail::type_name<std::size_t>()) &&
        option->get_items_expected_max() == 1)  // a list looks at each of its own
      option->check(number_that(std::uint64_t{0}, kMost, "a whole number of at least 0",
                                fmt::format("0 to {}", kMost))
                        .description(""));
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; }))
    refuse_wrapped_numbers(*command);
}

// CLI11 would say no more than that a subcommand is required, also of an option that is none.
std::string wrong_command(const CLI::App& app, int argc, char** argv) {
  if (argc > 1 && argv[1][0] == '-') return "";
  std::set<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (argc > 1 && command->check_name(argv[1])) return "";
    if (!command->get_group().empty()) names.insert(command->get_name());  // the others are hidden
  }
  return fmt::format("{}: expected one of {}",
                     argc > 1 ? fmt::format("there is no command '{}'", argv[1]) : "no command",
                     fmt::join(names, ", "));
}

// Of ulimit -v, where it is set, as the end of a sentence.
std::string address_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return "";
  return fmt::format(
      ": ulimit -v allows {} MiB of addresses; a model takes those of its file, about as many for "
      "what is made of its weights, and 100 MiB",
      limit.rlim_cur >> 20);
}

int run(int argc, char** argv) {
  CLI::App app("Ternary language models on CPUs and on simulated accelerators", "tern");
  app.set_version_flag("--version", "tern " TERN_VERSION);
  app.parse_complete_callback([] { kernels::check_environment(); });
  for (const auto add : kCommands) add(app);
  refuse_empty_names(app);
  refuse_wrapped_numbers(app);
  if (const std::string wrong = wrong_command(app, argc, argv); !wrong.empty())
    return complain(wrong + kSeeHelp, 2);
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) return complain(wrong_command(app, 1, argv) + kSeeHelp, 2);
    print_out("");  // what is still buffered
    return 0;
  } catch (const Exit& exit) {
    return exit.code == kExitInterrupted ? Interrupt::exit_code() : exit.code;
  } catch (const CLI::Success& help) {
    std::ostringstream text;
    app.exit(help, text, text);
    print_out(text.str());
    return 0;
  } catch (const CLI::ParseError& error) {
    return complain(error.what() + kSeeHelp, 2);
  }
}

}  // namespace
}  // namespace tern::experiments

int main(int argc, char** argv) {
  using namespace tern::experiments;
  // A closed pipe and a limit of file sizes are errors of the writes that meet them.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
#ifdef M_ARENA_MAX
  // One heap for all threads: glibc asks for 128 MB of addresses for each more, which a limit of
  // them (ulimit -v) would count. No thread allocates where it matters.
  mallopt(M_ARENA_MAX, 1);
#endif
  try {
    return run(argc, argv);
  } catch (const Exit& exit) {
    return exit.code;
  } catch (const std::system_error& error) {
    return error.code().value() == EPIPE ? 0 : complain(error.what(), 1);
  } catch (const std::bad_alloc&) {
    return complain("out of memory" + address_limit(), 1);
  } catch (const std::exception& error) {
    return complain(error.what(), 1);
  }
}
