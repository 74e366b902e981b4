#pragma once

// The messages of a generated session in memory, and a store that has sent them.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "app/simulate/message_store.hpp"
#include "app/simulate/session.hpp"

namespace tapeline::simulate::testing {

using Message = std::vector<std::byte>;
using Messages = std::vector<Message>;  // message n is at [n - 1]

[[nodiscard]] inline Messages generate(const SessionConfig& config) {
  Session session{config};
  Messages messages;
  std::array<std::byte, codec::itch::kMaxMessageBytes> out{};
  while (const std::size_t bytes = session.next(out)) {
    messages.emplace_back(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(bytes));
  }
  return messages;
}

inline void append(MessageStore& store, std::span<const Message> messages) {
  for (const Message& message : messages) store.append(message);
  store.publish();
}

[[nodiscard]] inline Message as_message(std::span<const std::byte> bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace tapeline::simulate::testing
