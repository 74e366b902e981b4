#pragma once

// MoldUDP64 packets with ITCH 5.0 messages into rows. See session_decoder.hpp.
//
// Thread safety: none.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "app/decode/exchange_day.hpp"
#include "app/decode/itch_messages.hpp"
#include "app/decode/packet_decoder.hpp"
#include "app/decode/schema.hpp"
#include "app/decode/table.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::decode {

struct ItchDecoderConfig {
  std::size_t lines = 64;         // packets come on lines below this
  bool has_receive_times = true;  // false: a file of messages, which has none
  ExchangeZone zone = ExchangeZone::new_york;
  std::optional<std::int64_t> day;  // of the messages, days since 1970; else by receive time
  std::string channel;              // its name; empty: that of the session
  ItchTypes types{};
};

// Schema, table and pools are not owned and must outlive it.
[[nodiscard]] std::unique_ptr<PacketDecoder> make_itch_decoder(const ItchDecoderConfig& config,
                                                               const Schema& schema, Table& table,
                                                               pool::LockFreeBufferPool& pools);

// Whether a payload of `lost_bytes` more is a packet of MoldUDP64 from its first byte to its last.
[[nodiscard]] bool is_moldudp64(std::span<const std::byte> payload,
                                std::uint32_t lost_bytes) noexcept;

}  // namespace tapeline::decode
