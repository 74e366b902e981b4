#include "codec/capture/decoder.hpp"

#include <algorithm>
#include <limits>

namespace tapeline::codec::capture {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint32_t kSectionHeaderBlock = 0x0A0D0D0A;
constexpr std::uint32_t kInterfaceBlock = 1;
constexpr std::uint32_t kObsoletePacketBlock = 2;
constexpr std::uint32_t kSimplePacketBlock = 3;
constexpr std::uint32_t kStatisticsBlock = 5;
constexpr std::uint32_t kEnhancedPacketBlock = 6;

constexpr std::size_t kBlockHeaderBytes = 8;
constexpr std::size_t kTrailerBytes = 4;
constexpr std::size_t kMinBlockBytes = kBlockHeaderBytes + kTrailerBytes;
constexpr std::size_t kSectionHeaderBytes = 28;
constexpr std::size_t kInterfaceBytes = 20;
constexpr std::size_t kStatisticsBytes = 24;
constexpr std::size_t kPacketDataOffset = 28;  // enhanced and obsolete packet blocks
constexpr std::size_t kSimpleDataOffset = 12;

constexpr std::uint16_t kOptionEnd = 0;
constexpr std::uint16_t kOptionInterfaceDrops = 5;
constexpr std::uint16_t kOptionTimeResolution = 9;
constexpr std::uint16_t kOptionTimeOffset = 14;

constexpr std::int64_t kMaxTime = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMinTime = std::numeric_limits<std::int64_t>::min();

constexpr Step pass(std::size_t consumed) noexcept {
  return {StepKind::need_more, consumed, 0, {}};  // nothing to deliver yet: go on behind it
}

constexpr std::uint64_t power_of_ten(unsigned exponent) noexcept {
  std::uint64_t power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

// `resolution` as in if_tsresol: 10^-n, or 2^-n with the top bit set. Clamped to 64 bits.
std::int64_t to_nanos(std::uint64_t ticks, std::uint8_t resolution) noexcept {
  const unsigned exponent = resolution & 0x7FU;
  Wide nanos = ticks;
  if ((resolution & 0x80U) != 0) {
    nanos = (nanos * 1'000'000'000U) >> exponent;
  } else if (exponent <= 9) {
    nanos *= power_of_ten(9 - exponent);
  } else {
    nanos = exponent - 9 <= 19 ? ticks / power_of_ten(exponent - 9) : 0;
  }
  return static_cast<std::int64_t>(std::min<Wide>(nanos, static_cast<Wide>(kMaxTime)));
}

std::int64_t add_clamped(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? kMaxTime : kMinTime;
}

std::int64_t seconds_to_nanos_clamped(std::int64_t seconds) noexcept {
  std::int64_t nanos = 0;
  if (!__builtin_mul_overflow(seconds, std::int64_t{1'000'000'000}, &nanos)) return nanos;
  return seconds > 0 ? kMaxTime : kMinTime;
}

constexpr std::size_t padded(std::size_t bytes) noexcept { return (bytes + 3) / 4 * 4; }

struct Option {
  std::uint16_t code = kOptionEnd;
  std::size_t length = 0;  // as announced
  ByteSpan value;
};

// Takes the option at the front of `options`. Returns false if it reaches past their end.
bool take_option(ByteSpan& options, bool big_endian, Option& option) noexcept {
  option = {};
  if (options.size() < 4) return options.empty();
  const std::byte* const at = options.data();
  option.length = big_endian ? load_be<std::uint16_t>(at + 2) : load_le<std::uint16_t>(at + 2);
  option.code = big_endian ? load_be<std::uint16_t>(at) : load_le<std::uint16_t>(at);
  options = options.subspan(4);
  if (padded(option.length) > options.size()) return false;
  option.value = options.first(option.length);
  options = options.subspan(padded(option.length));
  return true;
}

}  // namespace

Step Decoder::fail(Fault fault) noexcept {
  fault_ = fault;
  format_ = Format::failed;
  return {StepKind::failed, 0, 0, {}};
}

bool Decoder::skip(std::size_t room) noexcept {
  if (!needed_is_record_) {
    static_cast<void>(fail({FaultKind::block_too_long, position_, needed_, room}));
    return false;
  }
  needed_is_record_ = false;
  if (format_ == Format::pcapng) {
    static_cast<void>(skip_block(needed_));
  } else {
    skip_offset_ = position_;
    skip_left_ = needed_;
  }
  return true;
}

bool Decoder::finish(std::size_t left) noexcept {
  if (format_ == Format::failed) return false;
  if (format_ == Format::unknown) {
    static_cast<void>(fail({FaultKind::truncated_file, position_, needed_, left}));
    return false;
  }
  const auto torn =
      format_ == Format::pcap ? FaultKind::truncated_record : FaultKind::truncated_block;
  if (skip_left_ > 0 || skip_block_ != 0) {
    const std::uint64_t there = position_ - skip_offset_ + left;
    const std::uint64_t whole = skip_block_ != 0 ? skip_block_ : there - left + skip_left_;
    static_cast<void>(fail({torn, skip_offset_, whole, there}));
    return false;
  }
  if (left == 0) return true;
  static_cast<void>(fail({torn, position_, needed_, left}));
  return false;
}

Step Decoder::next_slow(ByteSpan window) noexcept {
  std::size_t used = 0;
  for (;;) {
    Step step = advance(window.subspan(used));
    step.consumed += used;
    if (step.kind != StepKind::need_more || step.needed != 0) return step;
    used = step.consumed;
  }
}

Step Decoder::advance(ByteSpan window) noexcept {
  if (format_ == Format::failed) return {StepKind::failed, 0, 0, {}};
  if (skip_left_ > 0 || skip_block_ != 0) return continue_skip(window);
  switch (format_) {
    case Format::pcap: return next_pcap_record(window);
    case Format::pcapng: return read_block(window);
    default: return read_file_header(window);
  }
}

Step Decoder::continue_skip(ByteSpan window) noexcept {
  if (skip_left_ > 0) {
    if (window.empty()) return need(1);
    const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(skip_left_, window.size()));
    skip_left_ -= bytes;
    position_ += bytes;
    return pass(bytes);
  }
  if (window.size() < kTrailerBytes) return need(kTrailerBytes);
  const std::uint32_t length = load32(window.data());
  if (length != skip_block_) {
    return fail({FaultKind::block_trailer, skip_offset_, length, skip_block_});
  }
  skip_block_ = 0;
  position_ += kTrailerBytes;
  return pass(kTrailerBytes);
}

Step Decoder::read_file_header(ByteSpan window) noexcept {
  if (window.size() < 4) return need(4);
  const auto magic = load_be<std::uint32_t>(window.data());
  switch (magic) {
    case kSectionHeaderBlock: format_ = Format::pcapng; return pass(0);
    case 0xD4C3B2A1: fractions_per_second_ = 1'000'000; break;
    case 0x4D3CB2A1: fractions_per_second_ = 1'000'000'000; break;
    case 0xA1B2C3D4:
      big_endian_ = true;
      fractions_per_second_ = 1'000'000;
      break;
    case 0xA1B23C4D:
      big_endian_ = true;
      fractions_per_second_ = 1'000'000'000;
      break;
    case 0x34CDB2A1:
    case 0xA1B2CD34: return fail({FaultKind::modified_pcap, position_, magic, 0});
    default: return fail({FaultKind::not_a_capture, position_, magic, 0});
  }
  if (window.size() < kPcapHeaderBytes) return need(kPcapHeaderBytes);
  const std::uint16_t major = load16(window.data() + 4);
  const std::uint16_t minor = load16(window.data() + 6);
  if (major != 2 || minor != 4) return fail({FaultKind::file_version, position_, major, minor});
  nanos_per_fraction_ = 1'000'000'000 / fractions_per_second_;
  // The upper half says how long frame checksums are, which lie behind what the IP length covers.
  link_type_ = static_cast<LinkType>(load32(window.data() + 20) & 0xFFFFU);
  format_ = Format::pcap;
  position_ += kPcapHeaderBytes;
  return pass(kPcapHeaderBytes);
}

Step Decoder::read_block(ByteSpan window) noexcept {
  if (window.size() < kBlockHeaderBytes) return need(kBlockHeaderBytes);
  const std::uint32_t type = load32(window.data());
  // The number of a section header is the same in both byte orders: it is what tells the order.
  if (type == kSectionHeaderBlock) return read_section_header(window);
  const std::uint32_t bytes = load32(window.data() + 4);
  if (bytes < kMinBlockBytes || bytes % 4 != 0) {
    return fail({FaultKind::block_length, position_, bytes, 0});
  }
  if (bytes > kMaxBlockBytes) {
    return fail({FaultKind::block_too_long, position_, bytes, kMaxBlockBytes});
  }
  switch (type) {
    case kInterfaceBlock: return read_interface(window, bytes);
    case kStatisticsBlock: return read_statistics(window, bytes);
    case kEnhancedPacketBlock: return read_packet(window, bytes, false);
    case kObsoletePacketBlock: return read_packet(window, bytes, true);
    case kSimplePacketBlock: return read_simple_packet(window, bytes);
    default: return skip_block(bytes);
  }
}

Step Decoder::read_section_header(ByteSpan window) noexcept {
  if (window.size() < kSectionHeaderBytes) return need(kSectionHeaderBytes);
  const auto magic = load_be<std::uint32_t>(window.data() + 8);
  if (magic != 0x1A2B3C4D && magic != 0x4D3C2B1A) {
    return fail({FaultKind::byte_order_magic, position_, magic, 0});
  }
  big_endian_ = magic == 0x1A2B3C4D;
  const std::uint32_t bytes = load32(window.data() + 4);
  if (bytes < kSectionHeaderBytes || bytes % 4 != 0) {
    return fail({FaultKind::block_length, position_, bytes, 0});
  }
  if (bytes > kMaxBlockBytes) {
    return fail({FaultKind::block_too_long, position_, bytes, kMaxBlockBytes});
  }
  const std::uint16_t major = load16(window.data() + 12);
  if (major != 1) {
    return fail({FaultKind::file_version, position_, major, load16(window.data() + 14)});
  }
  interface_count_ = 0;
  return skip_block(bytes);
}

Step Decoder::skip_block(std::size_t bytes) noexcept {
  skip_offset_ = position_;
  skip_left_ = bytes - kTrailerBytes;
  skip_block_ = static_cast<std::uint32_t>(bytes);
  return pass(0);
}

bool Decoder::trailer_agrees(ByteSpan window, std::size_t bytes) noexcept {
  const std::uint32_t length = load32(window.data() + bytes - kTrailerBytes);
  if (length == bytes) return true;
  static_cast<void>(fail({FaultKind::block_trailer, position_, length, bytes}));
  return false;
}

Step Decoder::read_interface(ByteSpan window, std::size_t bytes) noexcept {
  if (bytes < kInterfaceBytes) return fail({FaultKind::block_length, position_, bytes, 0});
  if (bytes > kMaxControlBlockBytes) {
    return fail({FaultKind::block_too_long, position_, bytes, kMaxControlBlockBytes});
  }
  if (interface_count_ == kMaxInterfaces) {
    return fail({FaultKind::too_many_interfaces, position_, 0, kMaxInterfaces});
  }
  if (window.size() < bytes) return need(bytes);
  if (!trailer_agrees(window, bytes)) return {StepKind::failed, 0, 0, {}};

  Interface described;
  described.link_type = static_cast<LinkType>(load16(window.data() + 8));
  described.snaplen = load32(window.data() + 12);
  ByteSpan options = window.subspan(16, bytes - 16 - kTrailerBytes);
  for (Option option; !options.empty();) {
    if (!take_option(options, big_endian_, option)) {
      return fail({FaultKind::option_length, position_, option.length, options.size()});
    }
    if (option.code == kOptionEnd) break;
    if (option.code == kOptionTimeResolution && option.value.size() == 1) {
      described.resolution = std::to_integer<std::uint8_t>(option.value[0]);
    } else if (option.code == kOptionTimeOffset && option.value.size() == 8) {
      const std::byte* const at = option.value.data();
      const std::uint64_t seconds =
          big_endian_ ? load_be<std::uint64_t>(at) : load_le<std::uint64_t>(at);
      described.offset_ns = seconds_to_nanos_clamped(static_cast<std::int64_t>(seconds));
    }
  }
  interfaces_[interface_count_++] = described;
  position_ += bytes;
  return pass(bytes);
}

Step Decoder::read_statistics(ByteSpan window, std::size_t bytes) noexcept {
  if (bytes < kStatisticsBytes) return fail({FaultKind::block_length, position_, bytes, 0});
  if (bytes > kMaxControlBlockBytes) return skip_block(bytes);
  if (window.size() < bytes) return need(bytes);
  if (!trailer_agrees(window, bytes)) return {StepKind::failed, 0, 0, {}};

  const std::uint32_t interface = load32(window.data() + 8);
  ByteSpan options = window.subspan(20, bytes - 20 - kTrailerBytes);
  for (Option option; !options.empty();) {
    if (!take_option(options, big_endian_, option)) {
      return fail({FaultKind::option_length, position_, option.length, options.size()});
    }
    if (option.code == kOptionEnd) break;
    if (option.code != kOptionInterfaceDrops || option.value.size() != 8) continue;
    if (interface >= interface_count_) continue;
    const std::byte* const at = option.value.data();
    const std::uint64_t drops =
        big_endian_ ? load_be<std::uint64_t>(at) : load_le<std::uint64_t>(at);
    // Each block repeats the total since the start of the capture.
    std::uint64_t& known = interfaces_[interface].drops;
    if (drops > known) {
      oddities_.interface_drops += drops - known;
      known = drops;
    }
  }
  position_ += bytes;
  return pass(bytes);
}

Step Decoder::read_packet(ByteSpan window, std::size_t bytes, bool obsolete) noexcept {
  const std::size_t framing = kPacketDataOffset + kTrailerBytes;
  if (bytes < framing) return fail({FaultKind::block_length, position_, bytes, 0});
  if (window.size() < kPacketDataOffset) return need(kPacketDataOffset);
  const std::byte* const at = window.data();
  const std::uint32_t number = obsolete ? load16(at + 8) : load32(at + 8);
  const std::uint32_t captured = load32(at + 20);
  if (number >= interface_count_) {
    return fail({FaultKind::unknown_interface, position_, number, interface_count_});
  }
  if (captured > kMaxCapturedBytes) {
    return fail({FaultKind::captured_too_long, position_, captured, kMaxCapturedBytes});
  }
  if (padded(captured) > bytes - framing) {
    return fail({FaultKind::block_captured, position_, captured, bytes - framing});
  }
  if (window.size() < bytes) return need_record(bytes);
  if (!trailer_agrees(window, bytes)) return {StepKind::failed, 0, 0, {}};

  if (obsolete) {
    const std::uint16_t drops = load16(at + 10);  // 0xFFFF says that they were not counted
    if (drops != 0xFFFF) oddities_.interface_drops += drops;
  }
  const Interface& interface = interfaces_[number];
  const std::uint64_t ticks = std::uint64_t{load32(at + 12)} << 32U | load32(at + 16);
  last_time_ns_ = add_clamped(to_nanos(ticks, interface.resolution), interface.offset_ns);
  return deliver(bytes, {window.subspan(kPacketDataOffset, captured), last_time_ns_,
                         load32(at + 24), number, interface.link_type});
}

Step Decoder::read_simple_packet(ByteSpan window, std::size_t bytes) noexcept {
  const std::size_t framing = kSimpleDataOffset + kTrailerBytes;
  if (bytes < framing) return fail({FaultKind::block_length, position_, bytes, 0});
  if (window.size() < kSimpleDataOffset) return need(kSimpleDataOffset);
  if (interface_count_ == 0) return fail({FaultKind::unknown_interface, position_, 0, 0});
  const std::uint32_t original = load32(window.data() + 8);
  const Interface& interface = interfaces_[0];
  std::size_t captured = original;
  if (interface.snaplen != 0) captured = std::min<std::size_t>(captured, interface.snaplen);
  if (captured > kMaxCapturedBytes) {
    return fail({FaultKind::captured_too_long, position_, captured, kMaxCapturedBytes});
  }
  if (padded(captured) > bytes - framing) {
    return fail({FaultKind::block_captured, position_, captured, bytes - framing});
  }
  if (window.size() < bytes) return need_record(bytes);
  if (!trailer_agrees(window, bytes)) return {StepKind::failed, 0, 0, {}};
  return deliver(bytes, {window.subspan(kSimpleDataOffset, captured), last_time_ns_, original, 0,
                         interface.link_type});
}

Step Decoder::deliver(std::size_t bytes, const Record& record) noexcept {
  oddities_.captured_exceeds_original += record.data.size() > record.original_bytes ? 1U : 0U;
  position_ += bytes;
  return {StepKind::record, bytes, 0, record};
}

}  // namespace tapeline::codec::capture
