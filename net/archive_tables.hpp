#pragma once

// The tables at the end of an archive file (docs/archive-format.md), read as far as a question
// needs them: of a file of any size, a few blocks for the place of a time.
//
// Tables are advice: whoever follows them checks what he finds, and reads the file from its start
// when there are none, or when they are not as they should be.
//
// Thread safety: none.
// Memory:        the head of the index, up to 300 KB; read_index() all of it.

#include <cstdint>
#include <optional>
#include <string>

#include "codec/archive/frame_index.hpp"
#include "net/byte_reader.hpp"
#include "net/packet_batch.hpp"

namespace tapeline::net {

class ArchiveTables {
 public:
  enum class State : std::uint8_t {
    ok,
    none,     // the file ends without: it is not finished, or torn, or no archive
    damaged,  // there is something, but not as it should be: see fault()
  };

  // Reads the end of the file and the head of the index. `file` is not owned and must outlive this.
  // Requires: file.is_regular().
  explicit ArchiveTables(FileReader& file);

  [[nodiscard]] State state() const noexcept { return state_; }
  // In a few words, without the name of the file; empty unless damaged.
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

  // The following require state() == ok before the call.

  [[nodiscard]] const codec::archive::IndexHead& head() const noexcept { return head_; }
  // Where the frames end and the index begins, and the seek table.
  [[nodiscard]] std::uint64_t frames_end() const noexcept { return head_.totals.frames_end; }
  [[nodiscard]] std::uint64_t seek_table_offset() const noexcept { return seek_offset_; }

  // The first frame with a packet at or after `time`. Nothing if all are earlier, or if a block
  // can not be read: then the state is damaged.
  [[nodiscard]] std::optional<codec::archive::IndexEntry> find(UnixNanos time);

  // The offset behind the last frame with a packet before `time`: what follows it has none. Reads
  // all blocks. Nothing as above.
  [[nodiscard]] std::optional<std::uint64_t> end_before(UnixNanos time);

  // All of the index. Returns whether it is sound; the state is damaged otherwise.
  [[nodiscard]] bool read_index(codec::archive::FrameIndex& index);

 private:
  void open();
  [[nodiscard]] bool read_head(std::uint64_t offset, std::uint64_t frame_bytes);
  [[nodiscard]] bool read_block(std::size_t block);
  bool damage(std::string fault);

  FileReader& file_;
  State state_ = State::none;
  std::string fault_;
  std::uint64_t seek_offset_ = 0;
  codec::archive::IndexExtent extent_;
  codec::archive::IndexHead head_;
  codec::archive::IndexBlock block_;
};

}  // namespace tapeline::net
