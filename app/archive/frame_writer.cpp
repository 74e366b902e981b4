#include "app/archive/frame_writer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <utility>

#include "codec/capture/encoder.hpp"

namespace tapeline::archive {
namespace {

using codec::capture::kRecordHeaderBytes;

constexpr SteadyNanos kNanosPerMilli = 1'000'000;
constexpr std::size_t kMinContentBytes = 1024;

std::array<std::byte, kRecordHeaderBytes> record_header(const net::Packet& packet) noexcept {
  std::array<std::byte, kRecordHeaderBytes> header{};
  codec::capture::write_record_header(
      header, codec::capture::TimeUnit::nano, std::max<net::UnixNanos>(packet.rx_time, 0),
      packet.datagram_bytes, packet.datagram_bytes + packet.lost_bytes);
  return header;
}

}  // namespace

FrameWriter::FrameWriter(const FrameWriterConfig& config,
                         pool::BufferPool<pool::CompressionKind>& buffers, FileCalls& calls,
                         ArchiveCounters& counters)
    : buffers_{buffers},
      counters_{counters.written},
      file_{calls, config.directory, config.feed, config.channel},
      encoder_{config.compression_level},
      content_capacity_{codec::archive::max_content_bytes(buffers.buffer_bytes())},
      flush_nanos_{config.flush_ms * kNanosPerMilli},
      retry_nanos_{config.retry_ms * kNanosPerMilli} {
  if (content_capacity_ < kMinContentBytes) {
    throw std::invalid_argument{"compression buffers of " + std::to_string(buffers.buffer_bytes()) +
                                " bytes are too small for an archive frame"};
  }
}

void FrameWriter::append(const net::Packet& packet, SteadyNanos now) noexcept {
  if (paused(now)) return lose_packet();
  if (!content_ && !begin_frame(packet.rx_time, now)) return lose_packet();
  const std::size_t record_bytes = kRecordHeaderBytes + packet.datagram_bytes;
  const bool fits = content_.used() + record_bytes <= content_capacity_;
  if (!fits && content_.used() != 0 && !write_frame(now, true)) return lose_packet();
  if (!put(record_header(packet), packet.rx_time, now) ||
      !put(packet.bytes(), packet.rx_time, now)) {
    return lose_packet();
  }
  ++frame_packets_;
}

void FrameWriter::append(const codec::archive::LossNote& note, SteadyNanos now) noexcept {
  if (content_ && !write_frame(now, true)) return;
  if (!file_.is_open()) return;
  std::array<std::byte, codec::archive::kMaxLossFrameBytes> frame{};
  const std::size_t frame_bytes = codec::archive::write_loss_frame(frame, note);
  if (const ArchiveFault fault = file_.append(std::span{frame}.first(frame_bytes))) {
    return fail(fault, now);
  }
  file_.mark_complete();
  counters_.bytes_out.add(frame_bytes);
  counters_.loss_notes.add(1);
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
  if (file_.is_open()) return true;
  ArchiveFault fault;
  try {
    fault = file_.open(packet_time);
    const std::lock_guard lock{path_mutex_};
    shown_path_ = file_.path();
  } catch (const std::exception&) {  // no memory for the name
    fault = {ArchiveStep::create, ENOMEM};
  }
  if (fault) {
    fail(fault, now);
    return false;
  }
  counters_.files.add(1);
  content_.set_used(codec::capture::write_file_header(
      content_.bytes(), codec::capture::TimeUnit::nano, codec::capture::LinkType::raw));
  return true;
}

ArchiveFault FrameWriter::compress_and_append(std::size_t& compressed_bytes) {
  const pool::CompressionGuard compressed = buffers_.try_acquire();
  if (!compressed) return {ArchiveStep::buffer, ENOBUFS};
  const codec::archive::CompressResult result =
      encoder_.compress(content_.filled(), compressed.bytes());
  // The content fits by its bound: what is left is a lack of memory.
  if (result.status != codec::archive::FrameStatus::ok) return {ArchiveStep::frame, ENOMEM};
  compressed_bytes = result.frame_bytes;
  return file_.append(compressed.bytes().first(compressed_bytes));
}

bool FrameWriter::write_frame(SteadyNanos now, bool at_record_end) {
  std::size_t compressed_bytes = 0;
  const ArchiveFault fault = compress_and_append(compressed_bytes);
  if (fault) {
    fail(fault, now);
    return false;
  }
  if (at_record_end) file_.mark_complete();
  failed_ = false;
  counters_.state.set(static_cast<std::uint64_t>(ArchiveState::writing));
  counters_.packets.add(std::exchange(frame_packets_, 0));
  counters_.bytes_in.add(content_.used());
  counters_.bytes_out.add(compressed_bytes);
  counters_.frames.add(1);
  content_.release();
  return true;
}

void FrameWriter::tick(SteadyNanos now) noexcept {
  if (content_ && flush_nanos_ != 0 && now - frame_began_ >= flush_nanos_) write_frame(now, true);
}

SteadyNanos FrameWriter::time_to_tick(SteadyNanos now, SteadyNanos idle) const noexcept {
  if (!content_ || flush_nanos_ == 0) return idle;
  return std::clamp<SteadyNanos>(frame_began_ + flush_nanos_ - now, 0, idle);
}

void FrameWriter::close() noexcept {
  if (content_) write_frame(0, true);
  if (file_.is_open()) {
    const ArchiveFault fault = file_.finish();
    if (fault) note(fault);
  }
  if (!failed_) counters_.state.set(static_cast<std::uint64_t>(ArchiveState::closed));
}

void FrameWriter::lose_packet() noexcept { counters_.lost_packets.add(1); }

void FrameWriter::note(const ArchiveFault& fault) noexcept {
  counters_.write_errors.add(1);
  counters_.failed_ever.set(1);
  counters_.last_fault.set(fault.packed());
  counters_.state.set(static_cast<std::uint64_t>(ArchiveState::failed));
  failed_ = true;
}

void FrameWriter::fail(const ArchiveFault& fault, SteadyNanos now) noexcept {
  if (file_.is_open()) {
    const ArchiveFault second = file_.abandon();
    if (second) note(second);
  }
  note(fault);  // behind the other one: the first cause is the one to show
  counters_.lost_packets.add(std::exchange(frame_packets_, 0));
  content_.release();
  retry_at_ = now + retry_nanos_;
}

std::string FrameWriter::file_path() const {
  const std::lock_guard lock{path_mutex_};
  return shown_path_;
}

}  // namespace tapeline::archive
