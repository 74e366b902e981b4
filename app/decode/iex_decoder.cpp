#include "app/decode/iex_decoder.hpp"

#include <bit>
#include <string>
#include <string_view>
#include <utility>

#include "app/decode/session_decoder.hpp"
#include "app/feed/iex_feed.hpp"
#include "app/market/symbol_directory.hpp"
#include "codec/bytes.hpp"
#include "codec/iex/messages.hpp"
#include "codec/iextp/decoder.hpp"

namespace tapeline::decode {

namespace {

using codec::iextp::Protocol;

[[nodiscard]] std::string_view feed_name(const net::Session& session) noexcept {
  switch (std::bit_cast<codec::iextp::Session>(session.bytes).protocol()) {
    case Protocol::tops: return "iex-tops";
    case Protocol::deep: return "iex-deep";
    case Protocol::deep_plus: return "iex-deep-plus";
  }
  return "iex";
}

// The instruments that a feed has numbered.
class IexSymbols final : public SymbolNames {
 public:
  void follow(const market::SymbolDirectory& directory) noexcept { directory_ = &directory; }
  [[nodiscard]] std::string_view symbol(market::InstrumentId id) const noexcept override {
    return directory_->symbol(id);
  }

 private:
  const market::SymbolDirectory* directory_ = nullptr;
};

// The messages of one session.
class IexVenue {
 public:
  using Framing = net::IexTpFraming;
  static constexpr net::Framing kFraming = net::Framing::iextp;
  static constexpr std::string_view kFramingName = "IEX-TP";
  static constexpr const auto& kMessageTypes = codec::iex::kMessageTypes;
  static constexpr const auto& kMessageTypeIndex = codec::iex::kMessageTypeIndex;

  class Shared {
   public:
    Shared(const IexDecoderConfig& config, const Schema& schema, Table& table,
           pool::LockFreeBufferPool& pools)
        : config_{config}, schema_{schema}, table_{table}, pools_{pools} {
      if (schema.name().needs_market()) return;
      messages_ = std::make_unique<IexMessageRows>(schema, config.types, table);
    }
    [[nodiscard]] std::size_t lines() const noexcept { return config_.lines; }
    [[nodiscard]] Table& table() const noexcept { return table_; }

   private:
    friend class IexVenue;
    IexDecoderConfig config_;
    const Schema& schema_;
    Table& table_;
    pool::LockFreeBufferPool& pools_;
    std::unique_ptr<IexMessageRows> messages_;  // empty unless the schema is `messages`
  };

  IexVenue(const net::Session& session, Shared& shared)
      : name_{net::session_name(session)},
        day_{shared.config_.zone},
        messages_{shared.messages_.get()} {
    head_.feed = feed_name(session);
    head_.channel = name_;
    if (messages_ != nullptr) return;
    fed_ = std::make_unique<FedMarket<feed::IexFeed>>(shared.schema_, shared.table_, symbols_,
                                                      shared.pools_, shared.config_.prints);
    symbols_.follow(fed_->feed.symbols());
  }

  [[nodiscard]] std::string label() const { return std::string{head_.feed} + "/" + name_; }
  [[nodiscard]] feed::IexFeed* feed() noexcept { return fed_ == nullptr ? nullptr : &fed_->feed; }
  void finish() {
    if (fed_ != nullptr) fed_->rows.finish();
  }

  void on_message(std::uint64_t sequence, std::span<const std::byte> message,
                  const net::Packet& packet) {
    const auto time = codec::load_le<std::uint64_t>(message.data() + codec::iex::kTimestampOffset);
    head_.sequence = sequence;
    head_.receive_ns = packet.rx_time;
    head_.exchange = {time, 0, day_.before(static_cast<std::int64_t>(time))};
    if (messages_ != nullptr) return messages_->write(head_, message);
    apply(message);
  }

 private:
  // The levels of an event change the book when it is complete, so that is when it is compared.
  void apply(std::span<const std::byte> message) {
    fed_->rows.before(head_);
    fed_->feed.apply(message);
    if (!codec::iex::has_symbol(std::to_integer<char>(message.front()))) return;
    const auto* const symbol =
        reinterpret_cast<const char*>(message.data() + codec::iex::kSymbolOffset);
    const auto id = fed_->feed.symbols().find({symbol, codec::iex::kSymbolBytes});
    if (id) fed_->rows.on_book(*id);
  }

  std::string name_;
  DayStart day_;
  IexMessageRows* messages_;  // empty: rows of the market
  IexSymbols symbols_;
  std::unique_ptr<FedMarket<feed::IexFeed>> fed_;
  MessageHead head_;
};

}  // namespace

std::unique_ptr<PacketDecoder> make_iex_decoder(const IexDecoderConfig& config,
                                                const Schema& schema, Table& table,
                                                pool::LockFreeBufferPool& pools) {
  return std::make_unique<SessionDecoder<IexVenue>>(pools, config, schema, table, pools);
}

bool is_iextp(std::span<const std::byte> payload) noexcept {
  const codec::iextp::ParsedHeader parsed = codec::iextp::parse_header(payload);
  return parsed.status != codec::PacketStatus::too_short &&
         parsed.status != codec::PacketStatus::wrong_version &&
         codec::iextp::is_known(parsed.header.session.protocol());
}

}  // namespace tapeline::decode
