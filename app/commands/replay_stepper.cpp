#include "app/commands/replay_stepper.hpp"

#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <iostream>
#include <string>
#include <utility>

#include "app/commands/usage.hpp"
#include "app/config.hpp"
#include "app/decode/iex_decoder.hpp"
#include "app/decode/itch_decoder.hpp"
#include "app/decode/json_decoder.hpp"
#include "app/decode/output.hpp"
#include "app/decode/table.hpp"
#include "app/decode/time_text.hpp"
#include "app/feed/feed_kind.hpp"
#include "app/stop_signal.hpp"
#include "app/summary.hpp"
#include "net/framing.hpp"

namespace tapeline::commands {

namespace {

constexpr int kLookMs = 100;  // between looks at whether to stop
constexpr char kNoKey = '\0';
constexpr char kEndOfInput = '\4';

// The terminal gives single keys, and does not show them, while this lives.
class SingleKeys {
 public:
  SingleKeys() {
    known_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!known_) return;
    termios keys = before_;
    keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &keys);
  }
  ~SingleKeys() {
    if (known_) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  }
  SingleKeys(const SingleKeys&) = delete;
  SingleKeys& operator=(const SingleKeys&) = delete;

  // kNoKey when a stop was requested.
  [[nodiscard]] static char wait() {
    while (!stop_requested()) {
      pollfd terminal{STDIN_FILENO, POLLIN, 0};
      if (::poll(&terminal, 1, kLookMs) <= 0) continue;
      char key = kNoKey;
      return ::read(STDIN_FILENO, &key, 1) == 1 ? key : kEndOfInput;
    }
    return kNoKey;
  }

 private:
  termios before_{};
  bool known_ = false;
};

[[nodiscard]] pool::LockFreeBufferPoolConfig decoder_pools() {
  pool::LockFreeBufferPoolConfig config;
  config.serialization.buffer_count = 40;
  config.compression.buffer_count = 1;
  config.simd.buffer_count = 16;
  for (pool::PoolConfig* pool : {&config.serialization, &config.compression, &config.simd}) {
    pool->overflow_buffers = 0;
    pool->growth_thread = false;
    pool->threads = 1;
    pool->huge_pages = false;
  }
  return config;
}

[[nodiscard]] std::vector<std::string_view> fields_of(feed::FeedKind kind) {
  switch (kind) {
    case feed::FeedKind::iex: return decode::iex_fields();
    case feed::FeedKind::json: {
      decode::JsonVenues all{};
      all.fill(true);
      return decode::json_fields(all);
    }
    default: return decode::itch_fields();
  }
}

// The columns without those that are the same for all messages of a packet.
[[nodiscard]] std::string shown_columns(const decode::Schema& schema) {
  std::string fields;
  for (const std::string& column : schema.columns()) {
    if (column == "feed" || column == "channel" || column == "receive_time") continue;
    fields += (fields.empty() ? "" : ",") + column;
  }
  return fields;
}

[[nodiscard]] std::string time_text(std::int64_t unix_ns) {
  decode::TextBuffer text{64};
  decode::IsoTime{}.put(text, unix_ns);
  return std::string{text.view()};
}

[[nodiscard]] std::string destination_of(const net::Packet& packet, const ReplayInput& input) {
  const auto lines = input.lines();
  const auto line = std::find_if(lines.begin(), lines.end(), [&packet](const auto& other) {
    return other.line == packet.line;
  });
  return line == lines.end() ? std::string{} : " " + line->destination.text();
}

// "session 'X', 3 messages from 17 on".
[[nodiscard]] std::string header_text(const net::Packet& packet, feed::FeedKind kind) {
  if (kind == feed::FeedKind::json) return "document";
  const net::ParsedPacket parsed = kind == feed::FeedKind::iex
                                       ? net::IexTpFraming::parse(packet.payload())
                                       : net::MoldUdp64Framing::parse(packet.payload());
  const auto session = one_line(net::session_name(parsed.header.session));
  switch (parsed.status) {
    case net::PacketStatus::ok:
      return fmt::format("session '{}', {} messages from {} on", session, parsed.header.count,
                         parsed.header.sequence);
    case net::PacketStatus::heartbeat:
      return fmt::format("session '{}', heartbeat, next is {}", session, parsed.header.sequence);
    case net::PacketStatus::end_of_session:
      return fmt::format("session '{}', end of session before {}", session, parsed.header.sequence);
    default: return fmt::format("damaged: {}", codec::to_string(parsed.status));
  }
}

}  // namespace

