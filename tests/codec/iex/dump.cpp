// Prints what is in a capture of IEX feeds as JSON lines, so that a test can hold it against
// another decoder: tests/support/iex_reference.py says what the lines are.
//
//   iex_dump CAPTURE

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string_view>

#include "codec/iex/decoder.hpp"
#include "codec/iextp/decoder.hpp"
#include "net/open_capture.hpp"
#include "pool/buffer_pool.hpp"

namespace {

using namespace tapeline;
namespace iex = codec::iex;
namespace iextp = codec::iextp;

// Writes the fields of one message.
struct Fields {
  static void number(const char* name, std::int64_t value) {
    std::printf(", \"%s\": %lld", name, static_cast<long long>(value));
  }
  static void number(const char* name, std::uint64_t value) {
    std::printf(", \"%s\": %llu", name, static_cast<unsigned long long>(value));
  }
  static void number(const char* name, std::uint32_t value) { number(name, std::uint64_t{value}); }
  static void number(const char* name, std::uint8_t value) { number(name, std::uint64_t{value}); }
  static void number(const char* name, char value) {
    number(name, static_cast<std::uint8_t>(value));
  }
  template <std::size_t Width>
  static void text(const char* name, const codec::Text<Width>& value) {
    std::printf(", \"%s\": \"", name);
    for (const char c : value.chars) std::printf("%02x", static_cast<unsigned char>(c));
    std::printf("\"");
  }
  template <typename View>
  static void head(const View& m) {
    number("timestamp_ns", m.timestamp_ns());
    text("symbol", m.symbol());
  }
  template <typename View>
  static void order(const View& m) {
    head(m);
    number("order_id", static_cast<std::uint64_t>(m.order_id()));
    number("size", m.size());
    number("price", m.price());
  }
  template <typename View>
  static void trade(const View& m) {
    head(m);
    number("conditions", m.conditions());
    number("size", m.size());
    number("price", m.price());
    number("trade_id", static_cast<std::uint64_t>(m.trade_id()));
  }

