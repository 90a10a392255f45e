// SPDX-License-Identifier: Apache-2.0
//
// A simulation whose registers and memories wake with random contents, so that a missing reset
// shows.

#pragma once

#include <verilated.h>

namespace tern::rtl {

struct RandomPowerUp : VerilatedContext {
  explicit RandomPowerUp(unsigned seed) {
    randReset(2);
    randSeed(static_cast<int>(seed) + 1);  // 0 would mean a seed of its own choice
  }
};

}  // namespace tern::rtl
