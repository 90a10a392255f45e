// SPDX-License-Identifier: Apache-2.0

#include "sim/dma.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "kernels/check.h"

namespace tern::sim {

Dma::Dma(const Geometry& geometry, unsigned slots, Access access)
    : geometry_(geometry), access_(std::move(access)), slots_(slots) {
  for (Slot& one : slots_) one.data.resize(geometry_.burst_bytes);
}

void Dma::start(const Job& job, std::uint64_t x_address, std::uint64_t w_address,
                std::uint64_t y_address) {
  x_address_ = x_address;
  w_address_ = w_address;
  y_address_ = y_address;
  x_bytes_ = geometry_.x_bytes(job);
  w_bytes_ = geometry_.w_bytes(job);
  x_bursts_ = (x_bytes_ + geometry_.burst_bytes - 1) / geometry_.burst_bytes;
  w_bursts_ = (w_bytes_ + geometry_.burst_bytes - 1) / geometry_.burst_bytes;
  next_burst_ = head_burst_ = head_byte_ = 0;
  last_issue_ = last_push_ = last_write_done_ = 0;
  words_.clear();
  writes_.clear();
  failed_ = false;
}

bool Dma::can_issue() const {
  return next_burst_ < bursts() && next_burst_ < head_burst_ + slots_.size();
}

std::uint64_t Dma::issue_cycle() const {
  const std::uint64_t slot_free = next_burst_ < slots_.size() ? 0 : slot(next_burst_).freed;
  return std::max(last_issue_, slot_free) + 1;
}

void Dma::issue() {
  last_issue_ = issue_cycle();
  flush_writes(last_issue_);
  const bool weights = next_burst_ >= x_bursts_;
  const std::uint64_t at =
      (weights ? next_burst_ - x_bursts_ : next_burst_) * geometry_.burst_bytes;
  const std::uint64_t left = (weights ? w_bytes_ : x_bytes_) - at;
  Slot& into = slot(next_burst_);
  const std::span<std::uint8_t> data(into.data.data(),
                                     std::min<std::uint64_t>(left, geometry_.burst_bytes));
  const Completion done =
      access_({false, (weights ? w_address_ : x_address_) + at, data, last_issue_});
  if (!done.ok) {
    failed_ = true;
    std::fill(data.begin(), data.end(), std::uint8_t{0});
  }
  into.ready = done.cycle;
  ++next_burst_;
}

void Dma::advance(std::uint64_t cycle) {
  while (can_issue() && issue_cycle() <= cycle) issue();
}

bool Dma::head_valid(std::uint64_t cycle) const {
  return head_burst_ < next_burst_ && slot(head_burst_).ready <= cycle;
}

std::uint64_t Dma::head_ready() {
  TERN_CHECK(head_burst_ < bursts(), "there is a beat left");
  while (next_burst_ <= head_burst_) issue();
  return slot(head_burst_).ready;
}

const std::uint8_t* Dma::head() const { return slot(head_burst_).data.data() + head_byte_; }

void Dma::pop(std::uint64_t cycle) {
  TERN_CHECK(head_valid(cycle), "only a beat that has come is popped");
  const bool weights = head_is_weight();
  const std::uint64_t at =
      (weights ? head_burst_ - x_bursts_ : head_burst_) * geometry_.burst_bytes;
  const std::uint64_t bytes =
      std::min<std::uint64_t>((weights ? w_bytes_ : x_bytes_) - at, geometry_.burst_bytes);
  head_byte_ += geometry_.beat_bytes;
  if (head_byte_ >= bytes) {
    slot(head_burst_).freed = cycle;
    ++head_burst_;
    head_byte_ = 0;
  }
}

void Dma::push(std::uint32_t word, std::uint64_t cycle) {
  const std::size_t at = words_.size();
  words_.resize(at + sizeof word);
  std::memcpy(words_.data() + at, &word, sizeof word);
  last_push_ = cycle;
  if (words_.size() == geometry_.burst_bytes) close_write(cycle + 1);
}

void Dma::close_write(std::uint64_t cycle) {
  const std::uint64_t address = y_address_;
  y_address_ += words_.size();
  writes_.push_back({cycle, address, std::exchange(words_, {})});
}

void Dma::flush_writes(std::uint64_t up_to_cycle) {
  while (!writes_.empty() && writes_.front().cycle <= up_to_cycle) {
    Write& write = writes_.front();
    const Completion done = access_({true, write.address, write.data, write.cycle});
    failed_ |= !done.ok;
    last_write_done_ = std::max(last_write_done_, done.cycle);
    writes_.pop_front();
  }
}

std::uint64_t Dma::finish() {
  TERN_CHECK(head_burst_ == bursts(), "every beat has been popped");
  if (!words_.empty()) close_write(last_push_ + 1);
  flush_writes(~std::uint64_t{0});
  return last_write_done_;
}

}  // namespace tern::sim
