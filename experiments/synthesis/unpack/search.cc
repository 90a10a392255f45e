// SPDX-License-Identifier: Apache-2.0
//
// Looks for the code of five trits in a byte whose decoder is the smallest: simulated annealing
// over netlists. A step changes cells and wires of a netlist that decodes some code; what it leads
// to counts if it still decodes some code, whichever: 243 bytes give the 243 tuples and the flag
// tells the 13 others. So netlists can shrink that no rewriting of a given function would find.
//
//   g++ -std=c++20 -O3 -march=native search.cc -o search
//   ./search START.cells OUT.cells zeros|free SECONDS SEED      # start: pairs.cells
//
// `zeros` also asks that illegal bytes are zeros. A file has a line "name CELL input..." for each
// cell, inputs b0 to b7 or names above, and at last "out" with nonzero 0 to 4, negative 0 to 4 and
// the flag. Not part of the build.

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Word = std::uint64_t;
using Table = std::array<Word, 4>;  // a function of eight bits, by their 256 values

// A cell's area in those of NAND2: between sky130hd and ASAP7.
struct Cell {
  const char* name;
  int inputs;
  double area;
  Word (*of)(Word a, Word b, Word c, Word d);
};
#define CELL(name, inputs, area, expression)                         \
  {                                                                  \
    name, inputs, area, [](Word a, Word b, Word c, Word d) -> Word { \
      (void)a, (void)b, (void)c, (void)d;                            \
      return expression;                                             \
    }                                                                \
  }
constexpr Cell kCells[] = {
    CELL("INV", 1, 0.87, ~a),
    CELL("NAND2", 2, 1.0, ~(a& b)),
    CELL("NOR2", 2, 1.0, ~(a | b)),
    CELL("AND2", 2, 1.6, a& b),
    CELL("OR2", 2, 1.6, a | b),
    CELL("NAND3", 3, 1.3, ~(a& b& c)),
    CELL("NOR3", 3, 1.3, ~(a | b | c)),
    CELL("AND3", 3, 1.6, a& b& c),
    CELL("OR3", 3, 1.6, a | b | c),
    CELL("AOI21", 3, 1.3, ~((a & b) | c)),
    CELL("OAI21", 3, 1.3, ~((a | b) & c)),
    CELL("AO21", 3, 1.75, (a & b) | c),
    CELL("OA21", 3, 1.87, (a | b) & c),
    CELL("AOI22", 4, 1.75, ~((a & b) | (c & d))),
    CELL("OAI22", 4, 1.6, ~((a | b) & (c | d))),
    CELL("AOI211", 4, 1.75, ~((a & b) | c | d)),
    CELL("OAI211", 4, 1.75, ~((a | b) & c & d)),
    CELL("AOI31", 4, 1.6, ~((a & b & c) | d)),
    CELL("OAI31", 4, 1.75, ~((a | b | c) & d)),
    CELL("NAND2B", 2, 1.7, ~(~a& b)),
    CELL("NOR2B", 2, 1.7, ~(~a | b)),
    CELL("AND2B", 2, 1.75, ~a& b),
    CELL("OR2B", 2, 1.75, ~a | b),
    CELL("XOR2", 2, 2.3, a ^ b),
    CELL("XNOR2", 2, 2.3, ~(a ^ b)),
    CELL("MUX2", 3, 3.0, (a & c) | (b & ~c)),
    CELL("MUXI2", 3, 2.5, ~((a & c) | (b & ~c))),
};
constexpr int kKinds = std::size(kCells), kBits = 8, kPlaces = 72, kSignals = kBits + kPlaces;
constexpr int kNoCode = 1'000'000;
constexpr double kAreaOfDepth = 0.02;  // among equals the shallower one

struct Netlist {
  struct Place {
    int kind = 0;
    std::array<int, 4> in{};  // signals: bits of the byte, then places
  };
  std::array<Place, kPlaces> places{};
  std::array<int, 11> out{};  // nonzero[5], negative[5], illegal
};

class Search {
 public:
  Search(bool zeros, unsigned seed) : zeros_(zeros), rng_(seed) {
    for (int bit = 0; bit < kBits; ++bit)
      for (unsigned byte = 0; byte < 256; ++byte)
        tables_[bit][byte / 64] |= static_cast<Word>(byte >> bit & 1) << byte % 64;
  }

