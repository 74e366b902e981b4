#include "app/replay_input.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "app/config.hpp"
#include "app/stop_signal.hpp"
#include "net/framing.hpp"
#include "net/itch_file_source.hpp"

namespace tapeline {

namespace {

using net::SourceState;
using net::UnixNanos;

constexpr std::chrono::microseconds kSilencePause{50};

// That are left out in one call before it returns empty-handed, so that its caller can look at
// whether it was told to stop.
constexpr int kBatchesPerCall = 64;

// Packets this much older than their neighbours are looked for behind the end of the span.
constexpr UnixNanos kReorderNs = 1'000'000'000;

// What the times of a replay without end stay below.
constexpr UnixNanos kFirstTime = 0;
constexpr UnixNanos kLastTime = 8'000'000'000'000'000'000;

}  // namespace

ReplayInput::ReplayInput(std::vector<std::string> files, ReplayInputOptions options,
                         SerializationPool& buffers)
    : files_{std::move(files)}, options_{std::move(options)}, buffers_{buffers} {
  if (files_.size() > kMaxFiles) {
    throw ConfigError{"at most " + std::to_string(kMaxFiles) + " files at a time"};
  }
  const auto inputs = std::count(files_.begin(), files_.end(), "-");
  if (inputs > 1) throw ConfigError{"-: the standard input can be read once only"};
  if (inputs == 1 && options_.loops > 1) {
    throw ConfigError{"--loop: the standard input can be read once only"};
  }
  open_all();
  check_bounds();
  if (options_.loops > 1 && kind_ == net::CaptureKind::json_lines) {
    throw ConfigError{"--loop: the numbers of JSON documents go on, so they are played once only"};
  }
  if (merged_ != nullptr) refuse_different_feeds();
  if ((options_.from || options_.to) && inputs == 0) open_at_the_span();
}

// Looks at the first packets, and opens everything again so that of archives only the span is read:
// a time of day is one of the day that they tell. TCP streams are read from their logins on.
void ReplayInput::open_at_the_span() {
  UnixNanos first = kLastTime;
  const auto look_at = [&](const net::PullSource& source, std::span<const net::Packet> packets) {
    if (!packets.empty()) first = std::min(first, packets.front().rx_time);
    has_streams_ = has_streams_ || source.counters().get(net::SourceCounter::tcp_segments) != 0;
  };
  if (merged_ != nullptr) {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      look_at(*merged_->inputs()[i].source, merged_->first_packets(i));
    }
  } else {
    const net::PacketBatch batch = source_->next();
    look_at(*source_, batch.packets());
  }
  if (first != kLastTime) choose_span(first);
  source_.reset();  // its buffers go home first
  open_all();
  if (merged_ != nullptr) refuse_different_feeds();
}

std::unique_ptr<net::PullSource> ReplayInput::open(const std::string& file, std::size_t index) {
  net::CaptureOptions capture;
  capture.filter = options_.filter;
  capture.decompress_ahead = true;
  if (span_chosen_ && !has_streams_) {
    if (from_ > kFirstTime) capture.span.from = from_;
    if (to_ < kLastTime) capture.span.to = to_ + kReorderNs;
  }
  if (options_.day) {
    capture.itch_file.midnight_ns = decode::midnight_of_day(*options_.day, options_.zone);
  }
  if (index > 0) {  // a session of its own, not the same one again
    capture.itch_file.session =
        codec::moldudp64::Session::from_text("FILE" + std::to_string(index + 1));
  }
  net::OpenedCapture opened = net::open_capture(file, buffers_, std::move(capture));
  if (opened.source == nullptr) throw ConfigError{opened.error};
  if (index > 0 && opened.kind != kind_) {
    throw ConfigError{file + ": JSON lines and captures of packets are not played together"};
  }
  kind_ = opened.kind;
  return std::move(opened.source);
}

void ReplayInput::open_all() {
  std::vector<net::MergeInput> inputs;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    net::MergeInput input{open(files_[i], i), 0, true};
    const bool is_itch = dynamic_cast<const net::ItchFileSource*>(input.source.get()) != nullptr;
    input.has_times = !is_itch || options_.day.has_value();
    has_undated_ = has_undated_ || !input.has_times;
    has_dated_ = has_dated_ || input.has_times;
    inputs.push_back(std::move(input));
  }
  merged_ = nullptr;
  if (inputs.size() == 1) {
    source_ = std::move(inputs.front().source);
    return;
  }
  auto merged = std::make_unique<net::MergedSource>(std::move(inputs), buffers_);
  merged_ = merged.get();
  source_ = std::move(merged);
}

void ReplayInput::check_bounds() const {
  if (!has_undated_ || !(options_.from || options_.to)) return;
  const bool names_day = (options_.from && !options_.from->is_time_of_day) ||
                         (options_.to && !options_.to->is_time_of_day);
  if (names_day || has_dated_) {
    throw ConfigError{
        "--from and --to: a file of ITCH messages tells no day: give it with --date, or play the "
        "file alone with times of day"};
  }
}

