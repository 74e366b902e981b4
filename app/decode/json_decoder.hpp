#pragma once

// JSON documents of crypto venues, one a line, into rows. A file is a channel of its own; `feed`
// is the venue that its first URL or document tells, and `sequence` the number of the line.
//
// A row of `messages` has what the venue calls the document (`type`), what it is (`kind`), and its
// members as the venue names and spells them: strings as text, everything else as JSON. Members
// that codec/json/field_table.hpp does not name are together in `other_fields`, a JSON object. The
// document as it was received is in `document`, for those who ask for it. Documents that are no
// message of the venue are counted. The other schemas
// are those of the market behind it, with prices and sizes of as many decimals as it keeps.
// Exchange times there are the latest that the venue told.
//
// Thread safety: none.

#include <array>
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

using JsonVenues = std::array<bool, codec::json::kVenueCount>;

// The columns of the schema `messages` for documents of these venues; the last one is for those who
// ask for it. Members whose name a column that every row has would take have "venue_" in front.
[[nodiscard]] std::vector<std::string_view> json_fields(const JsonVenues& venues);
inline constexpr std::string_view kJsonDocument = "document";

// The venue that the first of these lines tells which tells one.
// Requires: as JsonDecoder::on_packets().
[[nodiscard]] std::optional<codec::json::Venue> venue_of_lines(
    std::span<const net::Packet> packets);

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
