#pragma once

// The files of a replay as one source: opened, merged in the order of their times, cut to a span
// of time, and played again as often as is wanted.
//
// One file is handed on as it is read, without a copy. Several are merged (net/merged_source.hpp):
// what overlaps in time is one input, in which a destination is one line, whichever file it is in;
// a file that begins after all before it have ended is the next input. JSON lines are not played
// together with packets, nor files of one feed with files of another.
//
// Thread safety: one thread; bytes_read() and size_bytes() of the progress are that thread's, too.

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/decode/exchange_day.hpp"
#include "app/decode/time_text.hpp"
#include "net/capture_filter.hpp"
#include "net/merged_source.hpp"
#include "net/open_capture.hpp"
#include "net/pull_source.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline {

struct ReplayInputOptions {
  static constexpr std::uint64_t kForever = std::numeric_limits<std::uint64_t>::max();

  net::CaptureFilter filter{};  // nothing = every UDP packet
  // Of the times of day in `from` and `to`, and of the midnight that ITCH files count from.
  decode::ExchangeZone zone = decode::ExchangeZone::new_york;
  std::optional<std::int64_t> day{};  // of ITCH files, days since 1970
  // Receive times: packets from `from` on, before `to`. A time of day is one of the day of the
  // first packet.
  std::optional<decode::TimeBound> from{};
  std::optional<decode::TimeBound> to{};
  std::uint64_t loops = 1;  // times that all is played
};

class ReplayInput {
 public:
  using SerializationPool = pool::BufferPool<pool::SerializationKind>;
  static constexpr std::size_t kMaxFiles = 128;
  // Between the last packet and the first one when they are played again.
  static constexpr net::UnixNanos kLoopPauseNs = 1'000'000;

  // How a batch follows the one before it.
  enum class Join : std::uint8_t {
    goes_on,
    next_file,  // of a time after all files before it
    again,      // everything from the start
  };

  // Opens every file. Throws ConfigError for what the user has to put right. `buffers` is not
  // owned and must outlive this.
  ReplayInput(std::vector<std::string> files, ReplayInputOptions options,
              SerializationPool& buffers);

  // As PullSource::next(). When files are played again, packets have the times that they would have
  // if that went on without end.
  [[nodiscard]] net::PacketBatch next();
  [[nodiscard]] net::SourceState state() const noexcept { return state_; }
  [[nodiscard]] Join join() const noexcept { return join_; }  // of the last batch

  [[nodiscard]] net::CaptureKind kind() const noexcept { return kind_; }
  [[nodiscard]] std::span<const net::SourceLine> lines() const noexcept { return source_->lines(); }
  // One line for each file that could not be read to its end.
  [[nodiscard]] const std::vector<std::string>& errors() const noexcept { return errors_; }
  // Of everything that was played.
  [[nodiscard]] std::uint64_t counted(net::SourceCounter counter) const noexcept;
  [[nodiscard]] std::uint64_t left_out() const noexcept { return left_out_; }  // by from and to
  [[nodiscard]] std::uint64_t loops_begun() const noexcept { return loops_begun_; }
  // By how much the last packet's time is later than it was captured.
  [[nodiscard]] net::UnixNanos shift() const noexcept { return shift_; }

  // Progress of this time through the files.
  [[nodiscard]] std::uint64_t bytes_read() const noexcept { return source_->bytes_read(); }
  [[nodiscard]] std::uint64_t bytes_total() const noexcept {
    return source_->size_bytes().value_or(0);
  }

 private:
  [[nodiscard]] std::unique_ptr<net::PullSource> open(const std::string& file, std::size_t index);
  void open_all();
  void open_at_the_span();
  void check_bounds() const;
  void refuse_different_feeds();
  void choose_span(net::UnixNanos first) noexcept;
  void cut(net::PacketBatch& batch);
  void shift(net::PacketBatch& batch);
  [[nodiscard]] bool is_past_end(const net::PacketBatch& batch) const noexcept;
  void conclude();
  [[nodiscard]] bool begin_again();

  std::vector<std::string> files_;
  ReplayInputOptions options_;
  SerializationPool& buffers_;
  net::CaptureKind kind_ = net::CaptureKind::datagrams;
  bool has_undated_ = false;  // an ITCH file of no known day
  bool has_dated_ = false;    // anything else
  bool has_streams_ = false;  // a capture begins with a TCP stream
  std::unique_ptr<net::PullSource> source_;
  net::MergedSource* merged_ = nullptr;  // source_, if there are several files
  net::SourceState state_ = net::SourceState::ready;
  Join join_ = Join::goes_on;
  Join next_join_ = Join::goes_on;
  std::vector<std::string> errors_;
  net::SourceCounters::Tally counted_before_{};  // in the times before this one
  std::uint64_t left_out_ = 0;
  std::uint64_t loops_begun_ = 1;

  bool span_chosen_ = false;
  net::UnixNanos from_ = std::numeric_limits<net::UnixNanos>::min();
  net::UnixNanos to_ = std::numeric_limits<net::UnixNanos>::max();
  net::UnixNanos shift_ = 0;   // of this time through the files
  net::UnixNanos latest_ = 0;  // that was delivered
  bool played_any_ = false;    // in this time through the files
};

}  // namespace tapeline
