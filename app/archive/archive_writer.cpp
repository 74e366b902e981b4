#include "app/archive/archive_writer.hpp"

#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): pthread_sigmask is POSIX
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "app/archive/archive_name.hpp"

namespace tapeline::archive {
namespace {

// Between two looks at a full ring: far less than it takes to empty it.
constexpr std::chrono::microseconds kPause{100};

SteadyNanos steady_now() noexcept {
  return std::chrono::nanoseconds{std::chrono::steady_clock::now().time_since_epoch()}.count();
}

void require_name_part(const char* what, const std::string& name) {
  if (is_name_part(name)) return;
  throw std::invalid_argument{"archive: " + std::string{what} + " name '" + name +
                              "' can not be part of a file name; use 1 to 64 of A-Z a-z 0-9 . _ -"};
}

// Creates the folder and proves by a file that it can be written: permission bits do not tell.
void prepare_directory(const std::filesystem::path& directory, FileCalls& calls) {
  const std::string what = "archive folder " + directory.string();
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw std::system_error{error, what};
  const std::string probe = directory / (".tapeline-" + std::to_string(::getpid()) + ".probe");
  const int descriptor = calls.create(probe.c_str());
  if (descriptor < 0) throw std::system_error{errno, std::generic_category(), what};
  calls.close(descriptor);
  calls.remove(probe.c_str());
}

std::unique_ptr<FileCalls> prepared(const FrameWriterConfig& config,
                                    std::unique_ptr<FileCalls> calls) {
  require_name_part("feed", config.feed);
  require_name_part("channel", config.channel);
  prepare_directory(config.directory, *calls);
  return calls;
}

}  // namespace

ArchiveWriter::ArchiveWriter(const ArchiveWriterConfig& config,
                             pool::BufferPool<pool::CompressionKind>& buffers,
                             std::unique_ptr<FileCalls> calls)
    : limit_{config.ring_batches},
      ring_{config.ring_batches},
      calls_{prepared(config.frames, std::move(calls))},
      frames_{config.frames, buffers, *calls_, counters_} {
  start_thread();
}

ArchiveWriter::~ArchiveWriter() { stop(); }

void ArchiveWriter::start_thread() {
  // Signals are for the threads that wait for them; a file that grows past its limit shall be an
  // error code and not SIGXFSZ. The new thread inherits the mask.
  sigset_t all{};
  sigset_t before{};
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread{[this] { run(); }};
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), "archive");
  pthread_getcpuclockid(thread_.native_handle(), &thread_clock_);
}

bool ArchiveWriter::offer(net::PacketBatch&& batch) noexcept {
  Item item{.batch = std::move(batch), .note = {}, .pushed = steady_now()};
  if (is_crowded() && !ring_.closed() && pack(item)) return true;
  return push(std::move(item));
}

void ArchiveWriter::tick() noexcept {
  if (!is_crowded()) static_cast<void>(push_packed());
}

void ArchiveWriter::offer_blocking(net::PacketBatch&& batch) noexcept {
  push_blocking({.batch = std::move(batch), .note = {}, .pushed = steady_now()});
}

bool ArchiveWriter::note_loss(const codec::archive::LossNote& note) noexcept {
  return push({.batch = {}, .note = note, .pushed = steady_now()});
}

void ArchiveWriter::note_loss_blocking(const codec::archive::LossNote& note) noexcept {
  push_blocking({.batch = {}, .note = note, .pushed = steady_now()});
}

// A push that fails moves nothing.
bool ArchiveWriter::try_push(Item&& item) noexcept {
  return ring_.size() < limit_ && ring_.try_push(std::move(item));
}

bool ArchiveWriter::is_crowded() const noexcept {
  return ring_.size() >= std::max<std::size_t>(limit_ / 2, 1);
}

// Returns whether nothing is left that must come before the next item.
bool ArchiveWriter::push_packed() noexcept {
  return packed_.batch.empty() || try_push(std::move(packed_));
}

// Copies the packets behind those that wait for the ring, or lets the next ones be copied behind
// them. Returns false, and takes nothing, when there is no room for either. Behind a batch that was
// refused only a new item will do: the outage is told in front of it.
bool ArchiveWriter::pack(Item& item) noexcept {
  if (item.batch.empty()) return true;
  if (!packed_.batch.empty() && refused_.packets == 0 && packed_.batch.append(item.batch)) {
    return true;
  }
  if (!push_packed() || !item.batch.make_room()) return false;
  item.missed = std::exchange(refused_, {});
  packed_ = std::move(item);
  return true;
}

