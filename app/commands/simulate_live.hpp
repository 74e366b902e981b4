#pragma once

// `tapeline simulate` without --write: a session on live lines, with its servers.
//
// Thread safety: the main thread only.

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "app/commands/simulate_options.hpp"
#include "app/config.hpp"
#include "app/simulate/frame.hpp"
#include "app/simulate/iex_session.hpp"
#include "app/simulate/output_file.hpp"
#include "app/simulate/packet_cutter.hpp"
#include "app/simulate/session.hpp"
#include "codec/iextp/packet.hpp"

namespace tapeline::commands {

// What can be wrong before the work starts is the user's to put right.
template <typename Make>
auto prepare(Make make) -> decltype(make()) {
  try {
    return make();
  } catch (const ConfigError&) {
    throw;
  } catch (const std::exception& error) {
    throw ConfigError{error.what()};
  }
}

// Null for an empty path.
[[nodiscard]] std::unique_ptr<simulate::OutputFile> open_output(const std::string& path,
                                                                bool force);
// `ledger` may be null.
void close_ledger(const simulate::Session& session, const SimulateOptions& options,
                  simulate::OutputFile* ledger);

void close_ledger(const simulate::IexSession& session, simulate::OutputFile* ledger);

// What --venue iex is told as, and when its day begins, since 1970.
inline constexpr std::uint32_t kIexChannel = 1;  // of a made-up day: every one has this number
[[nodiscard]] codec::iextp::Protocol iex_protocol(const SimulateOptions& options);
[[nodiscard]] std::int64_t midnight_ns(const SimulateOptions& options);

[[nodiscard]] simulate::SessionConfig session_config(const SimulateOptions& options);
[[nodiscard]] simulate::FrameFormat frame_format(const SimulateOptions& options);
[[nodiscard]] simulate::CutOptions cut_options(const SimulateOptions& options, bool line_b);

// Plays the session and prints what happened. Returns the exit code; throws as an action does.
[[nodiscard]] int play_live(const SimulateOptions& options);

}  // namespace tapeline::commands
