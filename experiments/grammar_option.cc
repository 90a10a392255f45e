// SPDX-License-Identifier: Apache-2.0

#include "experiments/grammar_option.h"

#include "models/text_file.h"

namespace tern::experiments {

models::Grammar grammar_from(const std::string& path) {
  if (path.empty()) return models::Grammar::stories();
  return models::Grammar(models::read_text(path), path);
}

}  // namespace tern::experiments
