// SPDX-License-Identifier: Apache-2.0
//
// State space: requests limited by one per cycle, by slots, by late pops; activations and weights
// with part-filled last bursts; writes full, part-filled, and on either side of a read's cycle;
// refused accesses. Times by hand; the two ways to drive the mover see the same requests.
// Parameters: the small machine's widths (beats of 8, bursts of 64 bytes); memory answers every
// request after 10 cycles.

#include "sim/dma.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

namespace tern::sim {
namespace {

struct Request {
  bool write;
  std::uint64_t address, bytes, cycle;
  bool operator==(const Request&) const = default;
};

MachineConfig eight_lanes() {
  MachineConfig config = machine("small", Format::kTernary);
  config.lanes = 8;
  return config;
}

struct Bench {
  Geometry geometry{eight_lanes()};
  std::vector<Request> requests;
  bool refuse = false;
  Dma dma;

  explicit Bench(unsigned slots)
      : dma(geometry, slots, [this](const Transfer& t) -> Completion {
          requests.push_back({t.write, t.address, t.data.size(), t.cycle});
          if (!t.write)
            std::memset(t.data.data(), static_cast<int>(requests.size()), t.data.size());
          return {!refuse, t.cycle + 10};
        }) {}
  // Pops `n` beats, one per cycle from `cycle` on, as an engine that jumps would.
  void pop(unsigned n, std::uint64_t cycle) {
    for (unsigned i = 0; i < n; ++i) {
      dma.head_ready();
      dma.pop(cycle + i);
    }
  }
};

// 2 x 9 activation words of 8 bytes in 3 bursts (the last of 2 beats); 9 weight steps of 32 bytes
// in 5 bursts (the last of 4 beats).
constexpr Job kJob{20, 72, 2};

TEST_CASE("the mover asks once per cycle until its slots are taken, then as they come free",
          "[sim]") {
  Bench b(4);
  b.dma.start(kJob, 0x1000, 0x2000, 0x3000);
  b.dma.advance(0);
  CHECK(b.requests.empty());
  b.dma.advance(100);
  CHECK(b.requests == std::vector<Request>{{false, 0x1000, 64, 1},
                                           {false, 0x1040, 64, 2},
                                           {false, 0x1080, 16, 3},
                                           {false, 0x2000, 64, 4}});
  CHECK_FALSE(b.dma.head_valid(10));
  CHECK(b.dma.head_valid(11));
  CHECK(b.dma.head()[0] == 1);
  b.pop(7, 100);
  b.dma.advance(200);
  CHECK(b.requests.size() == 4);
  b.pop(1, 200);  // the last beat of the first burst
  b.dma.advance(200);
  CHECK(b.requests.size() == 4);
  b.dma.advance(201);
  REQUIRE(b.requests.size() == 5);
  CHECK(b.requests[4] == Request{false, 0x2040, 64, 201});
  CHECK(b.dma.head()[0] == 2);
  b.pop(8 + 1, 300);
  CHECK_FALSE(b.dma.head_is_weight());
  b.pop(1, 400);
  CHECK(b.dma.head_is_weight());
  b.dma.advance(1000);
  CHECK(b.requests[5].cycle == 308);
  CHECK(b.requests[6].cycle == 401);
}

TEST_CASE("words leave as full bursts and the rest at the end, in order of time with the reads",
          "[sim]") {
  Bench b(2);
  b.dma.start(kJob, 0x1000, 0x2000, 0x3000);
  b.pop(8, 50);                                             // frees the first slot in 57
  for (unsigned i = 0; i < 16; ++i) b.dma.push(i, 42 + i);  // closes a burst in 57: asked for in 58
  b.pop(8, 60);
  CHECK(b.requests == std::vector<Request>{{false, 0x1000, 64, 1}, {false, 0x1040, 64, 2}});
  b.dma.head_ready();
  CHECK(b.requests[2] == Request{true, 0x3000, 64, 58});  // first among equals
  CHECK(b.requests[3] == Request{false, 0x1080, 16, 58});
  for (unsigned i = 0; i < 16; ++i) b.dma.push(i, 55 + i);  // 71: after the read in 68
  b.pop(2, 69);
  b.dma.head_ready();
  CHECK(b.requests[4] == Request{false, 0x2000, 64, 68});
  for (unsigned burst = 0; burst < 4; ++burst) b.pop(8, 100 + 30 * burst);
  b.pop(4, 300);
  CHECK(b.requests[5] == Request{true, 0x3040, 64, 71});
  CHECK(b.requests[6] == Request{false, 0x2040, 64, 71});
  b.dma.push(1, 500);
  CHECK(b.dma.finish() == 501 + 10);
  CHECK(b.requests.back() == Request{true, 0x3080, 4, 501});
  CHECK_FALSE(b.dma.failed());
}

TEST_CASE("a refused access marks the job and reads as zero", "[sim]") {
  Bench b(2);
  b.refuse = true;
  b.dma.start(kJob, 0x1000, 0x2000, 0x3000);
  CHECK(b.dma.head_ready() == 11);
  CHECK(b.dma.head()[0] == 0);
  CHECK(b.dma.failed());
  b.refuse = false;
  b.dma.start(kJob, 0x1000, 0x2000, 0x3000);
  CHECK_FALSE(b.dma.failed());
}

TEST_CASE("an engine that ticks and one that jumps see the same requests", "[sim]") {
  Bench ticks(3), jumps(3);
  ticks.dma.start(kJob, 0x1000, 0x2000, 0x3000);
  jumps.dma.start(kJob, 0x1000, 0x2000, 0x3000);
  const unsigned beats = 18 + 36;
  std::uint64_t last = 0;
  for (unsigned beat = 0; beat < beats; ++beat) {  // a word every third beat
    last = std::max(jumps.dma.head_ready(), last + 1 + beat % 3);
    jumps.dma.pop(last);
    if (beat % 3 == 0) jumps.dma.push(beat, last + 5);
  }
  std::uint64_t next = 0;
  unsigned popped = 0;
  std::vector<std::pair<std::uint64_t, unsigned>> words;
  for (std::uint64_t cycle = 1; popped < beats || !words.empty(); ++cycle) {
    ticks.dma.advance(cycle);
    if (!words.empty() && words.front().first == cycle) {
      ticks.dma.push(words.front().second, cycle);
      words.erase(words.begin());
    }
    if (popped < beats && ticks.dma.head_valid(cycle) && cycle >= next) {
      ticks.dma.pop(cycle);
      if (popped % 3 == 0) words.push_back({cycle + 5, popped});
      ++popped;
      next = cycle + 1 + popped % 3;
    }
  }
  CHECK(ticks.dma.finish() == jumps.dma.finish());
  CHECK(ticks.requests == jumps.requests);
}

}  // namespace
}  // namespace tern::sim
