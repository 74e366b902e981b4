#pragma once

// The archive of one channel: takes batches from the feed thread through a bounded ring and writes
// their packets to *.pcap.zst files on a thread of its own. Decompressed, a file is a nanosecond
// pcap of IP datagrams (LINKTYPE_RAW). Between the frames stand notes of losses that the channel
// declared (codec/archive/loss_note.hpp), behind the packets that came before.
//
// A disk that stands still for a while fills the ring. From half full on the packets of small
// batches are copied together until they fill a buffer, so that what is left of the ring holds as
// many packets as its buffers can, and not as few as came at a time.
//
// Thread safety: offer(), offer_blocking(), note_loss(), note_loss_blocking(), tick() and stop() by
//                one thread, the feed thread (stop() also by another one when the feed thread is
//                done); everything else by any thread.
// Progress:      offer() is wait-free but for giving a buffer back.
// Ownership:     a batch that was taken is given back by the archive thread as soon as its bytes
//                lie in a frame, or by offer() when they were copied to another one. The pool must
//                outlive this.

#include <cstdint>
#include <ctime>
#include <memory>
#include <thread>

#include "app/archive/archive_counters.hpp"
#include "app/archive/file_calls.hpp"
#include "app/archive/frame_writer.hpp"
#include "codec/archive/loss_note.hpp"
#include "net/latency_histogram.hpp"
#include "net/packet_batch.hpp"
#include "net/spsc_ring.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::archive {

struct ArchiveWriterConfig {
  FrameWriterConfig frames;
  std::uint32_t ring_batches = 128;
};

// What crosses to the archive thread: a batch, or with first < last_exclusive a note.
struct ArchiveItem {
  net::PacketBatch batch;
  codec::archive::LossNote note;
  Outage missed{};  // packets that were refused before it
  SteadyNanos pushed = 0;
};

class ArchiveWriter {
 public:
  // Creates the folder and starts the thread. Throws std::system_error ("archive folder /x:
  // Permission denied") when the folder can not be created or written, std::invalid_argument for
  // names that can not be part of a file name and for a ring or buffers of impossible size.
  ArchiveWriter(const ArchiveWriterConfig& config, pool::BufferPool<pool::CompressionKind>& buffers,
                std::unique_ptr<FileCalls> calls = std::make_unique<FileCalls>());
  ~ArchiveWriter();  // stops
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;

  // Hands the batch on, or gives its buffer back, counts a gap and returns false when the ring is
  // full: the feed never waits for a disk. After stop() every batch is refused.
  bool offer(net::PacketBatch&& batch) noexcept;

  // The same, but waits while the ring is full: a replay loses nothing.
  void offer_blocking(net::PacketBatch&& batch) noexcept;

  // Hands on what was copied together, once the ring is less than half full. To be called now and
  // then: offer() and the notes do it, too, but nobody calls them while nothing is received.
  void tick() noexcept;

  // Hands a note on; the same rules. A note that is refused is counted.
  bool note_loss(const codec::archive::LossNote& note) noexcept;
  void note_loss_blocking(const codec::archive::LossNote& note) noexcept;

  // Writes everything that was taken, closes the file, ends the thread. More calls do nothing.
  void stop() noexcept;

  [[nodiscard]] ArchiveCounts counts() const;
  // That the archive thread has taken out of the ring.
  [[nodiscard]] std::uint64_t taken_packets() const noexcept {
    return counters_.written.taken.get();
  }
  // In frames that were written.
  [[nodiscard]] std::uint64_t packets() const noexcept { return counters_.written.packets.get(); }
  [[nodiscard]] std::uint64_t bytes_in() const noexcept { return counters_.written.bytes_in.get(); }
  [[nodiscard]] std::uint64_t bytes_out() const noexcept {
    return counters_.written.bytes_out.get();
  }
  // How long what crossed the ring waited in it.
  [[nodiscard]] const net::LatencyHistogram& ring_wait() const noexcept { return ring_wait_; }

  // Whether packets were lost to a failing disk, or a file could not be closed, at any time. A
  // ring that was full is no failure: see is_complete().
  [[nodiscard]] bool failed_ever() const noexcept {
    return counters_.written.failed_ever.get() != 0;
  }
  // Whether all that was offered was written, or still may be.
  [[nodiscard]] bool is_complete() const noexcept {
    return !failed_ever() && counters_.refused.gap_batches.get() == 0 &&
           counters_.refused.gap_notes.get() == 0;
  }

 private:
  using Item = ArchiveItem;

  void start_thread();
  void run() noexcept;
  void write(Item item, SteadyNanos now) noexcept;
  [[nodiscard]] bool try_push(Item&& item) noexcept;
  [[nodiscard]] bool push(Item&& item) noexcept;
  void push_blocking(Item&& item) noexcept;
  [[nodiscard]] bool is_crowded() const noexcept;
  [[nodiscard]] bool push_packed() noexcept;
  [[nodiscard]] bool pack(Item& item) noexcept;
  void refuse(Item item) noexcept;
  [[nodiscard]] double cpu_seconds() const noexcept;

  ArchiveCounters counters_;
  Outage refused_;                   // since the last push; of the feed thread
  Item packed_;                      // copied together, behind all in the ring; of the feed thread
  std::size_t limit_;                // of the ring, which holds a power of two
  net::LatencyHistogram ring_wait_;  // written by the archive thread
  net::SpscRing<Item> ring_;
  std::unique_ptr<FileCalls> calls_;
  FrameWriter frames_;  // used by the archive thread
  std::thread thread_;
  clockid_t thread_clock_{};
};

}  // namespace tapeline::archive