// Files whose first packets are of different framings are of different feeds.
void ReplayInput::refuse_different_feeds() {
  while (!merged_->look_ahead(0)) {
    if (stop_requested()) return;
    std::this_thread::sleep_for(kSilencePause);
  }
  if (kind_ == net::CaptureKind::json_lines) return;
  std::optional<std::size_t> first;
  net::Framing framing{};
  for (std::size_t i = 0; i < files_.size(); ++i) {
    const auto packets = merged_->first_packets(i);
    if (packets.empty()) continue;
    const net::Framing this_one = net::recognise_framing(packets.front().payload());
    if (!first) {
      first = i;
      framing = this_one;
    } else if (this_one != framing) {
      throw ConfigError{files_[i] + ": is of another feed than " + files_[*first] +
                        "; play them one at a time"};
    }
  }
}

net::PacketBatch ReplayInput::next() {
  for (int tries = 0; tries < kBatchesPerCall; ++tries) {
    net::PacketBatch batch = source_->next();
    if (batch.empty()) {
      state_ = source_->state();
      if (state_ != SourceState::would_block) conclude();
      return {};
    }
    state_ = SourceState::ready;
    const bool is_next_file = merged_ != nullptr && merged_->begins_anew();
    if (is_next_file && next_join_ == Join::goes_on) next_join_ = Join::next_file;
    if (!span_chosen_) choose_span(batch.packets().front().rx_time);
    if (is_past_end(batch)) {
      conclude();
      return {};
    }
    cut(batch);
    if (batch.empty()) continue;
    if (options_.loops > 1) shift(batch);
    played_any_ = true;
    join_ = std::exchange(next_join_, Join::goes_on);
    return batch;
  }
  state_ = SourceState::would_block;
  return {};
}

void ReplayInput::choose_span(UnixNanos first) noexcept {
  span_chosen_ = true;
  if (!options_.from && !options_.to) return;
  const UnixNanos midnight = has_undated_ ? 0 : decode::DayStart{options_.zone}.before(first);
  const auto moment = [midnight](const decode::TimeBound& bound) {
    return bound.is_time_of_day ? midnight + bound.ns : bound.ns;
  };
  if (options_.from) from_ = moment(*options_.from);
  if (options_.to) to_ = moment(*options_.to);
}

void ReplayInput::cut(net::PacketBatch& batch) {
  if (!options_.from && !options_.to) return;
  const std::size_t before = batch.packets().size();
  batch.edit([this](const net::Packet& packet) {
    return packet.rx_time >= from_ && packet.rx_time < to_;
  });
  left_out_ += before - batch.packets().size();
}

// Gives the packets the times at which they are played. After some centuries they start anew.
void ReplayInput::shift(net::PacketBatch& batch) {
  if (!played_any_ && loops_begun_ > 1) {
    const UnixNanos first = batch.packets().front().rx_time;
    const bool fits = latest_ < kLastTime && first >= 0;
    shift_ = fits ? latest_ + kLoopPauseNs - first : 0;
  }
  batch.edit([this](net::Packet& packet) {
    if (__builtin_add_overflow(packet.rx_time, shift_, &packet.rx_time)) {
      packet.rx_time = kLastTime;  // a damaged time
    }
    latest_ = std::max(latest_, packet.rx_time);
    return true;
  });
}

// Whether everything from here on is behind the span. Times may go back a little.
bool ReplayInput::is_past_end(const net::PacketBatch& batch) const noexcept {
  if (!options_.to || to_ > kLastTime) return false;
  const auto packets = batch.packets();
  return std::all_of(packets.begin(), packets.end(), [this](const net::Packet& packet) {
    return packet.rx_time >= to_ + kReorderNs;
  });
}

std::uint64_t ReplayInput::counted(net::SourceCounter counter) const noexcept {
  return counted_before_[static_cast<std::size_t>(counter)] + source_->counters().get(counter);
}

// The files have ended, or nothing more of them is wanted.
void ReplayInput::conclude() {
  if (loops_begun_ == 1) {
    if (merged_ != nullptr) {
      errors_.assign(merged_->errors().begin(), merged_->errors().end());
    } else if (source_->state() == SourceState::failed) {
      errors_.push_back(source_->error());
    }
  }
  state_ = begin_again() ? SourceState::would_block : SourceState::ended;
}

bool ReplayInput::begin_again() {
  if (loops_begun_ == options_.loops || !std::exchange(played_any_, false)) return false;
  for (std::size_t i = 0; i < counted_before_.size(); ++i) {
    counted_before_[i] += source_->counters().get(static_cast<net::SourceCounter>(i));
  }
  try {
    open_all();
  } catch (const ConfigError& error) {  // a file was taken away
    errors_.emplace_back(error.what());
    return false;
  }
  ++loops_begun_;
  next_join_ = Join::again;
  return true;
}

}  // namespace tapeline
