#include "app/archive/verifier.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "app/archive/archive_name.hpp"
#include "app/archive/file_calls.hpp"
#include "app/archive/frame_scan.hpp"
#include "app/archive/frame_summary.hpp"
#include "app/archive/read_only_file.hpp"
#include "codec/archive/dictionary.hpp"
#include "codec/archive/loss_note.hpp"
#include "codec/archive/outage_note.hpp"
#include "codec/bytes.hpp"
#include "codec/capture/datagram.hpp"
#include "codec/capture/encoder.hpp"
#include "net/archive_reader.hpp"
#include "net/archive_tables.hpp"
#include "net/byte_stream.hpp"
#include "net/framing.hpp"

namespace tapeline::archive {

namespace {

using codec::load_le;
using codec::archive::FrameKind;
using codec::archive::FrameStatus;
using codec::capture::kPcapHeaderBytes;
using codec::capture::kRecordHeaderBytes;

constexpr std::size_t kFirstLook = std::size_t{128} << 10U;
constexpr std::uint32_t kNanosPerSecond = 1'000'000'000;
constexpr std::uint32_t kIndexMagic = 0x184D2A58;
constexpr std::uint32_t kSeekTableMagic = 0x184D2A5E;

// The whole record at the start of `bytes`, its header included; the header alone if that is cut.
std::size_t record_bytes(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() < kRecordHeaderBytes) return kRecordHeaderBytes;
  return kRecordHeaderBytes + load_le<std::uint32_t>(bytes.data() + 8);
}

// What is wrong with a record header; nullptr if it is well.
const char* header_fault(std::span<const std::byte> header) noexcept {
  const auto captured = load_le<std::uint32_t>(header.data() + 8);
  if (captured > codec::capture::kMaxCapturedBytes) return "the length of a record is too large";
  if (captured > load_le<std::uint32_t>(header.data() + 12)) {
    return "a record holds more than its packet had";
  }
  if (load_le<std::uint32_t>(header.data() + 4) >= kNanosPerSecond) {
    return "a time has a second or more of nanoseconds";
  }
  return nullptr;
}

std::string range_text(std::uint64_t first, std::uint64_t next) {
  return next - first == 1
             ? "message " + std::to_string(first) + " is"
             : "messages " + std::to_string(first) + " to " + std::to_string(next - 1) + " are";
}

std::string session_text(const codec::archive::IndexSession& session) {
  net::Session name;
  name.bytes = session.session;
  return net::session_name(name);
}

}  // namespace

std::string ArchiveFaultNote::line() const { return net::StreamError{path, offset, text}.text(); }

void Verifier::fault(const std::string& path, std::uint64_t offset, std::string text) {
  ++totals_.faults;
  if (faults_.size() < kMaxFaults) faults_.push_back({path, offset, std::move(text)});
}

void Verifier::damage(std::string text) {
  reading_->is_damaged = true;
  fault(std::move(text));
}

void Verifier::verify(const std::string& path) {
  ++totals_.files;
  path_ = path;
  paths_.push_back(path);
  reading_ = std::make_unique<Reading>(path);
  reading_->is_open = path.ends_with(kOpenSuffix);
  if (!reading_->file.reason().empty() || !reading_->file.is_regular()) {
    fault(reading_->file.reason().empty() ? "is no regular file" : reading_->file.reason());
    return;
  }
  while (check_frame() == Step::next) {
  }
  if (!reading_->record.empty()) {
    reading_->offset = reading_->record_offset;
    damage("the record that begins in this frame has no end");
  }
  if (!reading_->is_damaged) check_tables();
}

void Verifier::begin_channel() {
  for (const MissingRange& range : continuity_.missing()) {
    fault(paths_[range.place.file], range.place.offset,
          range_text(range.first, range.next) + " missing in front of this frame (session " +
              session_text(range.session) + ")");
  }
  totals_.noted_losses += continuity_.noted_messages();
  if (continuity_.not_followed() != 0 && !paths_.empty()) {
    fault(paths_.back(), 0, "more sessions or gaps than can be followed: numbers are not checked");
  }
  continuity_ = {};
  paths_.clear();
  line_times_.clear();
}

void Verifier::finish() { begin_channel(); }

