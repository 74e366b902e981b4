#include "codec/soupbintcp/encoder.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "codec/soupbintcp/decoder.hpp"
#include "tests/codec/soupbintcp/packet_text.hpp"

namespace tapeline::codec::soupbintcp {
namespace {

using test::Bytes;
using test::bytes_of;
using test::packet;

// What write(out) writes into more room than it needs; nothing behind it may change.
template <typename Write>
Bytes written(Write&& write) {
  Bytes out(kMaxPacketBytes + 8, std::byte{0xEE});
  const std::size_t bytes = write(std::span<std::byte>{out});
  for (std::size_t at = bytes; at < out.size(); ++at) {
    EXPECT_EQ(out[at], std::byte{0xEE}) << at;
    if (out[at] != std::byte{0xEE}) break;
  }
  out.resize(bytes);
  return out;
}

TEST(SoupBinTcpEncoder, WritesEveryPacketAsSpelledOut) {
  const Session session = Session::from_text("000010059");
  const Bytes abc = bytes_of("abc");
  EXPECT_EQ(written([&](auto out) { return write_sequenced(out, abc); }), packet("Sabc"));
  EXPECT_EQ(written([&](auto out) { return write_unsequenced(out, abc); }), packet("Uabc"));
  EXPECT_EQ(written([](auto out) { return write_sequenced(out, {}); }), packet("S"));
  EXPECT_EQ(written([](auto out) { return write_debug(out, "hello"); }), packet("+hello"));
  EXPECT_EQ(written([](auto out) { return write_server_heartbeat(out); }), packet("H"));
  EXPECT_EQ(written([](auto out) { return write_client_heartbeat(out); }), packet("R"));
  EXPECT_EQ(written([](auto out) { return write_end_of_session(out); }), packet("Z"));
  EXPECT_EQ(written([](auto out) { return write_logout_request(out); }), packet("O"));
  EXPECT_EQ(written([](auto out) {
              return write_login_rejected(out, RejectReason::session_not_available);
            }),
            packet("JS"));
  EXPECT_EQ(written([&](auto out) { return write_login_accepted(out, session, 14'757'721); }),
            packet(test::kLoginAccepted));
  EXPECT_EQ(written([](auto out) {
              return write_login_request(out, "ABC", "secret", Session::from_text("0000010059"),
                                         42);
            }),
            packet(test::kLoginRequest));
}

TEST(SoupBinTcpEncoder, FillsFieldsToTheirWidth) {
  EXPECT_EQ(written([](auto out) {
              return write_login_request(out, "USERSX", "0123456789",
                                         Session::from_text("ABCDEFGHIJ"), ~std::uint64_t{0});
            }),
            packet("LUSERSX0123456789ABCDEFGHIJ18446744073709551615"));
  EXPECT_EQ(written([](auto out) { return write_login_request(out, "", "", Session{}, 0); }),
            packet("L" + std::string(26 + 19, ' ') + "0"));
}

TEST(SoupBinTcpEncoder, WritesTheLongestPacket) {
  const Bytes payload(kMaxPayloadBytes, std::byte{'x'});
  const Bytes bytes = written([&](auto out) { return write_sequenced(out, payload); });
  EXPECT_EQ(bytes.size(), kMaxPacketBytes);
  const ParsedPacket parsed = next_packet(bytes);
  EXPECT_EQ(parsed.status, FrameStatus::ok);
  EXPECT_EQ(parsed.payload.size(), kMaxPayloadBytes);
}

TEST(SoupBinTcpEncoder, HeaderStandsInFrontOfAPayloadThatIsThere) {
  Bytes out = bytes_of("???abc");
  EXPECT_EQ(write_header(out, PacketType::sequenced, 3), kHeaderBytes);
  EXPECT_EQ(out, packet("Sabc"));
}

}  // namespace
}  // namespace tapeline::codec::soupbintcp
