// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of `tern`. A new one is a new cmd_<name>.cc, its function here, its row in
// tern.cc and its line in CMakeLists.txt.

#pragma once

#include <CLI/CLI.hpp>
#include <memory>

namespace tern::experiments {

// Each adds its subcommand to `app`, with a callback that does the work. A callback throws
// std::runtime_error for bad input, with one line that names file and field (exit code 1), or
// Exit.
#ifdef TERN_BENCH
void add_bench(CLI::App& app);
// Of whole models, to this command, which may have subcommands besides.
void add_bench_model_options(CLI::App& command);
#endif
void add_chat(CLI::App& app);
void add_compare(CLI::App& app);
void add_detokenize(CLI::App& app);
void add_convert(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_formats(CLI::App& app);
void add_generate(CLI::App& app);
void add_inspect(CLI::App& app);
void add_level(CLI::App& app);
void add_logits(CLI::App& app);
void add_perplexity(CLI::App& app);
void add_roofline(CLI::App& app);
void add_stories(CLI::App& app);
void add_synth(CLI::App& app);
void add_tokenize(CLI::App& app);
void add_train(CLI::App& app);

// Ends the program with this code and no message.
struct Exit {
  int code;
};

}  // namespace tern::experiments
