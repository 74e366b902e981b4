#pragma once

// Numbers of the link layers that a capture file can name (the LINKTYPE registry), as far as
// `parse_datagram` knows them. A file may hold any other number as well.

#include <cstdint>

namespace tapeline::codec::capture {

enum class LinkType : std::uint16_t {
  null = 0,  // 4-byte address family in the byte order of the capturing host
  ethernet = 1,
  raw_12 = 12,      // IP without a link layer, number used by some systems
  raw_14 = 14,      // the same, on others
  raw = 101,        // IP without a link layer
  loop = 108,       // 4-byte address family, big endian
  linux_sll = 113,  // Linux "any" device, 16-byte header
  ipv4 = 228,
  ipv6 = 229,
  linux_sll2 = 276,  // Linux "any" device, 20-byte header
};

}  // namespace tapeline::codec::capture
