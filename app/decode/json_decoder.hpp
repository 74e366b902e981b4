#pragma once

// JSON documents of crypto venues, one a line, into rows. A file is a channel of its own; `feed`
// is the venue that its first URL or document tells, and `sequence` the number of the line.
//
// A row of `messages` has the document as it was received, what the venue calls it (`type`) and
// what it is (`kind`); documents that are no message of the venue are counted. The other schemas
// are those of the market behind it, with prices and sizes of as many decimals as it keeps.
// Exchange times there are the latest that the venue told.
//
// Thread safety: none.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/decode/market_rows.hpp"
#include "app/decode/packet_decoder.hpp"
#include "app/decode/schema.hpp"
#include "app/decode/table.hpp"
#include "app/feed/json_feed.hpp"
#include "app/market/market.hpp"
#include "codec/json/decoder.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::decode {

// What --type may name: kinds of documents.
[[nodiscard]] std::vector<std::string_view> json_type_names();
// The columns of the schema `messages`.
[[nodiscard]] std::vector<std::string_view> json_fields();

class JsonDecoder final : public PacketDecoder {
 public:
  // `types`: the kinds that are wanted, among other names; empty: all. Schema, table and pools are
  // not owned and must outlive this.
  JsonDecoder(std::string channel, std::span<const std::string_view> types, const Schema& schema,
              Table& table, pool::LockFreeBufferPool& pools);
  ~JsonDecoder() override;

  // Requires: codec::json::kPaddingBytes readable bytes behind each payload.
  void on_packets(std::span<const net::Packet> packets) override;
  void finish() override;
  [[nodiscard]] std::vector<std::string> notes() const override;

 private:
  class Messages;
  class Books;

  std::string channel_;
  Table& table_;
  MessageHead head_;
  std::unique_ptr<Messages> messages_;  // one of these two
  std::unique_ptr<Books> books_;
};

}  // namespace tapeline::decode
