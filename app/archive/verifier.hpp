#pragma once

// Checks archives to the last byte: every frame is decompressed and its checksum compared, every
// record is looked at, the index and the seek table are compared with the frames, and over all
// files of a channel times and message numbers have to go on.
//
// What counts as a fault: a frame or record that is damaged or cut, bytes that belong to nothing, a
// packet that is older than one before it on the same line (UDP destination), message numbers that
// are missing without a note that says so, tables that are missing or do not agree with the frames.
//
// Thread safety: none.
// Memory:        bounded: see net/archive_reader.hpp and app/archive/continuity.hpp; at most
//                kMaxFaults faults are kept.

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "app/archive/continuity.hpp"
#include "codec/archive/frame.hpp"
#include "codec/capture/address.hpp"
#include "net/byte_reader.hpp"

namespace tapeline::archive {

struct ArchiveFaultNote {
  std::string path;
  std::uint64_t offset = 0;  // in the file as it is stored
  std::string text;

  // "a.pcap.zst: byte 4711: a frame is damaged"
  [[nodiscard]] std::string line() const;
};

struct VerifyTotals {
  std::uint64_t files = 0;
  std::uint64_t frames = 0;  // with content
  std::uint64_t packets = 0;
  std::uint64_t messages = 0;
  std::uint64_t noted_losses = 0;    // messages that are missing, with a note of it
  std::uint64_t missed_packets = 0;  // by notes of outages
  std::uint64_t faults = 0;
};

class Verifier {
 public:
  static constexpr std::size_t kMaxFaults = 1000;

  // Files of one channel have to come in the order of their times; then begin_channel() before the
  // files of the next one. Throws std::bad_alloc.
  void verify(const std::string& path);
  void begin_channel();
  // What shows only when all files are known. To be called at the end.
  void finish();

  [[nodiscard]] const VerifyTotals& totals() const noexcept { return totals_; }
  // The first kMaxFaults; those of message numbers come when their channel ends.
  [[nodiscard]] const std::vector<ArchiveFaultNote>& faults() const noexcept { return faults_; }

 private:
  enum class Step : std::uint8_t { next, end };

  // A file while it is read.
  struct Reading {
    explicit Reading(const std::string& path) : file{path} {}
    net::FileReader file;
    bool is_open = false;  // has the open suffix
    codec::archive::FrameDecoder decoder;
    std::vector<std::byte> window;
    std::vector<std::byte> content;
    std::vector<std::byte> record;    // the begin of one that reaches into the next frame
    std::uint64_t offset = 0;         // of the frame that is read
    std::uint64_t record_offset = 0;  // of the frame in which `record` begins
    bool seen_content = false;
    bool seen_tables = false;
    bool is_damaged = false;  // frames or records; then the tables are not compared
  };

  void fault(const std::string& path, std::uint64_t offset, std::string text);
  void fault(std::string text) { fault(path_, reading_->offset, std::move(text)); }
  void damage(std::string text);
  [[nodiscard]] bool load(std::size_t wanted, std::span<const std::byte>& bytes);
  [[nodiscard]] Step check_frame();
  void check_skippable(std::span<const std::byte> frame);
  void check_dictionary(std::span<const std::byte> frame);
  void check_content(std::span<const std::byte> frame, std::uint64_t content_bytes);
  void check_records(std::span<const std::byte> content);
  [[nodiscard]] bool check_file_header(std::span<const std::byte>& content);
  void check_record(std::span<const std::byte> record, std::uint64_t offset);
  void check_time(std::span<const std::byte> datagram, std::uint32_t lost_bytes, std::int64_t time,
                  std::uint64_t offset);
  void check_tables();

  VerifyTotals totals_;
  std::vector<ArchiveFaultNote> faults_;
  std::vector<std::string> paths_;  // of this channel, by the file numbers of continuity_
  std::string path_;
  std::unique_ptr<Reading> reading_;
  Continuity continuity_;
  // The latest packet to each destination, of those that have appeared first.
  static constexpr std::size_t kMaxLines = 256;
  std::vector<std::pair<codec::capture::Endpoint, std::int64_t>> line_times_;
};

}  // namespace tapeline::archive
