#pragma once

// Packets in, archive files out: pcap records are gathered in a pooled buffer, compressed into a
// second one as an independent zstd frame, and appended to the file. Knows no thread and no clock:
// the archive thread passes the time in.
//
// Frames: a record lies in one frame, unless it is larger than a frame can be; then it fills frames
//         of its own. A file begins with the dictionary, if there is one, and the pcap header in
//         its first frame. Without a flush time and a sync time only full frames are written (and
//         the last one of a file), so the same packets give the same bytes.
// Files:  roll when they are large enough, and when a packet is of a later period than their first
//         one; by the time of the packets, aligned to UTC. A packet of an earlier period does not
//         begin a file.
// Acknowledged: counters.packets, bytes_out and frames count what write(2) took: it survives the
//         end of the process. bytes_synced counts what an fdatasync or fsync came behind: it
//         survives the end of power. With a sync time every packet is synced so long after it came
//         at the latest, if the disk does not take longer.
// Failures: a frame that can not be written is lost and counted; the file is cut back to what was
//         complete and closed; the next attempt follows after the retry time, with a new file. In
//         front of the next frame that is written stands a note of what is missing. After a sync
//         that failed the file keeps its open suffix, because nobody knows what the disk has of
//         it, and the next frame begins a new one.
//
// Thread safety: none, but for the counters, file_path() and missed(), which any thread may read.
// Units: steady time in nanoseconds of any monotonic clock.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/archive/archive_counters.hpp"
#include "app/archive/archive_file.hpp"
#include "app/archive/file_table.hpp"
#include "app/archive/frame_summary.hpp"
#include "app/archive/retention.hpp"
#include "codec/archive/frame.hpp"
#include "codec/archive/loss_note.hpp"
#include "net/packet_batch.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::archive {

using SteadyNanos = std::int64_t;

struct FrameWriterConfig {
  std::filesystem::path directory;
  std::string feed;  // both name the files; see is_name_part()
  std::string channel;
  int compression_level = 1;
  std::vector<std::byte> dictionary{};  // as zstd --train makes it; empty: none
  std::uint32_t frame_bytes = 65'536;  // of pcap at most; less if a compression buffer is too small
  std::uint64_t roll_bytes = 0;        // a file ends when it is so large; 0: never
  std::uint32_t roll_seconds = 0;      // length of the periods; 0: none
  std::uint32_t flush_ms = 1000;  // age at which an open frame is written; 0 = only when it is full
  std::uint32_t sync_ms = 1000;   // age at which packets are synced; 0 = when the file is finished
  std::uint32_t retry_ms = 1000;  // pause after a failure
  RetentionConfig keep{};
};

class FrameWriter {
 public:
  // All three references are not owned and must outlive this. Throws std::invalid_argument when
  // the pool's buffers are too small for a frame, the level does not exist or the dictionary can
  // not be used.
  FrameWriter(const FrameWriterConfig& config, pool::BufferPool<pool::CompressionKind>& buffers,
              FileCalls& calls, ArchiveCounters& counters);
  FrameWriter(const FrameWriter&) = delete;
  FrameWriter& operator=(const FrameWriter&) = delete;
  ~FrameWriter() = default;  // what close() did not write is lost

  // Copies the packet; its bytes may go when this returns.
  void append(const net::Packet& packet, SteadyNanos now) noexcept;

  // Writes the open frame, and the note behind it. Without an open file, because none could be
  // written, the note is lost with the packets around it.
  void append(const codec::archive::LossNote& note, SteadyNanos now) noexcept;

  // Packets that never came here: they are told in front of the next frame.
  void note_missed(const Outage& missed) noexcept;

  // Writes the open frame and syncs the file if their time has come.
  void tick(SteadyNanos now) noexcept;

  // How long until tick() has something to do; `idle` when there is nothing.
  [[nodiscard]] SteadyNanos time_to_tick(SteadyNanos now, SteadyNanos idle) const noexcept;

  // Writes the open frame and finishes the file. Nothing may be appended afterwards.
  void close() noexcept;

  // File that is being written or was written last, with its folder; empty before the first.
  [[nodiscard]] std::string file_path() const;
  [[nodiscard]] MissedPackets missed() const;

  // Bytes of pcap that fit a frame.
  [[nodiscard]] std::size_t content_capacity() const noexcept { return content_capacity_; }

 private:
  // A frame and what was written in front of it.
  struct Written {
    std::size_t dictionary_bytes = 0;
    std::size_t outage_bytes = 0;
    FrameSummary summary;
    std::size_t frame_bytes = 0;
  };

  [[nodiscard]] bool begin_frame(net::UnixNanos packet_time, SteadyNanos now);
  [[nodiscard]] bool open_file(net::UnixNanos packet_time, SteadyNanos now);
  [[nodiscard]] bool put(std::span<const std::byte> bytes, net::UnixNanos packet_time,
                         SteadyNanos now);
  // Writes what is gathered; `at_record_end` when the file may end behind it.
  bool write_frame(SteadyNanos now, bool at_record_end);
  [[nodiscard]] ArchiveFault compress_and_append(Written& written);
  [[nodiscard]] ArchiveFault append_front(Written& written);
  void settle() noexcept;
  void count_bytes() noexcept;
  void end_file() noexcept;
  // Writes the open frame, and closes the file.
  void finish_file(SteadyNanos now) noexcept;
  void close_file() noexcept;
  void sync(SteadyNanos now) noexcept;
  void end_sync_failure() noexcept;
  void remove_old() noexcept;
  [[nodiscard]] bool is_later_period(net::UnixNanos packet_time) const noexcept;
  [[nodiscard]] bool file_is_large() const noexcept;
  void lose_packet(const net::Packet& packet) noexcept;
  void show_missed() noexcept;
  void show_state(ArchiveState state) noexcept;
  void note(const ArchiveFault& fault) noexcept;
  void fail(const ArchiveFault& fault, SteadyNanos now) noexcept;
  [[nodiscard]] bool paused(SteadyNanos now) const noexcept { return failed_ && now < retry_at_; }

  pool::BufferPool<pool::CompressionKind>& buffers_;
  FileCalls& calls_;
  ArchiveCounters::ArchiveSide& counters_;
  FrameWriterConfig config_;
  ArchiveFile file_;
  codec::archive::FrameEncoder encoder_;
  std::size_t content_capacity_;
  SteadyNanos flush_nanos_;
  SteadyNanos sync_nanos_;
  SteadyNanos retry_nanos_;
  net::UnixNanos roll_nanos_;

  pool::CompressionGuard content_;   // the open frame; empty between frames
  FrameSummary summary_;             // of it
  std::uint64_t frame_packets_ = 0;  // packets that end in it or in unsettled frames
  SteadyNanos frame_began_ = 0;
  FileTable table_;
  std::vector<Written> unsettled_;  // frames of a record that is not whole yet
  net::UnixNanos file_start_ = 0;
  net::UnixNanos last_time_ = 0;               // of all packets
  std::optional<SteadyNanos> unsynced_since_;  // when the oldest packet came that is not synced
  bool failed_ = false;
  bool sync_failed_ = false;  // and none has succeeded since
  SteadyNanos retry_at_ = 0;
  Outage outage_;  // that the next frame ends
  MissedPackets missed_;
  bool missed_shown_ = true;
  std::uint64_t counted_out_ = 0;  // bytes of this file
  std::uint64_t counted_synced_ = 0;

  mutable std::mutex shown_mutex_;
  std::string shown_path_;
  MissedPackets shown_missed_;
};

}  // namespace tapeline::archive
