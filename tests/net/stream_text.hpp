#pragma once

// Streams and framers for the tests of TCP sources.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/bytes.hpp"
#include "net/stream_framer.hpp"

namespace tapeline::net::testing {

// `text` behind its length.
template <typename Length>
std::string with_length(std::string_view text) {
  std::string framed(sizeof(Length), '\0');
  codec::store_be(reinterpret_cast<std::byte*>(framed.data()), static_cast<Length>(text.size()));
  return framed.append(text);
}

// A SoupBinTCP packet: its type is the first character.
inline std::string soup(std::string_view type_and_payload) {
  return with_length<std::uint16_t>(type_and_payload);
}

struct Framed {
  std::vector<std::string> messages;
  FramerStatus status = FramerStatus::ok;

  friend bool operator==(const Framed&, const Framed&) = default;
};

// Feeds the pieces of `stream` that end at `cuts`, which rise; each piece lies in memory of exactly
// its size, so that the sanitizer sees a read past its end.
template <typename Framer>
Framed feed_cut(Framer& framer, std::string_view stream, const std::vector<std::size_t>& cuts) {
  Framed framed;
  std::size_t begin = 0;
  const auto feed = [&](std::size_t end) {
    const auto piece = std::as_bytes(std::span{stream.substr(begin, end - begin)});
    const std::vector<std::byte> exact(piece.begin(), piece.end());
    begin = end;
    framed.status = framer.feed(exact, [&](std::span<const std::byte> message) {
      framed.messages.emplace_back(reinterpret_cast<const char*>(message.data()), message.size());
      return true;
    });
  };
  for (const std::size_t cut : cuts) {
    if (framed.status == FramerStatus::ok) feed(cut);
  }
  if (framed.status == FramerStatus::ok) feed(stream.size());
  return framed;
}

template <typename Framer>
Framed feed_by_byte(Framer& framer, std::string_view stream) {
  std::vector<std::size_t> cuts;
  for (std::size_t cut = 1; cut < stream.size(); ++cut) cuts.push_back(cut);
  return feed_cut(framer, stream, cuts);
}

}  // namespace tapeline::net::testing
