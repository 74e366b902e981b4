#pragma once

// What is wrong with a capture file and where. A plain value, so that finding damage costs no
// allocation; the sentence for people is made when it is asked for.
//
// Thread safety: values.

#include <cstdint>
#include <string>

namespace tapeline::codec::capture {

enum class FaultKind : std::uint8_t {
  none,
  not_a_capture,        // value: first four bytes, big endian
  modified_pcap,        // the variant with 24-byte record headers
  file_version,         // value: major, limit: minor
  captured_too_long,    // value: captured length, limit: the most that is allowed
  truncated_file,       // value: bytes needed, limit: bytes there
  truncated_record,     // likewise, inside a record
  truncated_block,      // likewise, inside a pcapng block
  byte_order_magic,     // value: the magic that was found
  block_length,         // value: length
  block_too_long,       // value: length, limit: the most that is allowed
  block_trailer,        // value: length at the end, limit: length at the start
  block_captured,       // value: captured length, limit: room in the block
  option_length,        // value: length, limit: bytes left
  too_many_interfaces,  // limit: the most that is allowed
  unknown_interface,    // value: the interface, limit: interfaces described so far
};

struct Fault {
  FaultKind kind = FaultKind::none;
  std::uint64_t offset = 0;  // in the file, of the record or block that is damaged
  std::uint64_t value = 0;
  std::uint64_t limit = 0;

  // One line, "record at byte 1234: captured length 70000000 exceeds 262144".
  [[nodiscard]] std::string text() const;
};

}  // namespace tapeline::codec::capture
