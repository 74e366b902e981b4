#include "app/archive/frame_writer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <utility>

#include "codec/archive/dictionary.hpp"
#include "codec/archive/outage_note.hpp"
#include "codec/capture/encoder.hpp"

namespace tapeline::archive {
namespace {

using codec::capture::kRecordHeaderBytes;

constexpr SteadyNanos kNanosPerMilli = 1'000'000;
constexpr net::UnixNanos kNanosPerSecond = 1'000'000'000;
constexpr std::size_t kMinContentBytes = 1024;
constexpr std::size_t kMaxFramesOfARecord = 128;

net::UnixNanos time_of(const net::Packet& packet) noexcept {
  return std::max<net::UnixNanos>(packet.rx_time, 0);
}

std::array<std::byte, kRecordHeaderBytes> record_header(const net::Packet& packet) noexcept {
  std::array<std::byte, kRecordHeaderBytes> header{};
  codec::capture::write_record_header(header, codec::capture::TimeUnit::nano, time_of(packet),
                                      packet.datagram_bytes,
                                      packet.datagram_bytes + packet.lost_bytes);
  return header;
}

}  // namespace

FrameWriter::FrameWriter(const FrameWriterConfig& config,
                         pool::BufferPool<pool::CompressionKind>& buffers, FileCalls& calls,
                         ArchiveCounters& counters)
    : buffers_{buffers},
      calls_{calls},
      counters_{counters.written},
      config_{config},
      file_{calls, config.directory, config.feed, config.channel},
      encoder_{config.compression_level, config.dictionary},
      content_capacity_{std::min<std::size_t>(
          codec::archive::max_content_bytes(buffers.buffer_bytes()), config.frame_bytes)},
      flush_nanos_{config.flush_ms * kNanosPerMilli},
      sync_nanos_{config.sync_ms * kNanosPerMilli},
      retry_nanos_{config.retry_ms * kNanosPerMilli},
      roll_nanos_{config.roll_seconds * kNanosPerSecond} {
  if (content_capacity_ < kMinContentBytes) {
    throw std::invalid_argument{"compression buffers of " + std::to_string(buffers.buffer_bytes()) +
                                " bytes are too small for an archive frame"};
  }
  // zstd looks into a dictionary when it is first used.
  std::array<std::byte, 64> empty_frame{};
  if (encoder_.compress({}, empty_frame).status != codec::archive::FrameStatus::ok) {
    throw std::invalid_argument{"the dictionary of the archive is damaged"};
  }
  unsettled_.reserve(kMaxFramesOfARecord);
}

void FrameWriter::append(const net::Packet& packet, SteadyNanos now) noexcept {
  counters_.taken.add(1);
  if (paused(now)) return lose_packet(packet);
  const net::UnixNanos time = time_of(packet);
  last_time_ = std::max(last_time_, time);
  if (is_later_period(time)) finish_file(now);
  if (!content_ && !begin_frame(time, now)) return lose_packet(packet);
  const std::size_t record_bytes = kRecordHeaderBytes + packet.datagram_bytes;
  if (content_.used() + record_bytes > content_capacity_ && content_.used() != 0) {
    if (!write_frame(now, true) || !begin_frame(time, now)) return lose_packet(packet);
  }
  if (summary_.packets == 0) summary_.first_record = static_cast<std::uint32_t>(content_.used());
  const bool is_split = content_.used() + record_bytes > content_capacity_;
  add_packet(summary_, time, numbers_of(packet.bytes(), packet.lost_bytes));
  if (!unsynced_since_) unsynced_since_ = now;
  if (!put(record_header(packet), time, now) || !put(packet.bytes(), time, now)) {
    return lose_packet(packet);
  }
  ++frame_packets_;
  if (is_split) write_frame(now, true);
}

void FrameWriter::append(const codec::archive::LossNote& note, SteadyNanos now) noexcept {
  if (content_ && !write_frame(now, true)) return;
  if (!file_.is_open()) return;
  std::array<std::byte, codec::archive::kMaxLossFrameBytes> frame{};
  const std::size_t frame_bytes = codec::archive::write_loss_frame(frame, note);
  const std::uint64_t offset = file_.bytes();
  if (const ArchiveFault fault = file_.append(std::span{frame}.first(frame_bytes))) {
    return fail(fault, now);
  }
  file_.mark_complete();
  table_.add(offset, note, frame_bytes);
  if (!unsynced_since_) unsynced_since_ = now;
  count_bytes();
  counters_.loss_notes.add(1);
}

void FrameWriter::note_missed(const Outage& missed) noexcept {
  outage_.add(missed);
  missed_shown_ = false;
}

// A record that fits is put in one piece, because append() made room; a larger one fills frames.
bool FrameWriter::put(std::span<const std::byte> bytes, net::UnixNanos packet_time,
                      SteadyNanos now) {
  while (!bytes.empty()) {
    if (!content_ && !begin_frame(packet_time, now)) return false;
    const std::size_t used = content_.used();
    if (used == content_capacity_) {
      if (!write_frame(now, false)) return false;
      continue;
    }
    const std::size_t piece = std::min(bytes.size(), content_capacity_ - used);
    std::memcpy(content_.data() + used, bytes.data(), piece);
    content_.set_used(used + piece);
    bytes = bytes.subspan(piece);
  }
  return true;
}

bool FrameWriter::begin_frame(net::UnixNanos packet_time, SteadyNanos now) {
  content_ = buffers_.try_acquire();
  if (!content_) {
    fail({ArchiveStep::buffer, ENOBUFS}, now);
    return false;
  }
  frame_began_ = now;
  summary_ = {};
  return file_.is_open() || open_file(packet_time, now);
}

bool FrameWriter::open_file(net::UnixNanos packet_time, SteadyNanos now) {
  ArchiveFault fault;
  try {
    fault = file_.open(packet_time);
    const std::lock_guard lock{shown_mutex_};
    shown_path_ = file_.path();
  } catch (const std::exception&) {  // no memory for the name
    fault = {ArchiveStep::create, ENOMEM};
  }
  if (fault) {
    fail(fault, now);
    return false;
  }
  table_.clear();
  file_start_ = packet_time;
  counters_.files.add(1);
  content_.set_used(codec::capture::write_file_header(
      content_.bytes(), codec::capture::TimeUnit::nano, codec::capture::LinkType::raw));
  return true;
}

ArchiveFault FrameWriter::append_front(Written& written) {
  if (file_.bytes() == 0 && !config_.dictionary.empty()) {
    const auto header = codec::archive::dictionary_frame_header(config_.dictionary);
    if (const ArchiveFault fault = file_.append(header)) return fault;
    if (const ArchiveFault fault = file_.append(config_.dictionary)) return fault;
    written.dictionary_bytes = header.size() + config_.dictionary.size();
  }
  // Not between the frames of one record.
  if (outage_.packets == 0 || !unsettled_.empty()) return {};
  std::array<std::byte, codec::archive::kMaxOutageFrameBytes> frame{};
  written.outage_bytes = codec::archive::write_outage_frame(frame, outage_.note());
  return file_.append(std::span{frame}.first(written.outage_bytes));
}

ArchiveFault FrameWriter::compress_and_append(Written& written) {
  if (unsettled_.size() == kMaxFramesOfARecord) return {ArchiveStep::frame, EMSGSIZE};
  const pool::CompressionGuard compressed = buffers_.try_acquire();
  if (!compressed) return {ArchiveStep::buffer, ENOBUFS};
  const codec::archive::CompressResult result =
      encoder_.compress(content_.filled(), compressed.bytes());
  // The content fits by its bound: what is left is a lack of memory.
  if (result.status != codec::archive::FrameStatus::ok) return {ArchiveStep::frame, ENOMEM};
  if (const ArchiveFault fault = append_front(written)) return fault;
  written.summary = summary_;
  written.summary.offset = file_.bytes();
  written.summary.content_bytes = static_cast<std::uint32_t>(content_.used());
  if (summary_.packets == 0) written.summary.first_record = written.summary.content_bytes;
  written.frame_bytes = result.frame_bytes;
  return file_.append(compressed.bytes().first(result.frame_bytes));
}

bool FrameWriter::write_frame(SteadyNanos now, bool at_record_end) {
  Written written;
  const ArchiveFault fault = compress_and_append(written);
  if (fault) {
    fail(fault, now);
    return false;
  }
  unsettled_.push_back(written);
  content_.release();
  if (!at_record_end) return true;
  settle();
  failed_ = false;
  show_state(sync_failed_ ? ArchiveState::failed : ArchiveState::writing);
  if (file_is_large()) close_file();
  return true;
}

// The file may end here.
void FrameWriter::settle() noexcept {
  file_.mark_complete();
  bool ends_outage = false;
  for (const Written& frame : unsettled_) {
    if (frame.dictionary_bytes != 0) table_.add_other(frame.dictionary_bytes);
    if (frame.outage_bytes != 0) {
      table_.add(frame.summary.offset - frame.outage_bytes, outage_.note(), frame.outage_bytes);
    }
    ends_outage = ends_outage || frame.outage_bytes != 0;
    table_.add(frame.summary, frame.frame_bytes);
    counters_.frames.add(1);
    counters_.bytes_in.add(frame.summary.content_bytes);
  }
  unsettled_.clear();
  counters_.packets.add(std::exchange(frame_packets_, 0));
  count_bytes();
  if (!ends_outage) return;
  ++missed_.outages;
  missed_.last = std::exchange(outage_, {});
  show_missed();
}

void FrameWriter::count_bytes() noexcept {
  counters_.bytes_out.add(file_.complete_bytes() - counted_out_);
  counted_out_ = file_.complete_bytes();
  counters_.bytes_synced.add(file_.synced_bytes() - counted_synced_);
  counted_synced_ = file_.synced_bytes();
}

// Behind the end of a file, however it came.
void FrameWriter::end_file() noexcept {
  count_bytes();
  counters_.bytes_doubtful.add(counted_out_ - counted_synced_);
  counted_out_ = 0;
  counted_synced_ = 0;
  unsynced_since_.reset();
}

void FrameWriter::finish_file(SteadyNanos now) noexcept {
  if (content_ && !write_frame(now, true)) return;
  if (file_.is_open()) close_file();  // unless it was large enough
}

void FrameWriter::close_file() noexcept {
  const ArchiveFault fault = file_.finish(table_.finish(file_.complete_bytes()));
  end_file();
  if (fault) return note(fault);
  end_sync_failure();
  remove_old();
}

void FrameWriter::sync(SteadyNanos now) noexcept {
  if (content_ && !write_frame(now, true)) return;
  if (!file_.is_open()) return unsynced_since_.reset();  // it was large enough, and is finished
  if (const ArchiveFault fault = file_.sync()) {
    file_.leave();
    end_file();
    return note(fault);
  }
  count_bytes();
  unsynced_since_.reset();
  end_sync_failure();
}

void FrameWriter::end_sync_failure() noexcept {
  if (!std::exchange(sync_failed_, false)) return;
  if (!failed_) show_state(ArchiveState::writing);
}

void FrameWriter::remove_old() noexcept {
  if (!config_.keep.any()) return;
  RetentionResult result;
  try {
    result = remove_old_files(calls_, config_.directory, config_.feed, config_.channel,
                              config_.keep, last_time_);
  } catch (const std::exception&) {
    result.fault = {ArchiveStep::remove, ENOMEM};
  }
  counters_.files_removed.add(result.removed);
  if (!result.fault) return;
  counters_.write_errors.add(1);
  counters_.last_fault.set(result.fault.packed());
}

bool FrameWriter::is_later_period(net::UnixNanos packet_time) const noexcept {
  return roll_nanos_ != 0 && file_.is_open() &&
         packet_time / roll_nanos_ > file_start_ / roll_nanos_;
}

bool FrameWriter::file_is_large() const noexcept {
  return table_.full() || (config_.roll_bytes != 0 && file_.bytes() >= config_.roll_bytes);
}

void FrameWriter::tick(SteadyNanos now) noexcept {
  if (content_ && flush_nanos_ != 0 && now - frame_began_ >= flush_nanos_) write_frame(now, true);
  if (sync_nanos_ != 0 && unsynced_since_ && now - *unsynced_since_ >= sync_nanos_) sync(now);
  if (!missed_shown_) show_missed();
}

SteadyNanos FrameWriter::time_to_tick(SteadyNanos now, SteadyNanos idle) const noexcept {
  SteadyNanos due = now + idle;
  if (content_ && flush_nanos_ != 0) due = std::min(due, frame_began_ + flush_nanos_);
  if (unsynced_since_ && sync_nanos_ != 0) due = std::min(due, *unsynced_since_ + sync_nanos_);
  return std::clamp<SteadyNanos>(due - now, 0, idle);
}

void FrameWriter::close() noexcept {
  finish_file(0);
  show_missed();
  if (!failed_ && !sync_failed_) show_state(ArchiveState::closed);
}

void FrameWriter::lose_packet(const net::Packet& packet) noexcept {
  const net::UnixNanos time = time_of(packet);
  counters_.lost_packets.add(1);
  ++outage_.packets;
  outage_.add_time(time, time);
  if (const auto numbers = numbers_of(packet.bytes(), packet.lost_bytes)) {
    outage_.add_numbers(*numbers);
  }
  missed_shown_ = false;
}

void FrameWriter::show_missed() noexcept {
  missed_.open = outage_;
  missed_shown_ = true;
  const std::lock_guard lock{shown_mutex_};
  shown_missed_ = missed_;
}

void FrameWriter::show_state(ArchiveState state) noexcept {
  counters_.state.set(static_cast<std::uint64_t>(state));
}

void FrameWriter::note(const ArchiveFault& fault) noexcept {
  counters_.write_errors.add(1);
  counters_.failed_ever.set(1);
  counters_.last_fault.set(fault.packed());
  show_state(ArchiveState::failed);
  failed_ = true;
  if (fault.step != ArchiveStep::sync) return;
  counters_.sync_errors.add(1);
  sync_failed_ = sync_nanos_ != 0;  // without, the next sync may be far away
}

void FrameWriter::fail(const ArchiveFault& fault, SteadyNanos now) noexcept {
  if (file_.is_open()) {
    const ArchiveFault second = file_.abandon(table_.finish(file_.complete_bytes()));
    end_file();
    if (second) note(second);
  }
  note(fault);  // behind the other one: the first cause is the one to show
  const std::uint64_t lost = std::exchange(frame_packets_, 0);
  counters_.lost_packets.add(lost);
  outage_.packets += lost;
  for (const Written& frame : unsettled_) outage_.add_ranges(frame.summary);
  if (content_) outage_.add_ranges(summary_);
  unsettled_.clear();
  content_.release();
  retry_at_ = now + retry_nanos_;
  show_missed();
}

std::string FrameWriter::file_path() const {
  const std::lock_guard lock{shown_mutex_};
  return shown_path_;
}

MissedPackets FrameWriter::missed() const {
  const std::lock_guard lock{shown_mutex_};
  return shown_missed_;
}

}  // namespace tapeline::archive