// The bytes at the offset, at least `wanted` of them unless the file ends before. Returns false,
// and has told it, if they can not be read.
bool Verifier::load(std::size_t wanted, std::span<const std::byte>& bytes) {
  Reading& reading = *reading_;
  if (reading.window.size() < wanted) reading.window.resize(wanted);
  bytes = std::span{reading.window}.first(
      reading.file.read_at(reading.offset, std::span{reading.window}.first(wanted)));
  if (reading.file.reason().empty()) return true;
  damage(reading.file.reason());
  return false;
}

Verifier::Step Verifier::check_frame() {
  Reading& reading = *reading_;
  std::span<const std::byte> bytes;
  codec::archive::FrameExtent extent;
  for (std::size_t wanted = kFirstLook;; wanted *= 2) {
    if (!load(wanted, bytes)) return Step::end;
    if (bytes.empty()) break;
    extent = codec::archive::measure_frame(bytes);
    const bool has_more = bytes.size() == wanted && wanted < 2 * net::kMaxArchiveFrameBytes;
    if (extent.status != FrameStatus::truncated || !has_more) break;
  }
  if (bytes.empty()) {
    if (!reading.seen_content && !reading.is_open) damage("holds no packets");
    return Step::end;
  }
  if (extent.status == FrameStatus::truncated) {
    if (reading.is_open && ReadOnlyFile{path_}.is_being_written()) return Step::end;
    damage("the file ends inside a frame, " + std::to_string(bytes.size()) +
           " bytes behind the last whole one");
    return Step::end;
  }
  if (extent.status != FrameStatus::ok) {
    damage(extent.status == FrameStatus::unsupported
               ? "a frame without its size or checksum: not one of an archive"
               : "no frame; what follows is not looked at");
    return Step::end;
  }
  const auto frame = bytes.first(extent.frame_bytes);
  if (reading.seen_tables && load_le<std::uint32_t>(frame.data()) != kSeekTableMagic) {
    damage("a frame behind the tables");
  }
  if (extent.kind == FrameKind::skippable) {
    check_skippable(frame);
  } else {
    check_content(frame, extent.content_bytes);
  }
  reading.offset += extent.frame_bytes;
  return Step::next;
}

void Verifier::check_skippable(std::span<const std::byte> frame) {
  const auto magic = load_le<std::uint32_t>(frame.data());
  if (magic == kIndexMagic || magic == kSeekTableMagic) {
    reading_->seen_tables = true;  // compared with the frames in the end
  } else if (const auto loss = codec::archive::read_loss_frame(frame)) {
    continuity_.on_note(loss->session, loss->first, loss->last_exclusive);
  } else if (const auto outage = codec::archive::read_outage_frame(frame)) {
    totals_.missed_packets += outage->packets;
    if (outage->last_exclusive != 0) {
      continuity_.on_note(outage->session, outage->first, outage->last_exclusive);
    }
  } else if (reading_->offset == 0) {
    check_dictionary(frame);
  } else {
    damage("a skippable frame that is not known");
  }
}

void Verifier::check_dictionary(std::span<const std::byte> frame) {
  const auto dictionary = codec::archive::read_dictionary_frame(frame);
  try {
    if (dictionary.status == codec::archive::TableStatus::ok) {
      reading_->decoder = codec::archive::FrameDecoder{dictionary.dictionary};
      return;
    }
  } catch (const std::invalid_argument&) {
    // told below
  }
  damage("a dictionary, or another skippable frame, that can not be read");
}

void Verifier::check_content(std::span<const std::byte> frame, std::uint64_t content_bytes) {
  Reading& reading = *reading_;
  ++totals_.frames;
  if (content_bytes > net::kMaxArchiveFrameBytes) return damage("a frame larger than 64 MiB");
  if (reading.content.size() < content_bytes) reading.content.resize(content_bytes);
  const auto result = reading.decoder.decompress(frame, reading.content);
  if (result.status != FrameStatus::ok) {
    // Where the next record begins is not known; mostly it is where the next frame does.
    reading.record.clear();
    reading.seen_content = true;
    return damage(result.status == FrameStatus::unsupported
                      ? "a frame that needs another dictionary"
                      : "a frame is damaged: its content or checksum is wrong");
  }
  check_records(std::span{reading.content}.first(content_bytes));
}

bool Verifier::check_file_header(std::span<const std::byte>& content) {
  if (std::exchange(reading_->seen_content, true)) return true;
  std::array<std::byte, kPcapHeaderBytes> expected{};
  codec::capture::write_file_header(expected, codec::capture::TimeUnit::nano,
                                    codec::capture::LinkType::raw);
  if (content.size() < expected.size() ||
      !std::equal(expected.begin(), expected.end(), content.begin())) {
    damage("the first frame does not begin with the header of a nanosecond pcap of raw IP");
    return false;
  }
  content = content.subspan(expected.size());
  return true;
}

