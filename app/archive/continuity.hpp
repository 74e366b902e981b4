#pragma once

// Whether a channel's archives have every message number: follows the numbers of its sessions
// through the packets, and remembers where numbers are missing until a later packet brings them, or
// a note in the archive says that they were lost.
//
// Thread safety: none.
// Memory:        bounded: kMaxSessions, and kMaxHoles for each of them; what is more is counted.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "codec/archive/frame_index.hpp"

namespace tapeline::archive {

// Where in the archives something is.
struct ArchivePlace {
  std::size_t file = 0;  // the caller's number
  std::uint64_t offset = 0;

  friend bool operator==(const ArchivePlace&, const ArchivePlace&) = default;
};

// Numbers that are in no packet and in no note.
struct MissingRange {
  codec::archive::IndexSession session;
  std::uint64_t first = 0;
  std::uint64_t next = 0;
  ArchivePlace place;  // of the first packet behind them

  friend bool operator==(const MissingRange&, const MissingRange&) = default;
};

class Continuity {
 public:
  static constexpr std::size_t kMaxSessions = 1024;
  static constexpr std::size_t kMaxHoles = 65'536;

  void on_numbers(const codec::archive::SequenceSpan& span, const ArchivePlace& place);
  // Requires: first < next.
  void on_note(const std::array<char, 10>& session, std::uint64_t first, std::uint64_t next);

  // In the order of sessions and numbers.
  [[nodiscard]] std::vector<MissingRange> missing() const;
  // Numbers that were missing and that a note tells of.
  [[nodiscard]] std::uint64_t noted_messages() const;
  // Packets of sessions, and holes, beyond the bounds: continuity is not known then.
  [[nodiscard]] std::uint64_t not_followed() const noexcept { return not_followed_; }

 private:
  struct Hole {
    std::uint64_t next = 0;
    ArchivePlace place;
  };
  struct Followed {
    codec::archive::IndexSession session;
    std::uint64_t next = 0;
    std::map<std::uint64_t, Hole> holes;  // by their first number; they do not touch
  };
  using Ranges =
      std::map<std::uint64_t, std::uint64_t>;  // from the first number to behind the last

  [[nodiscard]] Followed* follow(const codec::archive::SequenceSpan& span);
  static void close(Followed& followed, std::uint64_t first, std::uint64_t next);
  template <typename Fn>
  void for_each_missing(Fn&& fn) const;

  std::vector<Followed> sessions_;
  std::size_t last_ = 0;
  std::map<std::array<char, 10>, Ranges> notes_;
  std::size_t note_count_ = 0;
  std::uint64_t not_followed_ = 0;
};

}  // namespace tapeline::archive
