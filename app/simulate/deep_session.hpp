#pragma once

// A generated day as IEX DEEP 1.0 tells it: what a Session's orders do, as price levels and trades.
//
// One act of a participant is one event: its trades and the new sizes of the levels it touched, all
// at one time, the last level with the flag that completes the event. The truth of an event is
// Session::books() after it; of trades, volume and notional it is Session::ledger().
//
// Messages of the day that DEEP has no word for are left out, so the number of messages is another
// than that of the session. Times count from 1970: `midnight_ns` is when the day begins.
//
// Thread safety: none.
// Memory:        grows with open orders and with trades, which a break may name.
// Ownership:     the session is not owned and must outlive this.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "app/simulate/order_books.hpp"
#include "app/simulate/session.hpp"
#include "codec/iex/encoder.hpp"

namespace tapeline::simulate {

// Of one instrument.
struct DeepTruth {
  std::uint64_t events = 0;
  // Over the book after each event, both sides from the best level on: digest = (digest ^ word) *
  // 0x100000001B3 for the price and the shares of each level, and a word of 0 behind each side.
  std::uint64_t books_digest = 0xCBF2'9CE4'8422'2325;
};

class DeepSession {
 public:
  struct Message {
    std::array<std::byte, codec::iex::kMaxMessageBytes> data;
    std::size_t size = 0;

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
      return std::span{data}.first(size);
    }
  };

  DeepSession(Session& session, std::int64_t midnight_ns);

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
  [[nodiscard]] const std::vector<DeepTruth>& truths() const noexcept { return truths_; }

 private:
  struct Translator;

  struct Resting {
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

  void tell_items();
  void tell_level(Item& item) const noexcept;
  void note_truth(std::uint16_t instrument);

  Session& session_;
  std::int64_t midnight_ns_;
  std::uint64_t time_ns_ = 0;
  std::vector<DeepTruth> truths_;
  std::unordered_map<std::uint64_t, Resting> orders_;
  std::unordered_map<std::uint64_t, Trade> trades_;
  std::vector<std::vector<std::byte>> act_;  // ITCH messages; the vectors are used again
  std::vector<Item> items_;
  std::vector<Message> messages_;
  std::vector<std::uint16_t> touched_;
};

}  // namespace tapeline::simulate
