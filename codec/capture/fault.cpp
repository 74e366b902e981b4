#include "codec/capture/fault.hpp"

#include <array>
#include <cstddef>
#include <cstdio>

namespace tapeline::codec::capture {
namespace {

// Names what a file with these first four bytes (big endian) is, if it is something well known.
const char* known_format(std::uint64_t first) noexcept {
  if (first >> 16U == 0x1F8B) return "gzip data";
  if (first == 0x28B52FFD) return "zstd data";
  if (first >> 8U == 0x425A68) return "bzip2 data";
  if (first == 0xFD377A58) return "xz data";
  if (first == 0x504B0304) return "a zip archive";
  return nullptr;
}

std::string not_a_capture(std::uint64_t first) {
  if (const char* name = known_format(first)) {
    return std::string{"not a pcap or pcapng file but "} + name;
  }
  std::array<char, 64> text{};
  std::snprintf(
      text.data(), text.size(), "not a pcap or pcapng file (it starts with %02X %02X %02X %02X)",
      static_cast<unsigned>(first >> 24U & 0xFFU), static_cast<unsigned>(first >> 16U & 0xFFU),
      static_cast<unsigned>(first >> 8U & 0xFFU), static_cast<unsigned>(first & 0xFFU));
  return text.data();
}

std::string truncated(const Fault& fault) {
  return "truncated file, " + std::to_string(fault.value) + " bytes are needed and " +
         std::to_string(fault.limit) + " are there";
}

}  // namespace

std::string Fault::text() const {
  const std::string at = " at byte " + std::to_string(offset) + ": ";
  const std::string found = std::to_string(value);
  const std::string bound = std::to_string(limit);
  switch (kind) {
    case FaultKind::none: return "no error";
    case FaultKind::not_a_capture: return not_a_capture(value);
    case FaultKind::modified_pcap:
      return "a 'modified' pcap file (magic A1B2CD34, 24-byte record headers) is not supported; "
             "convert it, for example with editcap -F pcap";
    case FaultKind::file_version:
      return "file header" + at + "version " + found + "." + bound + " is not supported";
    case FaultKind::captured_too_long:
      return "record" + at + "captured length " + found + " exceeds " + bound;
    case FaultKind::truncated_file: return "file header" + at + truncated(*this);
    case FaultKind::truncated_record: return "record" + at + truncated(*this);
    case FaultKind::truncated_block: return "block" + at + truncated(*this);
    case FaultKind::byte_order_magic: return "section header" + at + "no byte-order magic";
    case FaultKind::block_length:
      return "block" + at + "length " + found +
             " is too short for its type or not a multiple of four";
    case FaultKind::block_too_long: return "block" + at + "length " + found + " exceeds " + bound;
    case FaultKind::block_trailer:
      return "block" + at + "length " + bound + " at its start but " + found + " at its end";
    case FaultKind::block_captured:
      return "block" + at + "captured length " + found + " exceeds the " + bound +
             " bytes of the block";
    case FaultKind::option_length:
      return "block" + at + "option of " + found + " bytes where " + bound + " are left";
    case FaultKind::too_many_interfaces:
      return "block" + at + "more than " + bound + " interfaces in a section";
    case FaultKind::unknown_interface:
      return "block" + at + "packet of interface " + found + ", but only " + bound +
             " are described";
  }
  return "unknown error";
}

}  // namespace tapeline::codec::capture