// Rows of messages, written as they are made.
class ReplayStepper::Decoder {
 public:
  explicit Decoder(feed::FeedKind kind)
      : kind_{kind},
        schema_{decode::SchemaName::parse("messages"), fields_of(kind)},
        selection_{schema_, shown_columns(schema_)},
        table_{selection_, decode::Format::text, decode::TimeFormat::iso, {}, output_} {
    constexpr std::size_t kLines = net::LineTable::kMaxLines;
    if (kind == feed::FeedKind::iex) {
      decoder_ = decode::make_iex_decoder(
          {kLines, decode::ExchangeZone::new_york, decode::iex_types({})}, schema_, table_, pools_);
    } else if (kind == feed::FeedKind::json) {
      decoder_ = std::make_unique<decode::JsonDecoder>("FILE", std::span<const std::string_view>{},
                                                       schema_, table_, pools_);
    } else {
      decode::ItchDecoderConfig config;
      config.lines = kLines;
      config.types = decode::itch_types({});
      decoder_ = decode::make_itch_decoder(config, schema_, table_, pools_);
    }
  }

  [[nodiscard]] feed::FeedKind kind() const noexcept { return kind_; }
  void write(std::string_view text) { output_.write(text); }
  // Returns how many messages were shown.
  std::uint64_t show(const net::Packet& packet) {
    const std::uint64_t before = table_.rows();
    decoder_->on_packets({&packet, 1});
    table_.finish();
    return table_.rows() - before;
  }

 private:
  feed::FeedKind kind_;
  pool::LockFreeBufferPool pools_{decoder_pools()};
  decode::Schema schema_;
  decode::Selection selection_;
  decode::Output output_{"-", decode::OutputCompression::none, false};
  decode::Table table_;
  std::unique_ptr<decode::PacketDecoder> decoder_;
};

ReplayStepper::ReplayStepper() {
  if (::isatty(STDIN_FILENO) != 1) {
    throw ConfigError{"--step: keys come from a terminal, and the standard input is none"};
  }
}

ReplayStepper::~ReplayStepper() = default;

bool ReplayStepper::on_packet(const net::Packet& packet, const ReplayInput& input) {
  if (runs_) return true;
  show(packet, input);
  if (runs_ || until_messages_) return true;
  if (to_skip_ > 0) {
    --to_skip_;
    return true;
  }
  return ask();
}

void ReplayStepper::show(const net::Packet& packet, const ReplayInput& input) {
  if (decoder_ == nullptr) {
    auto kind = feed::FeedKind::itch;
    if (input.kind() == net::CaptureKind::json_lines) {
      kind = feed::FeedKind::json;
    } else if (net::recognise_framing(packet.payload()) == net::Framing::iextp) {
      kind = feed::FeedKind::iex;
    }
    decoder_ = std::make_unique<Decoder>(kind);
  }
  decoder_->write(fmt::format("packet {}  {}  line {}{}  {} bytes  {}\n", ++shown_,
                              time_text(packet.rx_time), packet.line + 1,
                              destination_of(packet, input), packet.payload_bytes,
                              header_text(packet, decoder_->kind())));
  if (decoder_->show(packet) > 0) until_messages_ = false;
}

// Returns false when the replay is to end.
bool ReplayStepper::ask() {
  constexpr std::string_view kHelp =
      "space: next packet (behind a number: so many), n: next with messages, c: go on, q: quit";
  constexpr std::uint64_t kMostPackets = 1'000'000'000;
  const SingleKeys keys;
  std::uint64_t number = 0;
  std::cerr << kHelp << std::flush;
  for (;;) {
    const char key = SingleKeys::wait();
    std::cerr << "\r\033[K" << std::flush;
    switch (key) {
      case ' ':
      case '\n': to_skip_ = number > 0 ? number - 1 : 0; return true;
      case 'n': until_messages_ = true; return true;
      case 'c': runs_ = true; return true;
      case 'q':
      case kEndOfInput:
      case kNoKey: return false;
      default: break;
    }
    if (std::isdigit(static_cast<unsigned char>(key)) != 0) {
      number = std::min(number * 10 + static_cast<std::uint64_t>(key - '0'), kMostPackets);
    } else {
      number = 0;
    }
    std::cerr << (number > 0 ? std::to_string(number) + " packets with space" : std::string{kHelp})
              << std::flush;
  }
}

}  // namespace tapeline::commands
