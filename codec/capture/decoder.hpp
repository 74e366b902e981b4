#pragma once

// Reads the records of a capture file, pcap or pcapng, from windows of its bytes.
//
// pcap: micro- and nanoseconds, both byte orders, version 2.4. pcapng: any number of sections,
// interfaces and link types; packet blocks of all three kinds; other blocks are passed over.
//
//   Step step = decoder.next(window);
//   window = window.subspan(step.consumed);   // after the record has been used
//
// `need_more` asks for a longer window from the same place. When the caller can not hold
// `needed` bytes, skip() passes over the record; when the file has no more bytes, finish() tells
// a clean end from a torn one. The same file gives the same records however it is cut in windows.
//
// Thread safety: none. Ownership: records are views of the window. Never allocates.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/bytes.hpp"
#include "codec/capture/fault.hpp"
#include "codec/capture/link_type.hpp"

namespace tapeline::codec::capture {

inline constexpr std::uint32_t kMaxCapturedBytes = 262'144;
inline constexpr std::uint32_t kMaxBlockBytes = 16 * 1024 * 1024;
inline constexpr std::uint32_t kMaxControlBlockBytes = 64 * 1024;  // interfaces and statistics
inline constexpr std::uint32_t kMaxInterfaces = 1024;              // per section
inline constexpr std::size_t kPcapHeaderBytes = 24;
inline constexpr std::size_t kRecordHeaderBytes = 16;

struct Record {
  ByteSpan data;             // as captured, from the link layer on
  std::int64_t time_ns = 0;  // since 1970; a block without a time has that of its predecessor
  std::uint32_t original_bytes = 0;  // on the wire; more than data.size() when cut
  std::uint32_t interface = 0;       // number within the section, 0 for pcap
  LinkType link_type = LinkType::null;
};

enum class StepKind : std::uint8_t { record, need_more, failed };

struct Step {
  StepKind kind = StepKind::need_more;
  std::size_t consumed = 0;  // bytes at the front of the window that are done with
  std::size_t needed = 0;    // need_more: bytes wanted from there on; more than the window has
  Record record;
};

// Things that are wrong but harmless; counted and kept.
struct Oddities {
  std::uint64_t time_fraction_too_large = 0;  // a fraction of a second or more
  std::uint64_t captured_exceeds_original = 0;
  std::uint64_t interface_drops = 0;  // packets lost while capturing, as pcapng reports them
};

class Decoder {
 public:
  // Reads the next record at the front of `window`.
  [[nodiscard]] Step next(ByteSpan window) noexcept {
    if (format_ == Format::pcap && skip_left_ == 0) [[likely]] {
      return next_pcap_record(window);
    }
    return next_slow(window);
  }

  // Passes over the record that the last next() wanted more bytes for than `room`. Returns false,
  // with fault() set, if that was no record: the window is too small for this file.
  [[nodiscard]] bool skip(std::size_t room) noexcept;

  // Call at the end of the file; `left` is the number of bytes that were not consumed.
  // Returns true if the file ends between two records, otherwise fault() says how it ends.
  [[nodiscard]] bool finish(std::size_t left) noexcept;

  [[nodiscard]] const Fault& fault() const noexcept { return fault_; }
  [[nodiscard]] const Oddities& oddities() const noexcept { return oddities_; }
  // Offset in the file of the front of the next window.
  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }

 private:
  enum class Format : std::uint8_t { unknown, pcap, pcapng, failed };

  struct Interface {
    std::int64_t offset_ns = 0;
    std::uint64_t drops = 0;
    std::uint32_t snaplen = 0;
    LinkType link_type = LinkType::null;
    std::uint8_t resolution = 6;
  };

  [[nodiscard]] std::uint16_t load16(const std::byte* from) const noexcept {
    return big_endian_ ? load_be<std::uint16_t>(from) : load_le<std::uint16_t>(from);
  }
  [[nodiscard]] std::uint32_t load32(const std::byte* from) const noexcept {
    return big_endian_ ? load_be<std::uint32_t>(from) : load_le<std::uint32_t>(from);
  }

