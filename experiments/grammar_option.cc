// SPDX-License-Identifier: Apache-2.0

#include "experiments/grammar_option.h"

#include "models/whole_file.h"

namespace tern::experiments {

models::Grammar grammar_from(const std::string& path) {
  if (path.empty()) return models::Grammar::stories();
  const models::MappedFile file = models::map_file(path);
  return models::Grammar(
      std::string_view(reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()), path);
}

}  // namespace tern::experiments
