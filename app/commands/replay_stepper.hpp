#pragma once

// `tapeline replay --step`: shows a packet and its messages, then waits for a key.
//
//   space, Enter   the next packet; behind a number, so many packets
//   n              up to the next packet that brings messages
//   c              goes on without stopping
//   q              ends
//
// A message is shown when it is in its place: the second copy of a line shows nothing new, and what
// came early is shown when the hole in front of it is closed.
//
// The terminal waits for single keys only while one is waited for, so it is as it was at every
// exit, also by a signal.
//
// Thread safety: the main thread only.

#include <cstdint>
#include <memory>
#include <span>

#include "app/replay_input.hpp"
#include "net/packet_batch.hpp"

namespace tapeline::commands {

class ReplayStepper {
 public:
  // Throws ConfigError when the standard input is no terminal.
  ReplayStepper();
  ~ReplayStepper();
  ReplayStepper(const ReplayStepper&) = delete;
  ReplayStepper& operator=(const ReplayStepper&) = delete;

  // Returns false when the user, or a signal, ends the replay. `input` is where it comes from.
  [[nodiscard]] bool on_packet(const net::Packet& packet, const ReplayInput& input);

 private:
  class Decoder;

  void show(const net::Packet& packet, const ReplayInput& input);
  [[nodiscard]] bool ask();

  std::unique_ptr<Decoder> decoder_;  // of the first packet's feed
  std::uint64_t shown_ = 0;
  std::uint64_t to_skip_ = 0;  // packets until the next key
  bool until_messages_ = false;
  bool runs_ = false;
};

}  // namespace tapeline::commands
