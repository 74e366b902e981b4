#include "net/hold_store.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace tapeline::net {

HoldStore::HoldStore(SerializationPool& pool, std::size_t max_pieces, std::size_t max_bytes)
    : pool_{pool}, max_pieces_{std::max<std::size_t>(max_pieces, 1)} {
  const std::size_t buffer_bytes = std::max<std::size_t>(pool.counts().buffer_bytes, 1);
  pieces_.reserve(max_pieces_ + kMaxMarks);
  buffers_.resize(std::max<std::size_t>(2, max_bytes / buffer_bytes));
}

std::size_t HoldStore::first_ending_after(std::uint64_t sequence) const noexcept {
  const auto begin = pieces_.begin() + static_cast<std::ptrdiff_t>(head_);
  const auto found = std::partition_point(begin, pieces_.end(), [sequence](const HeldPiece& piece) {
    return piece.range.last_exclusive <= sequence;
  });
  return static_cast<std::size_t>(found - pieces_.begin());
}

template <typename Fn>
void HoldStore::for_each_uncovered(const GapRange& range, Fn&& fn) const {
  std::uint64_t next = range.first;
  for (std::size_t at = first_ending_after(next);
       next < range.last_exclusive && at < pieces_.size(); ++at) {
    const std::uint64_t stop = std::min(pieces_[at].range.first, range.last_exclusive);
    if (next < stop) fn(GapRange{next, stop});
    next = std::max(next, pieces_[at].range.last_exclusive);
  }
  if (next < range.last_exclusive) fn(GapRange{next, range.last_exclusive});
}

HoldStore::Outcome HoldStore::hold(const Packet& packet, const GapRange& range, std::int64_t now_ns,
                                   std::uint64_t& new_messages) {
  assert(range.count() > 0);
  std::size_t parts = 0;
  new_messages = 0;
  GapRange rest = range;  // from the first to the last number that is new
  for_each_uncovered(range, [&](const GapRange& part) {
    if (parts++ == 0) rest.first = part.first;
    rest.last_exclusive = part.last_exclusive;
    new_messages += part.count();
  });
  if (parts == 0) return Outcome::duplicate;
  if (size() - marks_ + parts > max_pieces_ || !make_room(packet.datagram_bytes)) {
    return Outcome::full;
  }

  Buffer& buffer = buffers_[current_];
  std::byte* const copy = buffer.guard.data() + buffer.used_bytes;
  std::memcpy(copy, packet.datagram, packet.datagram_bytes);
  buffer.used_bytes += packet.datagram_bytes;
  HeldPiece piece{rest, now_ns, packet, static_cast<std::uint32_t>(current_)};
  piece.packet.datagram = copy;
  for (std::uint64_t next = rest.first; next < rest.last_exclusive;) {
    const std::size_t behind = first_ending_after(next);
    const bool covered = behind < pieces_.size() && pieces_[behind].range.first <= next;
    if (covered) {
      next = pieces_[behind].range.last_exclusive;
      continue;
    }
    const std::uint64_t stop =
        behind < pieces_.size() ? pieces_[behind].range.first : rest.last_exclusive;
    piece.range = {next, std::min(stop, rest.last_exclusive)};
    insert(piece);
    ++buffer.pieces;
    next = piece.range.last_exclusive;
  }
  return Outcome::held;
}

void HoldStore::mark_passed(const GapRange& range) {
  assert(can_mark(1));
  insert(HeldPiece{range, 0, Packet{}, 0});
  ++marks_;
}

void HoldStore::insert(const HeldPiece& piece) {
  if (pieces_.size() == pieces_.capacity() && head_ > 0) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  assert(pieces_.size() < pieces_.capacity());
  const std::size_t at = first_ending_after(piece.range.first);
  pieces_.insert(pieces_.begin() + static_cast<std::ptrdiff_t>(at), piece);
  update_first();
}

bool HoldStore::make_room(std::size_t bytes) noexcept {
  const auto fits = [bytes](const Buffer& buffer) {
    return buffer.guard && buffer.guard.capacity() - buffer.used_bytes >= bytes;
  };
  if (fits(buffers_[current_])) return true;
  for (std::size_t index = 0; index < buffers_.size(); ++index) {
    if (buffers_[index].guard) continue;
    buffers_[index].guard = pool_.try_acquire();
    buffers_[index].used_bytes = 0;
    if (!fits(buffers_[index])) {
      buffers_[index].guard.release();
      return false;
    }
    current_ = index;
    return true;
  }
  return false;
}

void HoldStore::pop_front() noexcept {
  assert(!empty());
  const HeldPiece& piece = pieces_[head_];
  if (piece.is_passed()) {
    --marks_;
  } else if (--buffers_[piece.buffer].pieces == 0) {
    buffers_[piece.buffer].guard.release();
  }
  if (++head_ == pieces_.size()) {
    pieces_.clear();
    head_ = 0;
  }
  update_first();
}

void HoldStore::clear() noexcept {
  while (!empty()) pop_front();
}

const HeldPiece* HoldStore::first_revealing() const noexcept {
  for (std::size_t at = head_; at < pieces_.size(); ++at) {
    if (!pieces_[at].is_passed()) return &pieces_[at];
  }
  return nullptr;
}

}  // namespace tapeline::net