  void operator()(const iex::SystemEvent& m) const {
    number("timestamp_ns", m.timestamp_ns());
    number("event", m.event());
  }
  void operator()(const iex::SecurityDirectory& m) const {
    head(m);
    number("flags", m.flags());
    number("round_lot_size", m.round_lot_size());
    number("adjusted_close", m.adjusted_close());
    number("luld_tier", m.luld_tier());
  }
  void operator()(const iex::TradingStatus& m) const {
    head(m);
    number("status", m.status());
    text("reason", m.reason());
  }
  void operator()(const iex::RetailLiquidity& m) const {
    head(m);
    number("interest", m.interest());
  }
  void operator()(const iex::OperationalHalt& m) const {
    head(m);
    number("status", m.status());
  }
  void operator()(const iex::ShortSalePriceTest& m) const {
    head(m);
    number("status", m.status());
    number("detail", m.detail());
  }
  void operator()(const iex::SecurityEvent& m) const {
    head(m);
    number("event", m.event());
  }
  void operator()(const iex::QuoteUpdate& m) const {
    head(m);
    number("flags", m.flags());
    number("bid_size", m.bid_size());
    number("bid_price", m.bid_price());
    number("ask_price", m.ask_price());
    number("ask_size", m.ask_size());
  }
  template <char Type>
  void operator()(const iex::PriceLevelUpdate<Type>& m) const {
    head(m);
    number("flags", m.flags());
    number("size", m.size());
    number("price", m.price());
  }
  void operator()(const iex::AddOrder& m) const {
    order(m);
    number("side", m.side());
  }
  void operator()(const iex::OrderModify& m) const {
    order(m);
    number("flags", m.flags());
  }
  void operator()(const iex::OrderDelete& m) const {
    head(m);
    number("reserved", m.reserved());
    number("order_id", static_cast<std::uint64_t>(m.order_id()));
  }
  void operator()(const iex::OrderExecuted& m) const {
    order(m);
    number("conditions", m.conditions());
    number("trade_id", static_cast<std::uint64_t>(m.trade_id()));
  }
  void operator()(const iex::ClearBook& m) const {
    head(m);
    number("reserved", m.reserved());
  }
  void operator()(const iex::TradeReport& m) const { trade(m); }
  void operator()(const iex::TradeBreak& m) const { trade(m); }
  void operator()(const iex::OfficialPrice& m) const {
    head(m);
    number("price_type", m.price_type());
    number("price", m.price());
  }
  void operator()(const iex::AuctionInformation& m) const {
    head(m);
    number("auction_type", m.auction_type());
    number("paired_shares", m.paired_shares());
    number("reference_price", m.reference_price());
    number("indicative_clearing_price", m.indicative_clearing_price());
    number("imbalance_shares", m.imbalance_shares());
    number("imbalance_side", m.imbalance_side());
    number("extension_number", m.extension_number());
    number("scheduled_time_s", m.scheduled_time_s());
    number("auction_book_clearing_price", m.auction_book_clearing_price());
    number("collar_reference_price", m.collar_reference_price());
    number("lower_collar", m.lower_collar());
    number("upper_collar", m.upper_collar());
  }
};

struct Nothing {
  template <typename View>
  void operator()(const View&) const {}
};

void print_message(std::uint64_t sequence, std::span<const std::byte> message) {
  std::printf("{\"sequence\": %llu, \"type\": ", static_cast<unsigned long long>(sequence));
  if (message.empty()) {
    std::printf("null");
  } else {
    std::printf("\"\\u%04x\"", std::to_integer<unsigned>(message.front()));
  }
  const std::string_view status = to_string(iex::decode(message, Nothing{}));
  std::printf(", \"decoded\": \"%.*s\"", static_cast<int>(status.size()), status.data());
  static_cast<void>(iex::decode(message, Fields{}));
  std::puts("}");
}

void print_segment(std::uint64_t number, std::span<const std::byte> payload) {
  const iextp::ParsedHeader parsed = iextp::parse_header(payload);
  if (parsed.status != iextp::PacketStatus::too_short &&
      parsed.status != iextp::PacketStatus::wrong_version) {
    const iextp::Header& header = parsed.header;
    std::printf("{\"segment\": %llu, \"version\": %u", static_cast<unsigned long long>(number),
                unsigned{iextp::kVersion});
    Fields::number("protocol",
                   std::uint64_t{static_cast<std::uint16_t>(header.session.protocol())});
    Fields::number("channel", header.session.channel());
    Fields::number("session", header.session.number());
    Fields::number("payload_bytes", std::uint64_t{header.payload_bytes});
    Fields::number("count", std::uint64_t{header.count});
    Fields::number("stream_offset", static_cast<std::int64_t>(header.stream_offset));
    Fields::number("sequence", static_cast<std::int64_t>(header.sequence));
    Fields::number("send_time_ns", static_cast<std::int64_t>(header.send_time_ns));
    std::puts("}");
  }
  const std::string_view end = to_string(iextp::for_each_message(payload, print_message));
  std::printf("{\"end\": \"%.*s\"}\n", static_cast<int>(end.size()), end.data());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: iex_dump CAPTURE\n", stderr);
    return 2;
  }
  pool::BufferPool<pool::SerializationKind> buffers{{.buffer_count = 8}};
  const net::OpenedCapture opened = net::open_capture(argv[1], buffers);
  if (!opened.source) {
    std::fprintf(stderr, "iex_dump: %s\n", opened.error.c_str());
    return 1;
  }
  std::uint64_t segments = 0;
  for (;;) {
    const net::PacketBatch batch = opened.source->next();
    for (const net::Packet& packet : batch.packets()) print_segment(segments++, packet.payload());
    if (batch.empty() && opened.source->state() != net::SourceState::would_block) break;
  }
  return opened.source->state() == net::SourceState::ended ? 0 : 1;
}
