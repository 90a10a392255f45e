// SPDX-License-Identifier: Apache-2.0
//
// The built `tern` run as a user runs it, on one small random checkpoint. The target that includes
// this defines TERN_BINARY.

#pragma once

#include <sys/wait.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "models/checkpoint.h"
#include "models/whole_file.h"
#include "tests/models/temp_folder.h"
#include "tests/models/tiny_model.h"

namespace tern::experiments {

struct Result {
  int code;  // exit code, or 128 + signal
  std::string out, err;
};

// A tokenizer that knows no end of a text.
inline models::TokenizerData endless_tokenizer() {
  models::TokenizerData d = models::tiny_tokenizer(300);
  d.tokens.back() = "<|bos|>";
  d.eos.reset();
  d.stops.clear();
  return d;
}

class Cli {
 public:
  explicit Cli(models::Flavour flavour = models::Flavour::kTernary) {
    models::Config c = models::tiny_config();
    c.tied_head = false;  // a random tied model says its last token again and again
    models::write_checkpoint(model(), models::random_master(c, 1), endless_tokenizer(), flavour);
  }

  std::string model() const { return file("model.gguf"); }
  std::string file(const std::string& name) const { return folder_.file(name); }
  std::size_t entries() const { return folder_.entries(); }

  Result run(const std::string& arguments) const { return shell("{t} " + arguments); }

  // Runs a bash script in which {t} stands for the program, {m} for the model and {d}/ for the
  // folder.
  Result shell(std::string script) const {
    for (const auto& [mark, text] : {std::pair<std::string, std::string>{"{t}", TERN_BINARY},
                                     {"{m}", model()},
                                     {"{d}/", file("")}})
      for (std::size_t at; (at = script.find(mark)) != std::string::npos;)
        script.replace(at, mark.size(), text);
    models::write_whole_file(script_, script);
    const int status = std::system(("bash " + script_ + " >" + out_ + " 2>" + err_).c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            models::read_file(out_), models::read_file(err_)};
  }

 private:
  models::TempFolder folder_, outputs_;
  std::string out_ = outputs_.file("out"), err_ = outputs_.file("err");
  std::string script_ = outputs_.file("script");
};

inline nlohmann::json json_of(const std::string& path) {
  return nlohmann::json::parse(models::read_file(path));
}

// One line that begins "tern: " and holds `what`, exit code `code`, nothing on standard output.
inline void check_refused(const Result& r, int code, const std::string& what) {
  CHECK(r.code == code);
  CHECK(r.out.empty());
  CHECK(r.err.starts_with("tern: "));
  CHECK_THAT(r.err, Catch::Contains(what));
  CHECK(std::count(r.err.begin(), r.err.end(), '\n') == 1);
}

}  // namespace tern::experiments
