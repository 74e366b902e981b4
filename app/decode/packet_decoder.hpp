#pragma once

// Turns the packets of one protocol into rows of the table.
//
// Thread safety: none.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/decode/table.hpp"
#include "net/packet_batch.hpp"

namespace tapeline::decode {

class PacketDecoder {
 public:
  PacketDecoder() = default;
  PacketDecoder(const PacketDecoder&) = delete;
  PacketDecoder& operator=(const PacketDecoder&) = delete;
  virtual ~PacketDecoder() = default;

  // In the order in which they came.
  virtual void on_packets(std::span<const net::Packet> packets) = 0;
  // No packet follows: what was held, and what is told at the end only.
  virtual void finish() = 0;
  // One line for each thing that was lost, passed over or not understood.
  [[nodiscard]] virtual std::vector<std::string> notes() const = 0;
};

// What the row of a message begins with.
struct MessageHead {
  std::string_view feed;
  std::string_view channel;
  std::uint64_t sequence = 0;              // 0: it has none
  std::optional<std::int64_t> receive_ns;  // empty: the file tells no receive times
  Moment exchange;
};

// Sets the cells that rows of all schemas begin with. An empty symbol is none.
inline void set_head(Row& row, const MessageHead& head, const Moment& moment,
                     std::string_view symbol) noexcept {
  row.text(kFeed, head.feed);
  row.text(kChannel, head.channel);
  if (head.sequence != 0) row.number(kSequence, head.sequence);
  if (head.receive_ns) row.time(kReceiveTime, *head.receive_ns);
  if (moment.is_told()) set_moment(row, kExchangeTime, moment);
  if (!symbol.empty()) row.text(kSymbol, symbol);
}

}  // namespace tapeline::decode
