#pragma once

// Reads the frames of an archive file from its first byte and says how far they are good: whole,
// decompressed with the right checksum, and together a pcap that ends behind a record. Gathers the
// tables on the way.
//
// Bounds: frames and their contents up to kMaxFrameBytes; anything larger ends the good part.
// Thread safety: none.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "app/archive/archive_counters.hpp"
#include "app/archive/file_calls.hpp"
#include "app/archive/file_table.hpp"
#include "codec/archive/frame.hpp"
#include "net/packet_batch.hpp"

namespace tapeline::archive {

class FrameScan {
 public:
  static constexpr std::size_t kMaxFrameBytes = std::size_t{64} << 20U;

  // `calls` is not owned and must outlive this; the descriptor is the caller's.
  FrameScan(FileCalls& calls, int descriptor) noexcept : calls_{calls}, descriptor_{descriptor} {}

  // Reads to the end of the good part. Returns what could not be read. Throws std::bad_alloc.
  [[nodiscard]] ArchiveFault run();

  // Where the good part ends, in front of the tables if there are any. 0: no packet, no file.
  [[nodiscard]] std::uint64_t good_end() const noexcept { return good_end_; }
  [[nodiscard]] std::uint64_t file_bytes() const noexcept { return file_bytes_; }
  // The first frame holds something else than an archive's does, so this is somebody's file.
  [[nodiscard]] bool is_foreign() const noexcept { return foreign_; }
  [[nodiscard]] FileTable& table() noexcept { return table_; }
  // Whether what stands from good_end() to the end of the file is these bytes.
  [[nodiscard]] bool ends_with(const FileTable::Pieces& pieces);
  // How many bytes of frames that look like our tables stand at good_end().
  [[nodiscard]] std::uint64_t table_bytes();

 private:
  // A frame of which a record reaches into the next one.
  struct Unsettled {
    codec::archive::FrameSummary summary;
    std::size_t frame_bytes = 0;
  };
  enum class Step : std::uint8_t { next, end };

  // The bytes at `offset`, at least `wanted` of them unless the file ends before.
  [[nodiscard]] std::span<const std::byte> window(std::uint64_t offset, std::size_t wanted);
  [[nodiscard]] codec::archive::FrameExtent measure(std::uint64_t offset,
                                                    std::span<const std::byte>& bytes);
  Step read_skippable(std::span<const std::byte> frame);
  [[nodiscard]] bool read_dictionary(std::span<const std::byte> frame);
  Step read_content(std::span<const std::byte> frame, std::uint64_t content_bytes);
  Step read_records(std::span<const std::byte> content, codec::archive::FrameSummary& summary);
  [[nodiscard]] std::optional<std::size_t> read_file_header(std::span<const std::byte> content);
  void settle();

  FileCalls& calls_;
  int descriptor_;
  std::uint64_t file_bytes_ = 0;
  std::vector<std::byte> window_;
  std::uint64_t window_offset_ = 0;
  std::size_t window_bytes_ = 0;
  ArchiveFault fault_;

  std::unique_ptr<codec::archive::FrameDecoder> decoder_;
  std::vector<std::byte> content_;
  std::vector<std::byte> record_;  // the start of one that reaches into the next frame
  std::size_t record_frame_ = 0;   // in which of unsettled_ it began
  std::vector<Unsettled> unsettled_;
  std::uint64_t offset_ = 0;
  std::uint64_t good_end_ = 0;
  bool seen_content_ = false;
  bool foreign_ = false;
  FileTable table_;
};

}  // namespace tapeline::archive