  [[nodiscard]] Step next_pcap_record(ByteSpan window) noexcept {
    if (window.size() < kRecordHeaderBytes) return need(kRecordHeaderBytes);
    const std::byte* const at = window.data();
    const std::uint32_t fraction = load32(at + 4);
    const std::uint32_t captured = load32(at + 8);
    const std::uint32_t original = load32(at + 12);
    if (captured > kMaxCapturedBytes) [[unlikely]] {
      return fail({FaultKind::captured_too_long, position_, captured, kMaxCapturedBytes});
    }
    const std::size_t bytes = kRecordHeaderBytes + captured;
    if (window.size() < bytes) return need_record(bytes);
    oddities_.time_fraction_too_large += fraction >= fractions_per_second_ ? 1U : 0U;
    oddities_.captured_exceeds_original += captured > original ? 1U : 0U;
    position_ += bytes;
    const std::int64_t time_ns =
        std::int64_t{load32(at)} * 1'000'000'000 + std::int64_t{fraction} * nanos_per_fraction_;
    return {StepKind::record,
            bytes,
            0,
            {window.subspan(kRecordHeaderBytes, captured), time_ns, original, 0, link_type_}};
  }

  // Wants `bytes` at the front of the window; `is_record`: for a record of just this length.
  [[nodiscard]] Step need(std::size_t bytes, bool is_record = false) noexcept {
    needed_ = bytes;
    needed_is_record_ = is_record;
    return {StepKind::need_more, 0, bytes, {}};
  }
  [[nodiscard]] Step need_record(std::size_t bytes) noexcept { return need(bytes, true); }
  [[nodiscard]] Step fail(Fault fault) noexcept;

  [[nodiscard]] Step next_slow(ByteSpan window) noexcept;
  [[nodiscard]] Step advance(ByteSpan window) noexcept;
  [[nodiscard]] Step continue_skip(ByteSpan window) noexcept;
  [[nodiscard]] Step read_file_header(ByteSpan window) noexcept;
  [[nodiscard]] Step read_block(ByteSpan window) noexcept;
  [[nodiscard]] Step read_section_header(ByteSpan window) noexcept;
  [[nodiscard]] Step read_interface(ByteSpan window, std::size_t bytes) noexcept;
  [[nodiscard]] Step read_statistics(ByteSpan window, std::size_t bytes) noexcept;
  [[nodiscard]] Step read_packet(ByteSpan window, std::size_t bytes, bool obsolete) noexcept;
  [[nodiscard]] Step read_simple_packet(ByteSpan window, std::size_t bytes) noexcept;
  [[nodiscard]] Step skip_block(std::size_t bytes) noexcept;
  [[nodiscard]] Step deliver(std::size_t bytes, const Record& record) noexcept;
  [[nodiscard]] bool trailer_agrees(ByteSpan window, std::size_t bytes) noexcept;

  Format format_ = Format::unknown;
  bool big_endian_ = false;
  LinkType link_type_ = LinkType::null;  // of a pcap file
  std::uint32_t fractions_per_second_ = 0;
  std::int64_t nanos_per_fraction_ = 0;
  std::uint64_t position_ = 0;
  std::uint64_t skip_left_ = 0;    // bytes to pass over before the next item
  std::uint32_t skip_block_ = 0;   // length that must stand behind them, 0 = none
  std::uint64_t skip_offset_ = 0;  // where the item that is passed over began
  std::size_t needed_ = 0;         // what the last need_more wanted
  bool needed_is_record_ = false;
  std::int64_t last_time_ns_ = 0;
  Oddities oddities_;
  Fault fault_;
  std::uint32_t interface_count_ = 0;
  std::array<Interface, kMaxInterfaces> interfaces_{};
};

}  // namespace tapeline::codec::capture
