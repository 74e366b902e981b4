// Any bytes as the stream of a SoupBinTCP server: packets stay inside the input, what the decoder
// takes is what the encoder writes, and a session that gets them numbers its messages without a
// break outside of declared gaps, whatever happens, over several connections.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "codec/glimpse/end_of_snapshot.hpp"
#include "codec/soupbintcp/decoder.hpp"
#include "codec/soupbintcp/encoder.hpp"
#include "net/soup_session.hpp"

namespace {

using namespace tapeline;
namespace soup = codec::soupbintcp;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_fields(const soup::ParsedPacket& packet) {
  std::array<std::byte, soup::kHeaderBytes + soup::kLoginRequestBytes> out{};
  if (const auto accepted = soup::parse_login_accepted(packet.payload)) {
    require(packet.payload.size() == soup::kLoginAcceptedBytes);
    const std::size_t size = soup::write_login_accepted(out, accepted->session, accepted->sequence);
    const auto again =
        soup::parse_login_accepted(std::span{out}.first(size).subspan(soup::kHeaderBytes));
    require(again && again->session == accepted->session && again->sequence == accepted->sequence);
  }
  if (const auto request = soup::parse_login_request(packet.payload)) {
    require(packet.payload.size() == soup::kLoginRequestBytes);
    static_cast<void>(request->is_by("ABC", "secret"));
    soup::write_login_request(out, "", "", request->session(), request->sequence());
    const auto again = soup::parse_login_request(std::span{out}.subspan(soup::kHeaderBytes));
    require(again && again->session() == request->session() &&
            again->sequence() == request->sequence());
  }
  if (const auto end = codec::glimpse::parse_end_of_snapshot(packet.payload)) {
    codec::glimpse::write_end_of_snapshot(out, *end);
    const auto again = codec::glimpse::parse_end_of_snapshot(
        std::span{out}.first(codec::glimpse::EndOfSnapshot::kBytes));
    require(again && again->next_sequence == end->next_sequence);
  }
}

// Every number is the next one, or behind a gap that was declared.
struct Ledger {
  void on_message(std::uint64_t sequence, std::span<const std::byte>, const net::Packet&) {
    require(sequence == next);
    ++next;
    ++messages;
  }
  void on_gap(const net::GapRange& gap) {
    require(gap.first == next && gap.last_exclusive > gap.first);
    next = gap.last_exclusive;
  }
  void on_session(const soup::Session&, std::uint64_t first) { next = first; }

  std::uint64_t next = 0;
  std::uint64_t messages = 0;
};

void play(std::span<const std::byte> stream, std::uint64_t first_asked) {
  net::SoupSession session{{.sequence = first_asked, .next_session_ns = 1'000'000'000}};
  Ledger ledger;
  const net::Packet packet{};
  std::int64_t now = 0;
  bool connected = false;
  for (;;) {
    const auto parsed = soup::next_packet(stream);
    if (parsed.status != soup::FrameStatus::ok) break;
    if (!connected) {
      const auto login = soup::next_packet(session.connect(net::Credentials{}, now));
      require(login.status == soup::FrameStatus::ok &&
              soup::parse_login_request(login.payload).has_value());
      session.note_sent(now);
      connected = true;
    }
    session.note_received(now);
    const auto content = stream.subspan(soup::kLengthBytes, parsed.bytes - soup::kLengthBytes);
    stream = stream.subspan(parsed.bytes);
    now += 100'000'000;
    bool open = session.on_content(content, packet, ledger);
    if (open && session.next_deadline() <= now) {
      const auto due = session.on_timer(now);
      require(!due.close || due.send.empty());
      if (!due.send.empty()) session.note_sent(now);
      open = !due.close;
    }
    if (open) continue;
    const auto plan = session.disconnected(session.close_reason());
    if (plan.retry == net::Retry::never) break;
    connected = false;
  }
  session.end_stretch();
  require(session.counters().sequenced.get() == ledger.messages);
  if (session.has_session()) require(session.next_sequence() == ledger.next);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> stream = std::as_bytes(std::span{data, size});
  std::vector<std::byte> out(size);
  for (auto rest = stream;;) {
    const auto packet = soup::next_packet(rest);
    if (packet.status != soup::FrameStatus::ok) {
      require(packet.bytes == 0 && packet.payload.empty());
      break;
    }
    require(packet.bytes <= rest.size() &&
            packet.bytes == soup::kHeaderBytes + packet.payload.size());
    require(packet.payload.data() == rest.data() + soup::kHeaderBytes);
    require(soup::write_packet(out, packet.type, packet.payload) == packet.bytes);
    require(std::ranges::equal(std::span{out}.first(packet.bytes), rest.first(packet.bytes)));
    check_fields(packet);
    rest = rest.subspan(packet.bytes);
  }
  play(stream, 1);
  play(stream, 0);
  return 0;
}
