#pragma once

// A generated day as IEX tells it: what a Session's orders do, as TOPS 1.6, DEEP 1.0 or DEEP+ 1.0.
//
//   TOPS   quotes and trades. An act that leaves the top of a book as it was tells no quote.
//   DEEP   price levels and trades. One act of a participant is one event: its trades and the new
//          sizes of the levels it touched, the last level with the flag that completes the event.
//   DEEP+  orders and trades. A replaced order keeps its id; what leaves a book without a print is
//          a modified or deleted order; books are cleared once, before their first order.
//
// All messages of an act have one time, and no two acts have the same: an event is known by its
// time. The truth of an event is Session::books() after it; of trades, volume and notional it is
// Session::ledger().
//
// Messages of the day that the protocol has no word for are left out, so the number of messages is
// another than that of the session. Times count from 1970: `midnight_ns` is when the day begins.
//
// Thread safety: none.
// Memory:        grows with open orders and with trades, which a break may name.
// Ownership:     the session is not owned and must outlive this.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "app/simulate/feed.hpp"
#include "app/simulate/order_books.hpp"
#include "app/simulate/session.hpp"
#include "codec/iex/encoder.hpp"
#include "codec/iextp/packet.hpp"

namespace tapeline::simulate {

// Of one instrument.
struct IexTruth {
  std::uint64_t events = 0;  // of TOPS, quotes
  // Over the book after each event, both sides from the best level on (of TOPS, that level only):
  // digest = (digest ^ word) * 0x100000001B3 for the price and the shares of each level, and a word
  // of 0 behind each side.
  std::uint64_t books_digest = 0xCBF2'9CE4'8422'2325;
};

class IexSession {
 public:
  struct Message {
    std::array<std::byte, codec::iex::kMaxMessageBytes> data;
    std::size_t size = 0;

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
      return std::span{data}.first(size);
    }
  };

  using Protocol = codec::iextp::Protocol;

  // Requires: codec::iextp::is_known(protocol).
  IexSession(Session& session, Protocol protocol, std::int64_t midnight_ns);

  // Makes the messages of the next act. Returns false when the day is over.
  bool next();

  // What next() made; there may be none.
  [[nodiscard]] std::span<const Message> messages() const noexcept { return messages_; }
  // Whose books it changed: an event of each is complete.
  [[nodiscard]] std::span<const std::uint16_t> touched() const noexcept { return touched_; }
  // Of the messages, in nanoseconds since midnight.
  [[nodiscard]] std::uint64_t time_ns() const noexcept { return time_ns_; }

  [[nodiscard]] const Session& session() const noexcept { return session_; }
  // By index of the instrument.
  [[nodiscard]] const std::vector<IexTruth>& truths() const noexcept { return truths_; }

 private:
  struct Translator;

  struct Resting {
    codec::iex::OrderId id{};
    std::uint32_t shares = 0;
    std::uint32_t price = 0;
    std::uint16_t instrument = 0;
    Side side = Side::buy;
  };
  struct Trade {
    std::uint32_t shares = 0;
    std::uint32_t price = 0;
    std::uint8_t conditions = 0;
  };
  // A message, or the place of a level whose size is known at the end of the act.
  struct Item {
    Message message;
    bool is_level = false;
    bool is_last = false;  // of its event
    std::uint16_t instrument = 0;
    Side side = Side::buy;
    std::uint32_t price = 0;
  };

  using Quote = codec::iex::QuoteFields;

  [[nodiscard]] std::int64_t timestamp_ns() const noexcept {
    return midnight_ns_ + static_cast<std::int64_t>(time_ns_);
  }
  void complete_events() noexcept;
  void tell_quotes(std::uint8_t flags);
  void tell_level(Item& item) const noexcept;
  [[nodiscard]] Quote quote_of(std::uint16_t instrument) const noexcept;
  void note_truth(std::uint16_t instrument);

  Session& session_;
  Protocol protocol_;
  std::int64_t midnight_ns_;
  std::uint64_t time_ns_ = 0;
  std::vector<IexTruth> truths_;
  std::unordered_map<std::uint64_t, Resting> orders_;
  std::unordered_map<std::uint64_t, Trade> trades_;
  std::vector<std::vector<std::byte>> act_;  // ITCH messages; the vectors are used again
  std::vector<Item> items_;
  std::vector<Message> messages_;
  std::vector<std::uint16_t> touched_;
  std::vector<Quote> quotes_;  // the last told, by index of the instrument
};

// The messages of such a day, one by one, for Player.
class IexSessionFeed {
 public:
  // `session` is not owned and must outlive this.
  explicit IexSessionFeed(IexSession& session) noexcept : session_{session} {}

  [[nodiscard]] std::optional<FeedMessage> next() {
    while (is_settled()) {
      if (is_over_ || !session_.next()) {
        is_over_ = true;
        return std::nullopt;
      }
      taken_ = 0;
    }
    return FeedMessage{session_.messages()[taken_++].bytes(), session_.time_ns()};
  }
  [[nodiscard]] bool is_settled() const noexcept { return taken_ == session_.messages().size(); }

 private:
  IexSession& session_;
  std::size_t taken_ = 0;
  bool is_over_ = false;
};

}  // namespace tapeline::simulate