bool ArchiveWriter::push(Item&& item) noexcept {
  item.missed = refused_;
  if (!ring_.closed() && push_packed() && try_push(std::move(item))) {
    refused_ = {};
    return true;
  }
  refuse(std::move(item));  // NOLINT(bugprone-use-after-move): as above
  return false;
}

void ArchiveWriter::push_blocking(Item&& item) noexcept {
  item.missed = refused_;
  while (!ring_.closed()) {
    // NOLINTNEXTLINE(bugprone-use-after-move): as above
    if (push_packed() && try_push(std::move(item))) {
      refused_ = {};
      return;
    }
    std::this_thread::sleep_for(kPause);
  }
  refuse(std::move(item));  // NOLINT(bugprone-use-after-move): as above
}

void ArchiveWriter::refuse(Item item) noexcept {
  if (item.note.last_exclusive != 0) return counters_.refused.gap_notes.add(1);
  const auto packets = item.batch.packets();
  counters_.refused.gap_batches.add(1);
  counters_.refused.gap_packets.add(packets.size());
  if (packets.empty()) return;
  refused_.packets += packets.size();
  for (const net::Packet* packet : {&packets.front(), &packets.back()}) {
    refused_.add_time(packet->rx_time, packet->rx_time);
    if (const auto numbers = numbers_of(packet->bytes(), packet->lost_bytes)) {
      refused_.add_numbers(*numbers);
    }
  }
}

void ArchiveWriter::stop() noexcept {
  if (!thread_.joinable()) return;
  while (!push_packed()) std::this_thread::sleep_for(kPause);
  ring_.close();
  thread_.join();
}

void ArchiveWriter::write(Item item, SteadyNanos now) noexcept {
  if (item.missed.packets != 0) frames_.note_missed(item.missed);
  for (const net::Packet& packet : item.batch.packets()) frames_.append(packet, now);
  if (item.note.last_exclusive != 0) frames_.append(item.note, now);
}

void ArchiveWriter::run() noexcept {
  constexpr SteadyNanos kIdle = 1'000'000'000;
  while (true) {
    // Looked at first: what was pushed before the ring was closed is popped below.
    const bool last_round = ring_.closed();
    Item item;
    while (ring_.try_pop(item)) {
      const SteadyNanos now = steady_now();
      ring_wait_.record(now - item.pushed);
      write(std::move(item), now);
      frames_.tick(now);
    }
    if (last_round) break;
    frames_.tick(steady_now());
    ring_.wait_for(std::chrono::nanoseconds{frames_.time_to_tick(steady_now(), kIdle)});
  }
  frames_.close();
  timespec used{};
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) == 0) {
    counters_.written.cpu_nanos.set(static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000U +
                                    static_cast<std::uint64_t>(used.tv_nsec));
  }
}

double ArchiveWriter::cpu_seconds() const noexcept {
  constexpr double kSecondsPerNano = 1e-9;
  const std::uint64_t at_end = counters_.written.cpu_nanos.get();
  timespec used{};
  if (at_end != 0 || clock_gettime(thread_clock_, &used) != 0) {
    return static_cast<double>(counters_.written.cpu_nanos.get()) * kSecondsPerNano;
  }
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * kSecondsPerNano;
}

ArchiveCounts ArchiveWriter::counts() const {
  const ArchiveCounters::ArchiveSide& written = counters_.written;
  ArchiveCounts counts;
  counts.state = static_cast<ArchiveState>(written.state.get());
  counts.file = frames_.file_path();
  counts.packets = written.packets.get();
  counts.bytes_in = written.bytes_in.get();
  counts.bytes_out = written.bytes_out.get();
  counts.bytes_synced = written.bytes_synced.get();
  counts.bytes_doubtful = written.bytes_doubtful.get();
  counts.frames = written.frames.get();
  counts.files = written.files.get();
  counts.files_removed = written.files_removed.get();
  counts.lost_packets = written.lost_packets.get();
  counts.gap_batches = counters_.refused.gap_batches.get();
  counts.gap_packets = counters_.refused.gap_packets.get();
  counts.ring_depth = ring_.size();
  counts.ring_capacity = limit_;
  counts.gap_notes = counters_.refused.gap_notes.get();
  counts.loss_notes = written.loss_notes.get();
  counts.complete = is_complete();
  counts.write_errors = written.write_errors.get();
  counts.sync_errors = written.sync_errors.get();
  counts.missed = frames_.missed();
  counts.last_error = ArchiveFault::unpacked(written.last_fault.get()).text();
  counts.failed_ever = failed_ever();
  counts.cpu_seconds = cpu_seconds();
  return counts;
}

}  // namespace tapeline::archive