  double cost(const Netlist& n) {
    state_.fill(State::kUnused);
    area_ = 0;
    int depth = 0;
    for (const int o : n.out) {
      if (!evaluate(n, o)) return kNoCode;
      depth = std::max(depth, depth_[o]);
    }
    return is_code(n) ? area_ + kAreaOfDepth * depth : kNoCode;
  }

  // The best netlist of `seconds`, in six rounds of cooling.
  Netlist anneal(const Netlist& start, double seconds) {
    Netlist now = start, best = start;
    double now_cost = cost(now), best_cost = now_cost, temperature = 0;
    find_used();
    const auto begin = std::chrono::steady_clock::now();
    for (long i = 0;; ++i) {
      if (i % 4096 == 0) {
        const double t =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        if (t >= seconds) return best;
        const double left = 1 - std::fmod(6 * t / seconds, 1);
        temperature = 0.7 * left * left + 0.005;
      }
      Netlist next = now;
      do mutate(next);
      while (draw(5) < 2);
      const double next_cost = cost(next);
      const double luck = std::exp((now_cost - next_cost) / temperature);
      if (next_cost >= kNoCode || luck < static_cast<double>(rng_() >> 11) * 0x1p-53) continue;
      now = next;
      now_cost = next_cost;
      find_used();
      if (now_cost < best_cost) best = now, best_cost = now_cost;
    }
  }

  Netlist read(const std::string& path) {
    Netlist n;
    for (auto& place : n.places) {
      place.kind = draw(kKinds);
      for (int& in : place.in) in = draw(kBits);
    }
    std::map<std::string, int> signals;
    for (int bit = 0; bit < kBits; ++bit) signals["b" + std::to_string(bit)] = bit;
    int next = 0;
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot read " + path);
    for (std::string line, name, kind; std::getline(file, line);) {
      std::istringstream words(line);
      const auto signal = [&] {
        std::string word;
        words >> word;
        return signals.at(word);
      };
      words >> name;
      if (name == "out") {
        for (int& o : n.out) o = signal();
        break;
      }
      words >> kind;
      auto& place = n.places.at(next);
      place.kind = static_cast<int>(std::find_if(std::begin(kCells), std::end(kCells),
                                                 [&](const Cell& c) { return c.name == kind; }) -
                                    kCells);
      if (place.kind == kKinds) throw std::runtime_error("no cell " + kind);
      for (int i = 0; i < kCells[place.kind].inputs; ++i) place.in[i] = signal();
      signals[name] = kBits + next++;
    }
    return n;
  }

  void write(const Netlist& n, const std::string& path) {
    cost(n);
    find_used();
    std::sort(used_.begin(), used_.end(),
              [&](int a, int b) { return std::pair(depth_[a], a) < std::pair(depth_[b], b); });
    std::map<int, std::string> names;
    for (int bit = 0; bit < kBits; ++bit) names[bit] = "b" + std::to_string(bit);
    std::ofstream file(path);
    for (const int s : used_) {
      if (s < kBits) continue;
      const auto& place = n.places[s - kBits];
      file << (names[s] = "n" + std::to_string(names.size() - kBits)) << ' '
           << kCells[place.kind].name;
      for (int i = 0; i < kCells[place.kind].inputs; ++i) file << ' ' << names[place.in[i]];
      file << '\n';
    }
    file << "out";
    for (const int o : n.out) file << ' ' << names[o];
    file << '\n';
  }

 private:
  enum class State : std::uint8_t { kUnused, kOpen, kDone };

  int draw(int n) { return static_cast<int>(rng_() % static_cast<unsigned>(n)); }

  // False where cells feed themselves.
  bool evaluate(const Netlist& n, int s) {
    if (s < kBits || state_[s] == State::kDone) return true;
    if (state_[s] == State::kOpen) return false;
    state_[s] = State::kOpen;
    const auto& place = n.places[s - kBits];
    const Cell& cell = kCells[place.kind];
    depth_[s] = 1;
    for (int i = 0; i < cell.inputs; ++i) {
      if (!evaluate(n, place.in[i])) return false;
      depth_[s] = std::max(depth_[s], depth_[place.in[i]] + 1);
    }
    for (int w = 0; w < 4; ++w)
      tables_[s][w] = cell.of(tables_[place.in[0]][w], tables_[place.in[1]][w],
                              tables_[place.in[2]][w], tables_[place.in[3]][w]);
    area_ += cell.area;
    state_[s] = State::kDone;
    return true;
  }

