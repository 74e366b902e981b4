#include "app/simulate/in_process_link.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <vector>

#include "app/simulate/player.hpp"
#include "codec/moldudp64/encoder.hpp"
#include "net/recovery.hpp"
#include "net/sequencer.hpp"
#include "tests/net/mold_packet.hpp"

namespace tapeline::simulate {
namespace {

namespace moldudp64 = codec::moldudp64;

const moldudp64::Session kSession = moldudp64::Session::from_text("INPROCESS");
constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1'000'000'000;

// Sequencer and recovery, and a digest of what they deliver.
class Receiver {
 public:
  Receiver(std::size_t lines, std::size_t servers, net::SerializationPool& pool)
      : lines_{lines},
        sequencer_{{.lines = lines,
                    .hold_packets = 16'384,
                    .hold_bytes = std::size_t{16} << 20U,
                    .hold_ns = 20 * kMs,
                    .first_expected = 1,
                    .accept_unsequenced = false,
                    .request_lines = servers,
                    .recovery_ns = servers == 0 ? 0 : 60 * kSecond},
                   pool},
        recovery_{{.servers = servers, .attempts = 20, .max_requests_per_second = 100'000}} {}

  void on_packet(const net::Packet& packet, std::int64_t now_ns) {
    sequencer_.on_packet(packet, now_ns, handler_);
    if (packet.line >= lines_) recovery_.on_reply(packet, now_ns);
  }
  template <typename Send>
  void poll(std::int64_t now_ns, Send&& send) {
    if (sequencer_.next_deadline() <= now_ns) sequencer_.on_timer(now_ns, handler_);
    recovery_.poll(sequencer_, now_ns, send);
  }
  [[nodiscard]] std::int64_t next_deadline() const {
    return std::min(sequencer_.next_deadline(), recovery_.next_deadline());
  }

  [[nodiscard]] const net::Sequencer& sequencer() const { return sequencer_; }
  [[nodiscard]] const net::Recovery& recovery() const { return recovery_; }
  [[nodiscard]] std::uint64_t digest() const { return handler_.digest; }

 private:
  struct Digest {
    void on_message(std::uint64_t sequence, std::span<const std::byte> message,
                    const net::Packet&) {
      mix(sequence);
      mix(message);
    }
    void on_gap(const net::GapRange& gap) { mix(gap.first ^ gap.last_exclusive << 32U); }

    void mix(std::uint64_t value) { digest = (digest ^ value) * 0x100000001B3U; }
    void mix(std::span<const std::byte> message) {
      for (const std::byte byte : message) mix(static_cast<std::uint64_t>(byte));
    }
    std::uint64_t digest = 0xCBF29CE484222325U;

    friend class InProcessLinkTest;
  };
  friend class InProcessLinkTest;

  std::size_t lines_;
  net::Sequencer sequencer_;
  net::Recovery recovery_;
  Digest handler_;
};

struct NeverStop {
  [[nodiscard]] bool keep_going(std::uint64_t) const { return true; }
};

class InProcessLinkTest : public ::testing::Test {
 protected:
  using Link = InProcessLink<Receiver>;

  [[nodiscard]] static InProcessConfig config(const std::vector<ServerFaultPlan>& servers) {
    InProcessConfig config;
    config.servers.session = kSession;
    config.servers.faults = servers;
    return config;
  }

  // What a receiver without losses would have made of the session.
  [[nodiscard]] static std::uint64_t true_digest(const SessionConfig& session_config) {
    Session session{session_config};
    Receiver::Digest digest;
    std::array<std::byte, codec::itch::kMaxMessageBytes> message;
    std::uint64_t sequence = 0;
    while (const std::size_t bytes = session.next(message)) {
      digest.mix(++sequence);
      digest.mix(std::span{message}.first(bytes));
    }
    return digest.digest;
  }

  struct Run {
    std::uint64_t digest = 0;
    std::uint64_t messages = 0;
    std::uint64_t lost = 0;
    std::uint64_t requests = 0;
    std::uint64_t end_ns = 0;
    friend bool operator==(const Run&, const Run&) = default;
  };

  Run play(const SessionConfig& session_config, std::uint64_t rate, const FaultPlan& plan,
           std::uint64_t seed, const std::vector<ServerFaultPlan>& servers) {
    Session session{session_config};
    GeneratedFeed feed{session};
    Receiver receiver{2, servers.size(), pool_.serialization()};
    Link link{config(servers), plan, seed, receiver, watch_};
    PlayOptions options;
    options.session = kSession;
    options.rate = rate;
    NeverStop watch;
    Player player{options, feed, link, link, watch};
    player.play();
    link.drain(Link::kNoDeadline - 1);
    const net::SequencerCounters& counters = receiver.sequencer().counters();
    return {receiver.digest(), counters.messages.get(), counters.messages_lost.get(),
            receiver.recovery().counters().requests.get(), link.now_ns()};
  }

  pool::LockFreeBufferPool pool_{net::testing::small_pool(130, std::size_t{128} * 1024)};
  NoWatch watch_;
};

TEST_F(InProcessLinkTest, TenMinutesOfMarketComeThroughHeavyFaultsUnharmed) {
  constexpr SessionConfig kDay{.messages = 300'000, .instruments = 50};
  const FaultPlan plan = parse_faults(
      "loss=5%,burst=0.1%x300,dup=2%,reorder=10%x32,delay-b=3ms,dead-b=100s-300s,malformed=5%,"
      "foreign=1%");
  const ServerFaultPlan server = parse_faults("server-loss=10%,server-delay=1ms").server;
  const Run run = play(kDay, 500, plan, 1, {server});
  EXPECT_EQ(run.messages, kDay.messages);
  EXPECT_EQ(run.lost, 0U);
  EXPECT_GT(run.requests, 100U);
  EXPECT_EQ(run.digest, true_digest(kDay));
  EXPECT_GE(run.end_ns, static_cast<std::uint64_t>(600 * kSecond));
}

TEST_F(InProcessLinkTest, SameSeedGivesTheSameRun) {
  constexpr SessionConfig kDay{.messages = 20'000, .instruments = 50};
  const FaultPlan plan = parse_faults("loss=20%,reorder=20%x16");
  const Run first = play(kDay, 10'000, plan, 5, {});
  EXPECT_GT(first.lost, 0U);
  EXPECT_EQ(play(kDay, 10'000, plan, 5, {}), first);
  EXPECT_NE(play(kDay, 10'000, plan, 6, {}), first);
}

std::vector<std::byte> packet_of(std::uint64_t sequence, const std::vector<std::string>& messages) {
  std::vector<std::byte> memory(1'000);
  moldudp64::PacketBuilder builder{memory};
  builder.start(kSession, sequence);
  for (const std::string& message : messages) {
    EXPECT_TRUE(builder.try_add(std::as_bytes(std::span{message})));
  }
  memory.resize(builder.finish().size());
  return memory;
}

// Asks what it is told to ask, and notes what comes.
struct Asker {
  void on_packet(const net::Packet& packet, std::int64_t now_ns) {
    const auto parsed = moldudp64::parse_header(packet.payload());
    came.push_back({packet.line, parsed.header.sequence, parsed.header.count, now_ns});
  }
  template <typename Send>
  void poll(std::int64_t, Send&& send) {
    deadline = stuck ? deadline : Link::kNoDeadline;
    if (wanted.count == 0) return;
    std::array<std::byte, moldudp64::kRequestBytes> request{};
    moldudp64::write_request(request, wanted);
    wanted.count = 0;
    send(server, std::span<const std::byte>{request});
  }
  [[nodiscard]] std::int64_t next_deadline() const { return deadline; }

  using Link = InProcessLink<Asker>;
  struct Came {
    std::uint16_t line;
    std::uint64_t sequence;
    std::uint16_t count;
    std::int64_t now_ns;
    friend bool operator==(const Came&, const Came&) = default;
  };
  moldudp64::Request wanted{};
  std::size_t server = 0;
  std::int64_t deadline = Link::kNoDeadline;
  bool stuck = false;
  std::vector<Came> came{};
};

class InProcessServersTest : public ::testing::Test {
 protected:
  static constexpr std::int64_t kStart = Asker::Link::kStartNs;

  explicit InProcessServersTest(std::string_view faults = "server-delay=2ms") {
    config_.servers.session = kSession;
    config_.servers.faults = {ServerFaultPlan{}, parse_faults(faults).server};
    link_ = std::make_unique<Asker::Link>(config_, parse_faults("loss=100%"), 1, asker_, watch_);
  }

  void ask(std::size_t server, std::uint64_t first, std::uint16_t count, std::int64_t at_ns) {
    asker_.server = server;
    asker_.wanted = {kSession, first, count};
    asker_.deadline = at_ns;
    link_->run_until(at_ns);
  }

  InProcessConfig config_;
  NoWatch watch_;
  Asker asker_;
  std::unique_ptr<Asker::Link> link_;
};

TEST_F(InProcessServersTest, AnswerWhatWasSentThoughTheLinesLostIt) {
  link_->send_on(0, packet_of(1, {"one", "two"}));
  link_->send_on(1, packet_of(1, {"one", "two", "three"}));  // cut differently
  ask(1, 2, 5, kStart + kMs);
  link_->drain(kStart + kSecond);
  EXPECT_EQ(asker_.came, (std::vector<Asker::Came>{{3, 2, 2, kStart + 3 * kMs}}));
}

TEST_F(InProcessServersTest, AreSilentAboutWhatWasNotSent) {
  link_->send_on(0, packet_of(1, {"one"}));
  ask(0, 2, 1, kStart + kMs);
  link_->drain(kStart + kSecond);
  EXPECT_TRUE(asker_.came.empty());
  EXPECT_EQ(link_->servers().server(0).counters().not_held.get(), 1U);
}

TEST_F(InProcessServersTest, RequestsThatNoReceiverMaySendAreErrors) {
  link_->send_on(0, packet_of(1, {"one"}));
  EXPECT_THROW(ask(2, 1, 1, kStart + kMs), std::logic_error);
  EXPECT_THROW(ask(0, 0, 1, kStart + 2 * kMs), std::logic_error);
}

TEST_F(InProcessServersTest, ADeadlineThatDoesNotMoveOnIsAnError) {
  asker_.deadline = kStart;
  asker_.stuck = true;
  EXPECT_THROW(link_->run_until(kStart + kMs), std::logic_error);
}

}  // namespace
}  // namespace tapeline::simulate