void Verifier::check_records(std::span<const std::byte> content) {
  Reading& reading = *reading_;
  if (!check_file_header(content)) return;
  while (!content.empty()) {
    std::vector<std::byte>& begun = reading.record;
    if (begun.empty()) {
      const std::size_t bytes = record_bytes(content);
      if (content.size() >= bytes && content.size() >= kRecordHeaderBytes) {
        if (const char* const wrong = header_fault(content)) return damage(wrong);
        check_record(content.first(bytes), reading.offset);
        content = content.subspan(bytes);
        continue;
      }
      reading.record_offset = reading.offset;
    }
    // A record in several frames is put together: its header first.
    const std::size_t wanted =
        begun.size() < kRecordHeaderBytes ? kRecordHeaderBytes : record_bytes(begun);
    const auto piece = content.first(std::min(content.size(), wanted - begun.size()));
    begun.insert(begun.end(), piece.begin(), piece.end());
    content = content.subspan(piece.size());
    if (begun.size() < kRecordHeaderBytes) continue;
    if (const char* const wrong = header_fault(begun)) {
      begun.clear();
      return damage(wrong);
    }
    if (begun.size() < record_bytes(begun)) continue;
    check_record(begun, reading.record_offset);
    begun.clear();
  }
}

void Verifier::check_record(std::span<const std::byte> record, std::uint64_t offset) {
  ++totals_.packets;
  const auto datagram = record.subspan(kRecordHeaderBytes);
  const std::uint32_t lost =
      load_le<std::uint32_t>(record.data() + 12) - load_le<std::uint32_t>(record.data() + 8);
  const std::int64_t time = std::int64_t{load_le<std::uint32_t>(record.data())} * kNanosPerSecond +
                            load_le<std::uint32_t>(record.data() + 4);
  check_time(datagram, lost, time, offset);
  if (const auto numbers = numbers_of(datagram, lost)) {
    totals_.messages += numbers->next - numbers->first;
    continuity_.on_numbers(*numbers, {paths_.size() - 1, offset});
  }
}

void Verifier::check_time(std::span<const std::byte> datagram, std::uint32_t lost_bytes,
                          std::int64_t time, std::uint64_t offset) {
  codec::capture::Datagram udp;
  const auto original = static_cast<std::uint32_t>(datagram.size()) + lost_bytes;
  const auto reason =
      codec::capture::parse_datagram(codec::capture::LinkType::raw, datagram, original, udp);
  if (reason == codec::capture::SkipReason::not_udp) return;
  if (reason != codec::capture::SkipReason::none) {
    reading_->is_damaged = true;
    fault(path_, offset,
          "a packet is no IP datagram: " + std::string{codec::capture::to_string(reason)});
    return;
  }
  const auto line = std::find_if(line_times_.begin(), line_times_.end(),
                                 [&](const auto& known) { return known.first == udp.destination; });
  if (line == line_times_.end()) {
    if (line_times_.size() < kMaxLines) line_times_.emplace_back(udp.destination, time);
    return;
  }
  if (time < line->second) {
    fault(path_, offset,
          "a packet is " + std::to_string(line->second - time) +
              " ns older than the one before it on its line");
  }
  line->second = std::max(line->second, time);
}

// The tables that belong to the frames are made again and compared with those that are there.
void Verifier::check_tables() {
  const Reading& reading = *reading_;
  if (reading.is_open) return;
  net::ArchiveTables tables{reading_->file};
  const ReadOnlyFile file{path_};
  FileCalls calls;
  FrameScan scan{calls, file.get()};
  const ArchiveFault unread = file.get() < 0 ? ArchiveFault{ArchiveStep::open, errno} : scan.run();
  if (unread) {
    fault(unread.text());
  } else if (tables.state() == net::ArchiveTables::State::none) {
    fault(path_, scan.good_end(),
          "no index or no seek table; 'tapeline archive repair' makes them");
  } else if (!scan.ends_with(scan.table().finish(scan.good_end()))) {
    codec::archive::FrameIndex index;
    const bool is_sound =
        tables.state() == net::ArchiveTables::State::ok && tables.read_index(index);
    fault(path_, scan.good_end(),
          is_sound ? "the index or the seek table does not agree with the frames" : tables.fault());
  }
}

}  // namespace tapeline::archive
