#pragma once

// Packets in, archive files out: pcap records are gathered in a pooled buffer, compressed into a
// second one as an independent zstd frame, and appended to the file. Knows no thread and no clock:
// the archive thread passes the time in.
//
// Frames: a record lies in one frame, unless it is larger than a frame can be. A file begins with
//         the pcap header in its first frame. Without a flush time only full frames are written
//         (and the last one), so the same packets give the same bytes.
// Failures: a frame that can not be written is lost and counted; the file is cut back to what was
//         complete and closed; the next attempt follows after the retry time, with a new file.
//
// Thread safety: none, but for the counters and file_path(), which any thread may read.
// Units: steady time in nanoseconds of any monotonic clock.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <span>
#include <string>

#include "app/archive/archive_counters.hpp"
#include "app/archive/archive_file.hpp"
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
  std::uint32_t flush_ms = 1000;  // age at which an open frame is written; 0 = only when it is full
  std::uint32_t retry_ms = 1000;  // pause after a failure
};

class FrameWriter {
 public:
  // All three references are not owned and must outlive this. Throws std::invalid_argument when
  // the pool's buffers are too small for a frame or the level does not exist.
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

  // Writes the open frame if its time has come.
  void tick(SteadyNanos now) noexcept;

  // How long until tick() has something to do; `idle` when no frame is open.
  [[nodiscard]] SteadyNanos time_to_tick(SteadyNanos now, SteadyNanos idle) const noexcept;

  // Writes the open frame and finishes the file. Nothing may be appended afterwards.
  void close() noexcept;

  // File that is being written or was written last, with its folder; empty before the first.
  [[nodiscard]] std::string file_path() const;

  // Bytes of pcap that fit a frame.
  [[nodiscard]] std::size_t content_capacity() const noexcept { return content_capacity_; }

 private:
  [[nodiscard]] bool begin_frame(net::UnixNanos packet_time, SteadyNanos now);
  [[nodiscard]] bool put(std::span<const std::byte> bytes, net::UnixNanos packet_time,
                         SteadyNanos now);
  // Writes what is gathered; `at_record_end` when the file may end behind it.
  bool write_frame(SteadyNanos now, bool at_record_end);
  [[nodiscard]] ArchiveFault compress_and_append(std::size_t& compressed_bytes);
  void lose_packet() noexcept;
  void note(const ArchiveFault& fault) noexcept;
  void fail(const ArchiveFault& fault, SteadyNanos now) noexcept;
  [[nodiscard]] bool paused(SteadyNanos now) const noexcept { return failed_ && now < retry_at_; }

  pool::BufferPool<pool::CompressionKind>& buffers_;
  ArchiveCounters::ArchiveSide& counters_;
  ArchiveFile file_;
  codec::archive::FrameEncoder encoder_;
  std::size_t content_capacity_;
  SteadyNanos flush_nanos_;
  SteadyNanos retry_nanos_;

  pool::CompressionGuard content_;   // the open frame; empty between frames
  std::uint64_t frame_packets_ = 0;  // packets that end in the open frame
  SteadyNanos frame_began_ = 0;
  bool failed_ = false;
  SteadyNanos retry_at_ = 0;

  mutable std::mutex path_mutex_;
  std::string shown_path_;
};

}  // namespace tapeline::archive
