#include "net/soup_flows.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "codec/moldudp64/decoder.hpp"
#include "codec/soupbintcp/encoder.hpp"
#include "net/framing.hpp"
#include "tests/net/source_reading.hpp"
#include "tests/net/temporary_file.hpp"

namespace tapeline::net {
namespace {

namespace soup = codec::soupbintcp;
using codec::capture::Address;
using codec::capture::Segment;
using test::Bytes;

const codec::capture::Endpoint kServer{Address::from_ipv4(0x0A000001), 5000};
const codec::capture::Endpoint kClient{Address::from_ipv4(0x0A000002), 40000};

Bytes login(const char* session, std::uint64_t sequence) {
  Bytes bytes(soup::kHeaderBytes + soup::kLoginAcceptedBytes);
  soup::write_login_accepted(bytes, soup::Session::from_text(session), sequence);
  return bytes;
}

Bytes packet(soup::PacketType type, const std::string& payload = "") {
  Bytes bytes(soup::kHeaderBytes);
  soup::write_header(bytes, type, payload.size());
  const Bytes text = test::text(payload);
  bytes.insert(bytes.end(), text.begin(), text.end());
  return bytes;
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// What came out: "session number message", and "session number end".
class Stream {
 public:
  SoupFlows::Taken send(std::span<const std::byte> bytes, std::uint32_t at, UnixNanos time = 7) {
    Segment segment;
    segment.source = kServer;
    segment.destination = kClient;
    segment.sequence = 0xFFFF'FFF0U + at;  // the numbers wrap soon
    const auto taken = flows_.take(segment, bytes, time, 3);
    collect();
    return taken;
  }
  [[nodiscard]] const std::vector<std::string>& told() const { return told_; }
  [[nodiscard]] std::size_t packets() const { return packets_; }

 private:
  void collect() {
    while (flows_.has_packets()) {
      const PacketBatch batch = flows_.take_batch(pool_);
      for (const Packet& packet : batch.packets()) {
        ++packets_;
        EXPECT_EQ(packet.line, 3);
        const ParsedPacket parsed = MoldUdp64Framing::parse(packet.payload());
        const std::string session{parsed.header.session.text()};
        if (parsed.status == PacketStatus::end_of_session) {
          told_.push_back(session + " " + std::to_string(parsed.header.sequence) + " end");
          continue;
        }
        EXPECT_EQ(MoldUdp64Framing::for_each_block(
                      parsed.header, packet.payload(), 0,
                      [&](std::uint64_t sequence, std::span<const std::byte> message) {
                        told_.push_back(session + " " + std::to_string(sequence) + " " +
                                        std::string{reinterpret_cast<const char*>(message.data()),
                                                    message.size()});
                      }),
                  PacketStatus::ok);
      }
    }
  }

  test::SerializationPool pool_{test::small_pool()};
  SoupFlows flows_;
  std::vector<std::string> told_;
  std::size_t packets_ = 0;
};

Bytes a_session() {
  return login("DAY1", 41) + packet(soup::PacketType::sequenced, "first") +
         packet(soup::PacketType::server_heartbeat) + packet(soup::PacketType::debug, "hello") +
         packet(soup::PacketType::sequenced, "second") +
         packet(soup::PacketType::sequenced, "third") + packet(soup::PacketType::end_of_session);
}
const std::vector<std::string> kToldOfASession{"DAY1 41 first", "DAY1 42 second", "DAY1 43 third",
                                               "DAY1 44 end"};

TEST(SoupFlows, MakesTheSameOfAStreamHoweverItIsCut) {
  const Bytes stream = a_session();
  const std::size_t shortest = login("", 1).size();  // a stream is met with a whole login
  for (std::size_t cut = shortest; cut <= stream.size(); ++cut) {
    for (const std::size_t second : {std::size_t{1}, std::size_t{2}, stream.size()}) {
      Stream flow;
      const std::span<const std::byte> all{stream};
      EXPECT_EQ(flow.send(all.first(cut), 0), SoupFlows::Taken::yes);
      for (std::size_t at = cut; at < stream.size(); at += second) {
        const std::size_t bytes = std::min(second, stream.size() - at);
        EXPECT_EQ(flow.send(all.subspan(at, bytes), static_cast<std::uint32_t>(at)),
                  SoupFlows::Taken::yes);
      }
      EXPECT_EQ(flow.told(), kToldOfASession) << cut;
    }
  }
}

TEST(SoupFlows, PassesOverRepeatedBytes) {
  const Bytes stream = a_session();
  const std::span<const std::byte> all{stream};
  Stream flow;
  static_cast<void>(flow.send(all.first(50), 0));
  EXPECT_EQ(flow.send(all.subspan(40, 10), 40), SoupFlows::Taken::yes);
  EXPECT_EQ(flow.send(all.first(50), 0), SoupFlows::Taken::yes);  // also with the login
  static_cast<void>(flow.send(all.subspan(45), 45));
  EXPECT_EQ(flow.told(), kToldOfASession);
}

TEST(SoupFlows, GoesOnWithTheNextLoginWhenBytesAreMissing) {
  Stream flow;
  const Bytes begin = login("DAY1", 1) + packet(soup::PacketType::sequenced, "a");
  static_cast<void>(flow.send(begin, 0));
  const Bytes late = packet(soup::PacketType::sequenced, "b");
  EXPECT_EQ(flow.send(late, 1'000), SoupFlows::Taken::hole);
  EXPECT_EQ(flow.send(late, 1'007), SoupFlows::Taken::no);
  const Bytes again = login("DAY1", 5) + packet(soup::PacketType::sequenced, "e");
  EXPECT_EQ(flow.send(again, 9'000), SoupFlows::Taken::yes);
  EXPECT_EQ(flow.told(), (std::vector<std::string>{"DAY1 1 a", "DAY1 5 e"}));
}

TEST(SoupFlows, LeavesOtherStreamsAlone) {
  Stream flow;
  EXPECT_EQ(flow.send(test::text("GET / HTTP/1.1\r\n\r\n"), 0), SoupFlows::Taken::no);
  EXPECT_EQ(flow.send(packet(soup::PacketType::sequenced, "no login"), 0), SoupFlows::Taken::no);
  EXPECT_EQ(flow.send({}, 0), SoupFlows::Taken::no);
  EXPECT_TRUE(flow.told().empty());
}

TEST(SoupFlows, GivesAStreamUpThatDoesNotFollowTheProtocol) {
  Stream flow;
  const Bytes bad = login("DAY1", 1) + packet(soup::PacketType::sequenced, "a") + Bytes(2);
  EXPECT_EQ(flow.send(bad, 0), SoupFlows::Taken::hole);
  EXPECT_EQ(flow.told(), std::vector<std::string>{"DAY1 1 a"});
}

TEST(SoupFlows, PutsMessagesTogetherUpToTheSizeOfAPacket) {
  Bytes stream = login("DAY1", 1);
  for (int i = 0; i < 100; ++i) {
    stream = stream + packet(soup::PacketType::sequenced, std::string(98, 'x'));
  }
  Stream flow;
  static_cast<void>(flow.send(stream, 0));
  EXPECT_EQ(flow.told().size(), 100U);
  EXPECT_EQ(flow.packets(), 8U);  // of 13 messages each, and a rest
}

TEST(SoupFlows, LosesTheNumberOfAMessageThatFitsIntoNoPacket) {
  const Bytes stream = login("DAY1", 1) +
                       packet(soup::PacketType::sequenced, std::string(65'530, 'x')) +
                       packet(soup::PacketType::sequenced, "b");
  Stream flow;
  static_cast<void>(flow.send(stream, 0));
  EXPECT_EQ(flow.told(), std::vector<std::string>{"DAY1 2 b"});
}

TEST(SoupFlows, KeepsNoMoreStreamsThanItsBound) {
  SoupFlows flows;
  const Bytes begin = login("DAY1", 1);
  Segment segment;
  segment.source = kServer;
  segment.destination = kClient;
  for (std::size_t i = 0; i <= SoupFlows::kMaxFlows; ++i) {
    segment.destination.port = static_cast<std::uint16_t>(i + 1);
    EXPECT_EQ(flows.take(segment, begin, 1, 0), SoupFlows::Taken::yes);
  }
  segment.sequence = static_cast<std::uint32_t>(begin.size());
  const Bytes more = packet(soup::PacketType::sequenced, "a");
  EXPECT_EQ(flows.take(segment, more, 1, 0), SoupFlows::Taken::yes);
  segment.destination.port = 1;  // the oldest gave way
  EXPECT_EQ(flows.take(segment, more, 1, 0), SoupFlows::Taken::no);
}

}  // namespace
}  // namespace tapeline::net
