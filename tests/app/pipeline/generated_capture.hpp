#pragma once

// A generated session as a pcap file that goes away again, and what the generator knows of it.

#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "app/simulate/capture_writer.hpp"
#include "app/simulate/output_file.hpp"
#include "app/simulate/session.hpp"

namespace tapeline {

class GeneratedCapture {
 public:
  // Line A, and with `both` line B with other packet boundaries. `day`: how many after the first.
  GeneratedCapture(const simulate::SessionConfig& config, bool both,
                   const char* session = "TEST000001", std::int64_t day = 0)
      : path_{std::filesystem::temp_directory_path() /
              ("tapeline-" + std::to_string(::getpid()) + "-" + std::to_string(config.seed) + "-" +
               std::to_string(config.messages) + ".pcap")},
        session_{config} {
    simulate::OutputFile file{path_.string(), true};
    simulate::CaptureOptions options;
    options.session = codec::moldudp64::Session::from_text(session);
    options.midnight_ns = kMidnight + day * 86'400 * 1'000'000'000;
    options.lines.push_back({.group = group(1), .cut = {}, .delay_ns = 0, .jitter_ns = 0});
    if (both) {
      options.lines.push_back({.group = group(2),
                               .cut = {.packet_bytes = 700, .packet_messages = 7},
                               .delay_ns = 5'000,
                               .jitter_ns = 40'000});
    }
    simulate::CaptureWriter writer{options, file};
    std::array<std::byte, codec::itch::kMaxMessageBytes> message{};
    while (const std::size_t bytes = session_.next(message)) {
      writer.add({message.data(), bytes}, session_.time_ns());
    }
    writer.finish();
    file.close();
  }
  ~GeneratedCapture() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  GeneratedCapture(const GeneratedCapture&) = delete;
  GeneratedCapture& operator=(const GeneratedCapture&) = delete;

  [[nodiscard]] std::string path() const { return path_.string(); }
  [[nodiscard]] const simulate::Session& truth() const noexcept { return session_; }

  static constexpr std::int64_t kMidnight = 1'767'571'200'000'000'000;  // 2026-01-05

 private:
  [[nodiscard]] static codec::capture::Endpoint group(std::uint32_t number) {
    return {codec::capture::Address::from_ipv4(0xEFC04000U + number), 26400};
  }

  std::filesystem::path path_;
  simulate::Session session_;
};

}  // namespace tapeline
