#pragma once

// What an archive counts while it works, and a copy of it for a reader.
//
// Thread safety: each counter has one writer, the thread named with it; counts may be read by any
//                thread at any time. When both threads are quiet, and nothing waits for
//                ArchiveWriter::tick(), every packet offered is in exactly one of packets,
//                lost_packets and gap_packets.

#include <cstdint>
#include <string>
#include <system_error>

#include "app/archive/frame_summary.hpp"
#include "pool/buffer_pool.hpp"
#include "pool/counter.hpp"

namespace tapeline::archive {

enum class ArchiveState : std::uint8_t {
  idle,     // nothing came yet
  writing,  // the last frame was written
  failed,   // the last attempt failed; packets are lost until one succeeds
  closed,
};

[[nodiscard]] constexpr const char* to_text(ArchiveState state) noexcept {
  switch (state) {
    case ArchiveState::idle: return "idle";
    case ArchiveState::writing: return "writing";
    case ArchiveState::failed: return "failed";
    case ArchiveState::closed: return "closed";
  }
  return "unknown";
}

// What was being done when it failed.
enum class ArchiveStep : std::uint8_t {
  none,
  create,
  open,
  read,
  write,
  cut,
  sync,
  close,
  rename,
  remove,
  buffer,
  frame
};

[[nodiscard]] constexpr const char* to_text(ArchiveStep step) noexcept {
  switch (step) {
    case ArchiveStep::none: return "";
    case ArchiveStep::create: return "create file";
    case ArchiveStep::open: return "open";
    case ArchiveStep::read: return "read";
    case ArchiveStep::write: return "write";
    case ArchiveStep::cut: return "cut torn frame";
    case ArchiveStep::sync: return "sync";
    case ArchiveStep::close: return "close";
    case ArchiveStep::rename: return "rename";
    case ArchiveStep::remove: return "remove";
    case ArchiveStep::buffer: return "take a compression buffer";
    case ArchiveStep::frame: return "compress";
  }
  return "unknown";
}

// A step that went wrong and its errno; converts to false when nothing did.
struct ArchiveFault {
  ArchiveStep step = ArchiveStep::none;
  int error = 0;

  [[nodiscard]] explicit operator bool() const noexcept { return step != ArchiveStep::none; }

  // One word, so that both can be published together.
  [[nodiscard]] std::uint64_t packed() const noexcept {
    return (static_cast<std::uint64_t>(step) << 32U) | static_cast<std::uint32_t>(error);
  }
  [[nodiscard]] static ArchiveFault unpacked(std::uint64_t word) noexcept {
    return {static_cast<ArchiveStep>(word >> 32U), static_cast<int>(word & 0xFFFFFFFFU)};
  }
  // "write: No space left on device"; empty when nothing went wrong.
  [[nodiscard]] std::string text() const {
    if (step == ArchiveStep::none) return {};
    return std::string{to_text(step)} + ": " + std::generic_category().message(error);
  }
};

struct ArchiveCounters {
  // Written by the archive thread.
  struct alignas(pool::kCacheLineBytes) ArchiveSide {
    pool::Counter taken;    // packets: in the open frame, written or lost
    pool::Counter packets;  // in frames that were written
    pool::Counter bytes_in;
    pool::Counter bytes_out;       // taken by write(2)
    pool::Counter bytes_synced;    // of these, that are on disk for certain
    pool::Counter bytes_doubtful;  // of these, in files that could not be synced
    pool::Counter frames;
    pool::Counter files;
    pool::Counter files_removed;  // by the bounds of what is kept
    pool::Counter lost_packets;
    pool::Counter loss_notes;  // written
    pool::Counter write_errors;
    pool::Counter sync_errors;  // of these
    pool::Counter state;        // an ArchiveState
    pool::Counter last_fault;   // an ArchiveFault, packed
    pool::Counter failed_ever;  // 0 or 1
    pool::Counter cpu_nanos;    // set when the thread ends
  } written;
  // Written by the feed thread.
  struct alignas(pool::kCacheLineBytes) FeedSide {
    pool::Counter gap_batches;
    pool::Counter gap_packets;
    pool::Counter gap_notes;  // notes of losses
  } refused;
};

// What is missing now and what was missing last.
struct MissedPackets {
  std::uint64_t outages = 0;  // that ended
  Outage last;                // of them
  Outage open;                // without a packet: none is missing now
};

struct ArchiveCounts {
  ArchiveState state = ArchiveState::idle;
  std::string file;                  // being written or written last, with its folder
  std::uint64_t packets = 0;         // in frames that were written
  std::uint64_t bytes_in = 0;        // of these frames as pcap
  std::uint64_t bytes_out = 0;       // of files
  std::uint64_t bytes_synced = 0;    // of these, that are on disk for certain
  std::uint64_t bytes_doubtful = 0;  // of these, in files that could not be synced
  std::uint64_t frames = 0;
  std::uint64_t files = 0;  // opened
  std::uint64_t files_removed = 0;
  std::uint64_t lost_packets = 0;  // taken, but not written
  std::uint64_t gap_batches = 0;   // refused because the ring was full
  std::uint64_t gap_packets = 0;
  std::uint64_t gap_notes = 0;   // notes of losses refused because the ring was full
  std::uint64_t loss_notes = 0;  // notes of losses written
  std::uint64_t ring_depth = 0;
  std::uint64_t ring_capacity = 0;
  std::uint64_t write_errors = 0;  // failed attempts to open, write, sync or close
  std::uint64_t sync_errors = 0;   // of these, to sync
  MissedPackets missed;
  std::string last_error;  // "write: No space left on device"
  bool failed_ever = false;
  bool complete = true;      // nothing that was offered is missing
  double cpu_seconds = 0.0;  // of the archive thread
};

}  // namespace tapeline::archive
