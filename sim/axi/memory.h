// SPDX-License-Identifier: Apache-2.0
//
// Memory behind a verilated AXI4 master (rtl/top/tern_accelerator.sv), clock by clock: a latency, a
// bandwidth that reads and writes share, stalls on every channel at random, errors on request. It
// holds the master to the protocol: whoever breaks a rule gets a std::logic_error naming it.

#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace tern::sim {

struct AxiMemoryConfig {
  std::uint64_t base = 0;
  std::size_t bytes = 1 << 20;  // what lies outside answers DECERR
  double bytes_per_cycle = 0;   // 0: a beat of each kind every cycle
  unsigned latency = 1;         // cycles from request to first beat, and from last beat to response
  unsigned busy = 8;            // each channel is ready, or valid, in `busy` of 8 cycles
  bool junk = false;            // data lines of idle channels carry random bits
  unsigned seed = 1;
};

// Model: a verilated module with the m_* ports of tern_accelerator.
template <typename Model>
class AxiMemory {
 public:
  static constexpr std::size_t kBeatBytes = sizeof(Model::m_rdata_i);
  static constexpr unsigned kOkay = 0, kSlverr = 2, kDecerr = 3;

  explicit AxiMemory(const AxiMemoryConfig& config)
      : config_(config), data_(config.bytes), rng_(config.seed) {}

  std::uint8_t* at(std::uint64_t address) { return data_.data() + (address - config_.base); }
  void fail_at(std::uint64_t address) { fail_at_ = address; }  // this beat answers SLVERR
  void fail_nowhere() { fail_at_ = ~std::uint64_t{0}; }

  std::uint64_t read_beats() const { return read_beats_; }
  // Bytes that the master wanted written where nothing answers.
  std::uint64_t stray_bytes() const { return stray_bytes_; }
  std::uint64_t written_beats() const { return written_beats_; }
  std::uint64_t read_bursts() const { return read_bursts_; }
  std::uint64_t longest_burst() const { return longest_burst_; }
  std::uint64_t most_outstanding() const { return most_outstanding_; }
  bool quiet() const { return reads_.empty() && writes_.empty() && responses_.empty(); }

  // Once per cycle, before the rising edge. The master's outputs depend on its state alone, so what
  // stands on its ports now is what this edge sees.
  void before_edge(Model& m) {
    ++cycle_;
    if (config_.bytes_per_cycle > 0)
      budget_ = std::min(budget_ + config_.bytes_per_cycle, 2.0 * kBeatBytes);
    else
      budget_ = 2.0 * kBeatBytes;
    write_address(m);
    write_data(m);  // before reads, which would leave it nothing
    write_response(m);
    read_address(m);
    read_data(m);
  }

 private:
  struct Burst {
    std::uint64_t address;
    unsigned beats, done;
    std::uint64_t ready;  // cycle
    unsigned response;
  };
  struct Held {  // what a channel offers must stand until it is taken
    bool on = false;
    std::uint64_t address = 0;
    unsigned length = 0;
  };

  [[noreturn]] static void broken(const std::string& rule) {
    throw std::logic_error("AXI4: " + rule);
  }
  bool lucky() { return config_.busy >= 8 || rng_() % 8 < config_.busy; }

  Burst open(std::uint64_t address, unsigned beats, unsigned size, unsigned type, Held& held,
             bool taken, const char* channel) {
    const std::string name = channel;
    if (held.on && (held.address != address || held.length != beats))
      broken(name + " changed before it was taken");
    held = {!taken, address, beats};
    if (address % kBeatBytes != 0) broken(name + " is not aligned to its beats");
    if ((std::size_t{1} << size) != kBeatBytes || type != 1)
      broken(name + " asks for no increasing burst of whole beats");
    if (address / 4096 != (address + beats * kBeatBytes - 1) / 4096) broken(name + " crosses 4 KB");
    return {address, beats, 0, cycle_ + config_.latency, kOkay};
  }

  unsigned response(std::uint64_t address) const {
    if (address < config_.base || address + kBeatBytes > config_.base + data_.size())
      return kDecerr;
    return fail_at_ / kBeatBytes == address / kBeatBytes ? kSlverr : kOkay;
  }

  void junk(void* port) {
    if (!config_.junk) return;
    for (std::size_t i = 0; i < kBeatBytes; i += 4) {
      const auto word = static_cast<std::uint32_t>(rng_());
      std::memcpy(static_cast<std::uint8_t*>(port) + i, &word, 4);
    }
  }

