#include "app/archive/continuity.hpp"

#include <algorithm>

namespace tapeline::archive {

using codec::archive::SequenceSpan;

Continuity::Followed* Continuity::follow(const SequenceSpan& span) {
  if (last_ < sessions_.size() && sessions_[last_].session == span.session)
    return &sessions_[last_];
  for (last_ = 0; last_ < sessions_.size(); ++last_) {
    if (sessions_[last_].session == span.session) return &sessions_[last_];
  }
  if (sessions_.size() == kMaxSessions) return nullptr;
  sessions_.push_back({.session = span.session, .next = span.first, .holes = {}});
  return &sessions_.back();
}

// Takes [first, next) out of the holes.
void Continuity::close(Followed& followed, std::uint64_t first, std::uint64_t next) {
  auto& holes = followed.holes;
  auto at = holes.upper_bound(first);
  if (at != holes.begin()) --at;
  while (at != holes.end() && at->first < next) {
    const auto [begin, hole] = *at;
    if (hole.next <= first) {
      ++at;
      continue;
    }
    at = holes.erase(at);
    if (begin < first) holes[begin] = {first, hole.place};
    if (hole.next > next) holes[next] = hole;
  }
}

void Continuity::on_numbers(const SequenceSpan& span, const ArchivePlace& place) {
  Followed* const followed = follow(span);
  if (followed == nullptr) {
    ++not_followed_;
    return;
  }
  // To close the middle of a hole makes one more, too.
  if (followed->holes.size() >= kMaxHoles) {
    ++not_followed_;
  } else if (span.first > followed->next) {
    followed->holes[followed->next] = {span.first, place};
  } else if (!followed->holes.empty()) {
    close(*followed, span.first, span.next);
  }
  followed->next = std::max(followed->next, span.next);
}

void Continuity::on_note(const std::array<char, 10>& session, std::uint64_t first,
                         std::uint64_t next) {
  if (note_count_ == kMaxHoles) {
    ++not_followed_;
    return;
  }
  // Notes that overlap become one.
  Ranges& ranges = notes_[session];
  auto at = ranges.upper_bound(first);
  if (at != ranges.begin() && std::prev(at)->second >= first) --at;
  while (at != ranges.end() && at->first <= next) {
    first = std::min(first, at->first);
    next = std::max(next, at->second);
    at = ranges.erase(at);
    --note_count_;
  }
  ranges[first] = next;
  ++note_count_;
}

// fn(session, first, next, place, is_noted) for the pieces of every hole.
template <typename Fn>
void Continuity::for_each_missing(Fn&& fn) const {
  static const Ranges kNone;
  for (const Followed& followed : sessions_) {
    const auto found = notes_.find(followed.session.session);
    const Ranges& notes = found == notes_.end() ? kNone : found->second;
    for (const auto& [begin, hole] : followed.holes) {
      std::uint64_t at = begin;
      auto note = notes.upper_bound(at);
      if (note != notes.begin()) --note;
      for (; note != notes.end() && note->first < hole.next; ++note) {
        const std::uint64_t first = std::max(note->first, at);
        const std::uint64_t next = std::min(note->second, hole.next);
        if (next <= at) continue;
        if (at < first) fn(followed.session, at, first, hole.place, false);
        fn(followed.session, first, next, hole.place, true);
        at = next;
      }
      if (at < hole.next) fn(followed.session, at, hole.next, hole.place, false);
    }
  }
}

std::vector<MissingRange> Continuity::missing() const {
  std::vector<MissingRange> ranges;
  for_each_missing([&](const auto& session, std::uint64_t first, std::uint64_t next,
                       const ArchivePlace& place, bool is_noted) {
    if (!is_noted) ranges.push_back({session, first, next, place});
  });
  return ranges;
}

std::uint64_t Continuity::noted_messages() const {
  std::uint64_t messages = 0;
  for_each_missing([&](const auto&, std::uint64_t first, std::uint64_t next, const ArchivePlace&,
                       bool is_noted) {
    if (is_noted) messages += next - first;
  });
  return messages;
}

}  // namespace tapeline::archive
