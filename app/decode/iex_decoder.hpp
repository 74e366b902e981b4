#pragma once

// IEX-TP segments with messages of TOPS, DEEP or DEEP+ into rows. Every protocol, channel and
// session number is a session of its own. See session_decoder.hpp.
//
// Thread safety: none.

#include <cstddef>
#include <memory>
#include <span>

#include "app/decode/exchange_day.hpp"
#include "app/decode/iex_messages.hpp"
#include "app/decode/packet_decoder.hpp"
#include "app/decode/schema.hpp"
#include "app/decode/table.hpp"
#include "app/feed/iex_print_rules.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::decode {

struct IexDecoderConfig {
  std::size_t lines = 64;                      // packets come on lines below this
  ExchangeZone zone = ExchangeZone::new_york;  // of times of day that the user names
  IexTypes types{};
  feed::IexPrintRules prints{};
};

// Schema, table and pools are not owned and must outlive it.
[[nodiscard]] std::unique_ptr<PacketDecoder> make_iex_decoder(const IexDecoderConfig& config,
                                                              const Schema& schema, Table& table,
                                                              pool::LockFreeBufferPool& pools);

// Whether a payload begins as a segment of a protocol that we know, whole or damaged: no session of
// MoldUDP64 begins with such bytes.
[[nodiscard]] bool is_iextp(std::span<const std::byte> payload) noexcept;

}  // namespace tapeline::decode