  void read_address(Model& m) {
    if (held_ar_.on && !m.m_arvalid_o) broken("ARVALID fell before ARREADY");
    m.m_arready_i = lucky();
    if (!m.m_arvalid_o) return;
    const Burst burst = open(m.m_araddr_o, m.m_arlen_o + 1u, m.m_arsize_o, m.m_arburst_o, held_ar_,
                             m.m_arready_i, "AR");
    if (!m.m_arready_i) return;
    reads_.push_back(burst);
    ++read_bursts_;
    longest_burst_ = std::max<std::uint64_t>(longest_burst_, burst.beats);
    most_outstanding_ = std::max<std::uint64_t>(most_outstanding_, reads_.size());
  }

  void read_data(Model& m) {
    if (!r_on_ && !reads_.empty() && reads_.front().ready <= cycle_ && budget_ >= kBeatBytes &&
        lucky()) {
      const Burst& burst = reads_.front();
      const std::uint64_t address = burst.address + burst.done * kBeatBytes;
      m.m_rresp_i = static_cast<std::uint8_t>(response(address));
      if (m.m_rresp_i == kOkay)
        std::memcpy(&m.m_rdata_i, at(address), kBeatBytes);
      else
        junk(&m.m_rdata_i);
      m.m_rlast_i = burst.done + 1 == burst.beats;
      r_on_ = true;
      budget_ -= kBeatBytes;
    } else if (!r_on_) {
      junk(&m.m_rdata_i);
    }
    m.m_rvalid_i = r_on_;
    if (r_on_ && m.m_rready_o) {
      r_on_ = false;
      ++read_beats_;
      if (++reads_.front().done == reads_.front().beats) reads_.pop_front();
    }
  }

  void write_address(Model& m) {
    if (held_aw_.on && !m.m_awvalid_o) broken("AWVALID fell before AWREADY");
    m.m_awready_i = lucky();
    if (!m.m_awvalid_o) return;
    const Burst burst = open(m.m_awaddr_o, m.m_awlen_o + 1u, m.m_awsize_o, m.m_awburst_o, held_aw_,
                             m.m_awready_i, "AW");
    if (m.m_awready_i) writes_.push_back(burst);
  }

  void write_data(Model& m) {
    if (w_held_ && (!m.m_wvalid_o || std::memcmp(w_kept_, &m.m_wdata_o, kBeatBytes) != 0))
      broken("W changed before it was taken");
    m.m_wready_i = budget_ >= kBeatBytes && lucky();
    w_held_ = m.m_wvalid_o && !m.m_wready_i;
    if (w_held_) std::memcpy(w_kept_, &m.m_wdata_o, kBeatBytes);
    if (!m.m_wvalid_o || !m.m_wready_i) return;
    if (writes_.empty()) broken("W came before its AW");
    budget_ -= kBeatBytes;
    ++written_beats_;
    Burst& burst = writes_.front();
    const std::uint64_t address = burst.address + burst.done * kBeatBytes;
    const unsigned answer = response(address);
    for (std::size_t i = 0; i < kBeatBytes; ++i)
      stray_bytes_ += answer == kDecerr && (m.m_wstrb_o >> i & 1);
    burst.response = std::max(burst.response, answer);
    if (answer == kOkay) {
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(&m.m_wdata_o);
      for (std::size_t i = 0; i < kBeatBytes; ++i)
        if (m.m_wstrb_o >> i & 1) at(address)[i] = bytes[i];
    }
    if ((++burst.done == burst.beats) != m.m_wlast_o)
      broken("WLAST is not at the end of its burst");
    if (burst.done < burst.beats) return;
    burst.ready = cycle_ + config_.latency;
    responses_.push_back(burst);
    writes_.pop_front();
  }

  void write_response(Model& m) {
    if (!b_on_) b_on_ = !responses_.empty() && responses_.front().ready <= cycle_ && lucky();
    m.m_bvalid_i = b_on_;
    m.m_bresp_i = static_cast<std::uint8_t>(b_on_ ? responses_.front().response : kOkay);
    if (b_on_ && m.m_bready_o) {
      b_on_ = false;
      responses_.pop_front();
    }
  }

  const AxiMemoryConfig config_;
  std::vector<std::uint8_t> data_;
  std::mt19937 rng_;
  std::uint64_t fail_at_ = ~std::uint64_t{0};
  std::uint64_t cycle_ = 0;
  double budget_ = 0;
  std::deque<Burst> reads_, writes_, responses_;
  Held held_ar_, held_aw_;
  bool r_on_ = false, w_held_ = false, b_on_ = false;
  std::uint8_t w_kept_[kBeatBytes] = {};
  std::uint64_t read_beats_ = 0, written_beats_ = 0, read_bursts_ = 0, longest_burst_ = 0,
                most_outstanding_ = 0, stray_bytes_ = 0;
};

}  // namespace tern::sim
