#pragma once

// IEX-TP segments written by hand from the specification, not by the encoder.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/bytes.hpp"

namespace tapeline::codec::iextp::test {

using Bytes = std::vector<std::byte>;
using Delivered = std::vector<std::pair<std::uint64_t, std::string>>;

inline void append(Bytes& bytes, std::string_view text) {
  for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
}

template <typename T>
void append_le(Bytes& bytes, T value) {
  bytes.resize(bytes.size() + sizeof value);
  store_le(bytes.data() + bytes.size() - sizeof value, value);
}

struct Place {
  std::uint64_t sequence = 1;
  std::uint64_t offset = 0;
  std::uint64_t send_time_ns = 1'611'690'682'637'497'007;
};

inline Bytes header(const Place& place, std::uint16_t payload_bytes, std::uint16_t count) {
  Bytes bytes;
  append_le(bytes, std::uint8_t{1});
  append_le(bytes, std::uint8_t{0});
  append_le(bytes, std::uint16_t{0x8004});
  append_le(bytes, std::uint32_t{1});
  append_le(bytes, std::uint32_t{1'222'443'008});
  append_le(bytes, payload_bytes);
  append_le(bytes, count);
  append_le(bytes, place.offset);
  append_le(bytes, place.sequence);
  append_le(bytes, place.send_time_ns);
  return bytes;
}

inline Bytes segment(const Place& place, std::initializer_list<std::string_view> messages) {
  std::size_t payload_bytes = 0;
  for (const std::string_view message : messages) payload_bytes += 2 + message.size();
  Bytes bytes = header(place, static_cast<std::uint16_t>(payload_bytes),
                       static_cast<std::uint16_t>(messages.size()));
  for (const std::string_view message : messages) {
    append_le(bytes, static_cast<std::uint16_t>(message.size()));
    append(bytes, message);
  }
  return bytes;
}

inline auto recorder(Delivered& delivered) {
  return [&delivered](std::uint64_t sequence, std::span<const std::byte> message) {
    std::string text;
    for (const std::byte byte : message) text.push_back(static_cast<char>(byte));
    delivered.emplace_back(sequence, text);
  };
}

}  // namespace tapeline::codec::iextp::test
