#include "app/decode/itch_decoder.hpp"

#include <string_view>
#include <utility>

#include "app/decode/session_decoder.hpp"
#include "app/feed/itch_feed.hpp"
#include "codec/bytes.hpp"
#include "codec/itch/messages.hpp"
#include "codec/moldudp64/decoder.hpp"

namespace tapeline::decode {

namespace {

constexpr std::string_view kFeedName = "itch50";
constexpr std::size_t kTimeOffset = 5;
constexpr std::size_t kOrderRefOffset = 11;

[[nodiscard]] bool names_an_order(char type) noexcept {
  switch (type) {
    case 'E':
    case 'C':
    case 'X':
    case 'D':
    case 'U': return true;
    default: return false;
  }
}

// The messages of one session.
class ItchVenue {
 public:
  using Framing = net::MoldUdp64Framing;
  static constexpr net::Framing kFraming = net::Framing::moldudp64;
  static constexpr std::string_view kFramingName = "MoldUDP64";
  static constexpr const auto& kMessageTypes = codec::itch::kMessageTypes;
  static constexpr const auto& kMessageTypeIndex = codec::itch::kMessageTypeIndex;

  class Shared {
   public:
    Shared(const ItchDecoderConfig& config, const Schema& schema, Table& table,
           pool::LockFreeBufferPool& pools)
        : config_{config}, schema_{schema}, table_{table}, pools_{pools} {
      if (schema.name().needs_market()) return;
      messages_ = std::make_unique<ItchMessageRows>(schema, config.types, table);
    }
    [[nodiscard]] std::size_t lines() const noexcept { return config_.lines; }
    [[nodiscard]] Table& table() const noexcept { return table_; }

   private:
    friend class ItchVenue;
    ItchDecoderConfig config_;
    const Schema& schema_;
    Table& table_;
    pool::LockFreeBufferPool& pools_;
    std::unique_ptr<ItchMessageRows> messages_;  // empty unless the schema is `messages`
  };

  ItchVenue(const net::Session& session, Shared& shared)
      : name_{shared.config_.channel.empty() ? std::string{session.text()}
                                             : shared.config_.channel},
        has_receive_times_{shared.config_.has_receive_times},
        clock_{shared.config_.zone, shared.config_.day},
        messages_{shared.messages_.get()} {
    head_.feed = kFeedName;
    head_.channel = name_;
    if (messages_ != nullptr) return;
    fed_ = std::make_unique<FedMarket<feed::ItchFeed>>(shared.schema_, shared.table_, symbols_,
                                                       shared.pools_);
  }

  [[nodiscard]] std::string label() const { return std::string{kFeedName} + "/" + name_; }
  [[nodiscard]] feed::ItchFeed* feed() noexcept { return fed_ == nullptr ? nullptr : &fed_->feed; }
  void finish() {
    if (fed_ != nullptr) fed_->rows.finish();
  }

  void on_message(std::uint64_t sequence, std::span<const std::byte> message,
                  const net::Packet& packet) {
    const std::uint64_t time = codec::load_be48(message.data() + kTimeOffset);
    head_.sequence = sequence;
    if (has_receive_times_) {
      head_.receive_ns = packet.rx_time;
      head_.exchange = {time, clock_.midnight(time, packet.rx_time)};
    } else {
      head_.exchange.since_zero = time;
      if (clock_.is_fixed()) head_.exchange.zero = clock_.midnight(time, 0);
    }
    if (messages_ != nullptr) return messages_->write(head_, message, symbols_);
    apply(message);
  }

 private:
  void apply(std::span<const std::byte> message) {
    const auto type = std::to_integer<char>(message.front());
    const auto locate = codec::load_be<std::uint16_t>(message.data() + 1);
    const market::InstrumentId named{locate};
    symbols_.learn(message);
    // The order knows its instrument; a message may name another one.
    market::InstrumentId changed = named;
    if (names_an_order(type)) {
      const auto ref = codec::load_be<std::uint64_t>(message.data() + kOrderRefOffset);
      const market::Order* const order = fed_->market.find_order(market::OrderRef{ref});
      if (order != nullptr) changed = order->instrument;
    }
    fed_->rows.before(head_);
    fed_->feed.apply(message);
    fed_->rows.on_book(named);
    if (changed != named) fed_->rows.on_book(changed);
  }

  std::string name_;
  bool has_receive_times_;
  ExchangeClock clock_;
  ItchMessageRows* messages_;  // empty: rows of the market
  ItchSymbols symbols_;
  std::unique_ptr<FedMarket<feed::ItchFeed>> fed_;
  MessageHead head_;
};

}  // namespace

std::unique_ptr<PacketDecoder> make_itch_decoder(const ItchDecoderConfig& config,
                                                 const Schema& schema, Table& table,
                                                 pool::LockFreeBufferPool& pools) {
  return std::make_unique<SessionDecoder<ItchVenue>>(pools, config, schema, table, pools);
}

bool is_moldudp64(std::span<const std::byte> payload, std::uint32_t lost_bytes) noexcept {
  using codec::moldudp64::PacketStatus;
  const auto parsed = codec::moldudp64::parse_header(payload);
  if (parsed.status == PacketStatus::ok && lost_bytes != 0) return true;
  const auto status = codec::moldudp64::for_each_message(payload, [](auto, auto) {});
  return status == PacketStatus::ok || status == PacketStatus::heartbeat ||
         status == PacketStatus::end_of_session;
}

}  // namespace tapeline::decode
