// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "tests/experiments/cli.h"

namespace tern::experiments {

// A model that never ends and has room for a long conversation.
class ChatCli : public Cli {
 public:
  explicit ChatCli(std::size_t context = 2000) {
    models::Config c = models::tiny_config();
    c.tied_head = false;
    c.context = context;
    models::write_checkpoint(model(), models::random_master(c, 1), endless_tokenizer(),
                             models::Flavour::kTernary);
  }

  // A script's lines on standard input.
  Result chat(const std::string& lines, const std::string& options = "") const {
    models::write_whole_file(file("in"), lines);
    return shell("{t} chat {m} --temperature 0 -n 8 " + options + " <{d}/in");
  }
};

}  // namespace tern::experiments
