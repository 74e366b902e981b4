#pragma once

// Files made of the packets of another capture, and what a replay knows at its end, as text.

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "app/replay.hpp"
#include "codec/capture/encoder.hpp"
#include "net/open_capture.hpp"
#include "tests/net/temporary_file.hpp"

namespace tapeline::test {

using net::test::Bytes;
using net::test::TemporaryFile;

inline const codec::capture::Endpoint kLineA{codec::capture::Address::from_ipv4(0xEFC04001), 26400};
inline const codec::capture::Endpoint kLineB{codec::capture::Address::from_ipv4(0xEFC04002), 26400};

// A nanosecond pcap (LINKTYPE_RAW) of the packets of `path` that `keep` wants; `shift_ns` later.
inline Bytes packets_of(
    const std::string& path,
    const std::function<bool(const net::Packet&, const codec::capture::Endpoint&)>& keep,
    std::int64_t shift_ns = 0) {
  using codec::capture::TimeUnit;
  pool::LockFreeBufferPool pools{pool::LockFreeBufferPoolConfig{}};
  const auto opened = net::open_capture(path, pools.serialization());
  EXPECT_EQ(opened.error, "");
  std::array<std::byte, 64> head{};
  Bytes file(head.begin(),
             head.begin() + static_cast<std::ptrdiff_t>(codec::capture::write_file_header(
                                head, TimeUnit::nano, codec::capture::LinkType::raw)));
  std::copy(head.begin(), head.begin() + static_cast<std::ptrdiff_t>(file.size()), file.begin());
  for (;;) {
    const net::PacketBatch batch = opened.source->next();
    if (batch.empty()) return file;
    for (const net::Packet& packet : batch.packets()) {
      const auto line = opened.source->lines()[packet.line].destination;
      if (!keep(packet, line)) continue;
      const std::size_t bytes =
          codec::capture::write_record_header(head, TimeUnit::nano, packet.rx_time + shift_ns,
                                              packet.datagram_bytes, packet.datagram_bytes);
      file.insert(file.end(), head.begin(), head.begin() + static_cast<std::ptrdiff_t>(bytes));
      file.insert(file.end(), packet.bytes().begin(), packet.bytes().end());
    }
  }
}

inline Bytes packets_of(const std::string& path, const codec::capture::Endpoint& line) {
  return packets_of(path, [&line](const net::Packet&, const codec::capture::Endpoint& other) {
    return other == line;
  });
}

// Books and totals of every instrument, bit for bit.
inline std::string outcome(Replay& replay) {
  std::string text;
  market::Market& market = replay.market();
  const auto add = [&text](auto number) { text += std::to_string(number) + " "; };
  for (std::size_t i = 0; i < market.instrument_bound(); ++i) {
    const auto id = static_cast<market::InstrumentId>(i);
    if (!market.instrument(id).seen) continue;
    text += "\n" + std::string{market.symbol(id)} + ": ";
    for (const market::Side side : {market::Side::buy, market::Side::sell}) {
      for (const market::Level& level : market.book(id).levels(side)) {
        add(market::raw(level.price));
        add(level.shares);
        add(level.orders);
      }
      text += "| ";
    }
    const market::SessionTotals totals = market.totals(id);
    add(totals.volume);
    add(totals.trades);
    add(std::bit_cast<std::uint64_t>(totals.vwap()));
    add(market::raw(totals.last));
    add(static_cast<int>(totals.incomplete));
  }
  return text;
}

// Bars, bit for bit.
class BarText final : public market::BarSink {
 public:
  void on_bar(const market::Bar& bar) noexcept override {
    text += std::to_string(market::index_of(bar.instrument)) + " " +
            std::to_string(static_cast<int>(bar.period)) + " " + std::to_string(bar.start_ns) +
            " " + std::to_string(market::raw(bar.open)) + " " +
            std::to_string(market::raw(bar.high)) + " " + std::to_string(market::raw(bar.low)) +
            " " + std::to_string(market::raw(bar.close)) + " " + std::to_string(bar.volume) + " " +
            std::to_string(std::bit_cast<std::uint64_t>(bar.vwap)) + "\n";
  }
  std::string text;
};

}  // namespace tapeline::test
