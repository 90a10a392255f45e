// SPDX-License-Identifier: Apache-2.0
//
// A simulation whose registers and memories wake with random contents, so that a missing reset
// shows. In a build of tests/coverage.py models leave, as they end, what was covered.

#pragma once

#include <verilated.h>

#ifdef TERN_RTL_COVERAGE
#include <unistd.h>
#include <verilated_cov.h>

#include <cstdlib>
#include <string>
#endif

namespace tern::rtl {

struct RandomPowerUp : VerilatedContext {
  explicit RandomPowerUp(unsigned seed) {
    randReset(2);
    randSeed(static_cast<int>(seed) + 1);  // 0 would mean a seed of its own choice
  }
};

#ifdef TERN_RTL_COVERAGE
// The counters lie in the model: they are written before it goes, a file per model.
template <typename Model>
struct Covered : Model {
  explicit Covered(VerilatedContext* context) : Model(context) {}
  ~Covered() {
    static int models = 0;
    const char* folder = std::getenv("TERN_COVERAGE");
    if (folder == nullptr) return;
    const std::string file = std::string(folder) + '/' + this->modelName() + '.' +
                             std::to_string(getpid()) + '.' + std::to_string(++models) + ".dat";
    this->contextp()->coveragep()->write(file.c_str());
  }
};
#else
template <typename Model>
using Covered = Model;
#endif

}  // namespace tern::rtl