  static int count(const Table& bytes) {
    int n = 0;
    for (const Word w : bytes) n += std::popcount(w);
    return n;
  }

  // Whether trits [0, trits) of `bytes` are all tuples, each once.
  bool all_tuples(const Netlist& n, int trits, const Table& bytes) const {
    static constexpr int kTuples[] = {1, 3, 9, 27, 81, 243};
    if (count(bytes) != kTuples[trits]) return false;
    if (trits == 0) return true;
    const Table &nonzero = tables_[n.out[trits - 1]], &negative = tables_[n.out[trits + 4]];
    Table zero, minus, plus;
    for (int w = 0; w < 4; ++w) {
      zero[w] = bytes[w] & ~nonzero[w];
      minus[w] = bytes[w] & nonzero[w] & negative[w];
      plus[w] = bytes[w] & nonzero[w] & ~negative[w];
    }
    return all_tuples(n, trits - 1, zero) && all_tuples(n, trits - 1, minus) &&
           all_tuples(n, trits - 1, plus);
  }

  bool is_code(const Netlist& n) const {
    const Table& illegal = tables_[n.out[10]];
    if (count(illegal) != 13) return false;
    Table legal;
    for (int w = 0; w < 4; ++w) {
      legal[w] = ~illegal[w];
      for (int t = 0; t < 5; ++t) {
        const Word nonzero = tables_[n.out[t]][w], negative = tables_[n.out[t + 5]][w];
        if ((negative & ~nonzero & legal[w]) != 0) return false;
        if (zeros_ && ((nonzero | negative) & illegal[w]) != 0) return false;
      }
    }
    return all_tuples(n, 5, legal);
  }

  // The signals of the netlist that cost() has just seen.
  void find_used() {
    used_.clear();
    for (int s = 0; s < kSignals; ++s)
      if (s < kBits || state_[s] == State::kDone) used_.push_back(s);
  }
  int a_used_one() { return used_[draw(static_cast<int>(used_.size()))]; }
  int a_signal() {
    if (draw(3) == 0) return draw(kBits);
    return draw(4) != 0 ? a_used_one() : draw(kSignals);
  }

  void mutate(Netlist& n) {
    const int what = draw(10);
    if (what == 0) {
      n.out[draw(11)] = a_signal();
      return;
    }
    const int s = draw(4) != 0 ? a_used_one() : draw(kSignals);
    const int at = s < kBits ? draw(kPlaces) : s - kBits;
    auto& place = n.places[at];
    int& input = place.in[draw(kCells[place.kind].inputs)];
    if (what < 5) {
      input = a_signal();
    } else if (what < 8) {
      place.kind = draw(kKinds);
    } else if (what < 9) {  // a new cell before an input
      const int spare = draw(kPlaces);
      if (std::binary_search(used_.begin(), used_.end(), spare + kBits)) return;
      auto& added = n.places[spare];
      added.kind = draw(kKinds);
      for (int& in : added.in) in = a_signal();
      added.in[draw(kCells[added.kind].inputs)] = input;
      input = spare + kBits;
    } else {  // some of what reads the cell reads its input instead
      const int from = at + kBits, to = input;
      for (auto& reader : n.places)
        for (int& in : reader.in)
          if (in == from && draw(2) != 0) in = to;
      for (int& o : n.out)
        if (o == from && draw(2) != 0) o = to;
    }
  }

  bool zeros_;
  std::mt19937_64 rng_;
  std::array<Table, kSignals> tables_{};
  std::array<State, kSignals> state_{};
  std::array<int, kSignals> depth_{};
  double area_ = 0;
  std::vector<int> used_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 6) throw std::runtime_error("five arguments, see the head of search.cc");
    Search search(std::string(argv[3]) == "zeros", static_cast<unsigned>(std::stoul(argv[5])));
    const Netlist start = search.read(argv[1]);
    if (search.cost(start) >= kNoCode) throw std::runtime_error("the start decodes no code");
    std::cout << search.cost(start) << " -> " << std::flush;
    const Netlist best = search.anneal(start, std::stod(argv[4]));
    std::cout << search.cost(best) << '\n';
    search.write(best, argv[2]);
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
}
