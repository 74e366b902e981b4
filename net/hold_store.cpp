#include "net/hold_store.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace tapeline::net {

HoldStore::HoldStore(SerializationPool& pool, std::size_t max_pieces, std::size_t max_bytes)
    : pool_{pool},
      max_pieces_{std::max<std::size_t>(max_pieces, 1)},
      capacity_{2 * (max_pieces_ + kMaxMarks)},
      pieces_{std::make_unique<HeldPiece[]>(capacity_)} {
  const std::size_t buffer_bytes = std::max<std::size_t>(pool.counts().buffer_bytes, 1);
  buffers_.resize(std::max<std::size_t>(2, max_bytes / buffer_bytes));
}

std::size_t HoldStore::first_ending_after(std::uint64_t sequence) const noexcept {
  if (empty() || last_exclusive() <= sequence) return tail_;
  const HeldPiece* const found = std::partition_point(
      &pieces_[head_], &pieces_[tail_],
      [sequence](const HeldPiece& piece) { return piece.range.last_exclusive <= sequence; });
  return static_cast<std::size_t>(found - pieces_.get());
}

const HeldPiece* HoldStore::find(std::uint64_t sequence) const noexcept {
  const std::size_t at = first_ending_after(sequence);
  return at < tail_ && pieces_[at].range.first <= sequence ? &pieces_[at] : nullptr;
}

template <typename Fn>
void HoldStore::for_each_uncovered(const GapRange& range, Fn&& fn) const {
  std::uint64_t next = range.first;
  for (std::size_t at = first_ending_after(next); next < range.last_exclusive && at < tail_; ++at) {
    const std::uint64_t stop = std::min(pieces_[at].range.first, range.last_exclusive);
    if (next < stop) fn(GapRange{next, stop});
    next = std::max(next, pieces_[at].range.last_exclusive);
  }
  if (next < range.last_exclusive) fn(GapRange{next, range.last_exclusive});
}

HoldStore::Result HoldStore::hold(const Packet& packet, const GapRange& range, std::int64_t now_ns,
                                  const GapRange& known) {
  assert(range.count() > 0);
  Result result;
  std::size_t parts = 0;
  GapRange rest = range;  // from the first to the last number that is new
  for_each_uncovered(range, [&](const GapRange& part) {
    if (parts++ == 0) rest.first = part.first;
    rest.last_exclusive = part.last_exclusive;
    result.new_messages += part.count();
  });
  if (parts == 0) return result;
  if (size() - marks_ + parts > max_pieces_ || !make_room(packet.datagram_bytes)) {
    return {.outcome = Outcome::full};
  }

  result.outcome = Outcome::held;
  Buffer& buffer = buffers_[current_];
  std::byte* const copy = buffer.guard.data() + buffer.used_bytes;
  std::memcpy(copy, packet.datagram, packet.datagram_bytes);
  buffer.used_bytes += packet.datagram_bytes;
  HeldPiece piece{rest, std::min(now_ns, kNever - 1), packet, static_cast<std::uint32_t>(current_)};
  piece.packet.datagram = copy;
  for (std::uint64_t next = rest.first; next < rest.last_exclusive;) {
    const std::size_t behind = first_ending_after(next);
    const bool covered = behind < tail_ && pieces_[behind].range.first <= next;
    if (covered) {
      next = pieces_[behind].range.last_exclusive;
      continue;
    }
    const std::uint64_t stop = behind < tail_ ? pieces_[behind].range.first : rest.last_exclusive;
    piece.range = {next, std::min(stop, rest.last_exclusive)};
    note_neighbours(insert(piece), known, result);
    ++buffer.pieces;
    next = piece.range.last_exclusive;
  }
  return result;
}

// What the piece at `at`, just inserted, did to the hole it lies in.
void HoldStore::note_neighbours(std::size_t at, const GapRange& known,
                                Result& result) const noexcept {
  const GapRange& range = pieces_[at].range;
  const bool is_last = at + 1 == tail_;
  const bool meets_lower =
      range.first == (at > head_ ? pieces_[at - 1].range.last_exclusive : known.first);
  const bool meets_upper =
      is_last ? range.first < known.last_exclusive && known.last_exclusive <= range.last_exclusive
              : range.last_exclusive == pieces_[at + 1].range.first;
  if (meets_lower && meets_upper) ++result.holes_closed;
  if (!meets_lower || !is_last) result.holes_changed = true;
}

void HoldStore::mark_passed(const GapRange& range) {
  assert(can_mark(1));
  insert(HeldPiece{range, kNever, Packet{}, 0});
  ++marks_;
}

// Returns where the piece lies.
std::size_t HoldStore::insert(const HeldPiece& piece) noexcept {
  const std::size_t at = open_slot(first_ending_after(piece.range.first));
  pieces_[at] = piece;
  if (at + 1 < tail_) {
    pieces_[at].since_ns = std::min(piece.since_ns, pieces_[at + 1].since_ns);
  }
  for (std::size_t below = at;
       below > head_ && pieces_[below - 1].since_ns > pieces_[below].since_ns; --below) {
    pieces_[below - 1].since_ns = pieces_[below].since_ns;
  }
  messages_ += piece.range.count();
  update_first();
  return at;
}

// Makes a free slot in front of the piece at `at`; returns where it is.
std::size_t HoldStore::open_slot(std::size_t at) noexcept {
  assert(size() < capacity_ / 2);
  if (tail_ == capacity_ || (head_ == 0 && at - head_ < tail_ - at)) {  // back to the middle
    const std::size_t head = (capacity_ - size()) / 2;
    const std::size_t count = size();
    std::memmove(&pieces_[head], &pieces_[head_], count * sizeof(HeldPiece));
    at = at - head_ + head;
    head_ = head;
    tail_ = head + count;
  }
  if (head_ > 0 && at - head_ < tail_ - at) {
    std::memmove(&pieces_[head_ - 1], &pieces_[head_], (at - head_) * sizeof(HeldPiece));
    --head_;
    return at - 1;
  }
  std::memmove(&pieces_[at + 1], &pieces_[at], (tail_ - at) * sizeof(HeldPiece));
  ++tail_;
  return at;
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
  messages_ -= piece.range.count();
  if (piece.is_passed()) {
    --marks_;
  } else if (--buffers_[piece.buffer].pieces == 0) {
    buffers_[piece.buffer].guard.release();
  }
  if (++head_ == tail_) head_ = tail_ = capacity_ / 2;
  update_first();
}

void HoldStore::clear() noexcept {
  while (!empty()) pop_front();
}

}  // namespace tapeline::net
