// What is left of an archive when the power goes: the calls of a frame writer are recorded, and cut
// somewhere. What was synced before the cut is there. Of what was written since, any part may be:
// writes arrive in any order, whole, in part or not at all; of changes of the folder, those up to
// some moment.

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "tests/app/archive/stream_fixture.hpp"

namespace tapeline::archive {
namespace {

using testing::Bytes;
using testing::indexes_in;
using testing::kMilli;
using testing::QuickCalls;
using testing::repair_all;
using testing::stream_config;
using testing::StreamArchive;
using testing::TemporaryFolder;

struct Operation {
  enum class Kind : std::uint8_t { create, write, truncate, sync, rename, remove, sync_directory };
  Kind kind = Kind::write;
  std::size_t file = 0;  // which of those that were created
  std::uint64_t offset = 0;
  Bytes bytes{};
  std::string name{};  // of create and rename
  SteadyNanos now = 0;
};

// A file system in memory that records what is asked of it.
class RecordingCalls : public FileCalls {
 public:
  explicit RecordingCalls(const SteadyNanos*& clock) : clock_{clock} {}

  int create(const char* path) override {
    const std::string name = name_of(path);
    if (names_.contains(name)) return fail(EEXIST);
    names_[name] = sizes_.size();
    note({.kind = Operation::Kind::create, .file = sizes_.size(), .name = name});
    sizes_.push_back(0);
    return static_cast<int>(sizes_.size() - 1);
  }
  ssize_t write(int file, const std::byte* data, std::size_t bytes) override {
    auto& size = sizes_.at(static_cast<std::size_t>(file));
    note({.kind = Operation::Kind::write,
          .file = static_cast<std::size_t>(file),
          .offset = size,
          .bytes = {data, data + bytes}});
    size += bytes;
    return static_cast<ssize_t>(bytes);
  }
  int truncate(int file, off_t bytes) override {
    sizes_.at(static_cast<std::size_t>(file)) = static_cast<std::uint64_t>(bytes);
    note({.kind = Operation::Kind::truncate,
          .file = static_cast<std::size_t>(file),
          .offset = static_cast<std::uint64_t>(bytes)});
    return 0;
  }
  int sync(int file) override {
    note({.kind = Operation::Kind::sync, .file = static_cast<std::size_t>(file)});
    return 0;
  }
  int sync_data(int file) override { return sync(file); }
  int close(int /*file*/) override { return 0; }
  int rename(const char* from, const char* to) override {
    const auto found = names_.find(name_of(from));
    if (found == names_.end()) return fail(ENOENT);
    if (names_.contains(name_of(to))) return fail(EEXIST);
    const std::size_t file = found->second;
    names_.erase(found);
    names_[name_of(to)] = file;
    note({.kind = Operation::Kind::rename, .file = file, .name = name_of(to)});
    return 0;
  }
  int remove(const char* path) override {
    const auto found = names_.find(name_of(path));
    if (found == names_.end()) return fail(ENOENT);
    note({.kind = Operation::Kind::remove, .file = found->second});
    names_.erase(found);
    return 0;
  }
  bool exists(const char* path) override { return names_.contains(name_of(path)); }
  int sync_directory(const char* /*path*/) override {
    note({.kind = Operation::Kind::sync_directory});
    return 0;
  }

  std::vector<Operation> log;

 private:
  static std::string name_of(const char* path) {
    return std::filesystem::path{path}.filename().string();
  }
  static int fail(int error) {
    errno = error;
    return -1;
  }
  void note(Operation operation) {
    operation.now = *clock_;
    log.push_back(std::move(operation));
  }

  const SteadyNanos*& clock_;
  std::map<std::string, std::size_t> names_;
  std::vector<std::uint64_t> sizes_;
};

// A disk of which the power is taken.
class Disk {
 public:
  void apply(const Operation& operation) {
    using Kind = Operation::Kind;
    switch (operation.kind) {
      case Kind::write:
      case Kind::truncate: files_[operation.file].pending.push_back(&operation); return;
      case Kind::sync:
        for (const Operation* write : files_[operation.file].pending) {
          put(files_[operation.file].durable, *write, write->bytes.size());
        }
        files_[operation.file].pending.clear();
        return;
      case Kind::create:
      case Kind::rename:
      case Kind::remove: folder_pending_.push_back(&operation); return;
      case Kind::sync_directory:
        for (const Operation* change : folder_pending_) change_folder(*change);
        folder_pending_.clear();
        return;
    }
  }

  // What is found when the power is back.
  [[nodiscard]] std::map<std::string, Bytes> after_power_loss(std::mt19937& random) {
    const std::size_t kept = random() % (folder_pending_.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) change_folder(*folder_pending_[i]);
    std::map<std::string, Bytes> found;
    for (const auto& [file, name] : names_) {
      Bytes bytes = files_[file].durable;
      for (const Operation* write : files_[file].pending) {
        const auto fate = random() % 3;
        if (fate == 0) continue;
        put(bytes, *write, fate == 1 ? write->bytes.size() : random() % (write->bytes.size() + 1));
      }
      found[name] = std::move(bytes);
    }
    return found;
  }

 private:
  struct File {
    Bytes durable;
    std::vector<const Operation*> pending;
  };

  static void put(Bytes& bytes, const Operation& operation, std::size_t part) {
    if (operation.kind == Operation::Kind::truncate) return bytes.resize(operation.offset);
    if (part == 0) return;
    if (bytes.size() < operation.offset + part) bytes.resize(operation.offset + part);
    std::copy_n(operation.bytes.begin(), part,
                bytes.begin() + static_cast<std::ptrdiff_t>(operation.offset));
  }
  void change_folder(const Operation& change) {
    if (change.kind == Operation::Kind::remove) {
      names_.erase(change.file);
    } else {
      names_[change.file] = change.name;
    }
  }

  std::map<std::size_t, File> files_;
  std::vector<const Operation*> folder_pending_;
  std::map<std::size_t, std::string> names_;
};

constexpr SteadyNanos kSyncTime = 20 * kMilli;
constexpr SteadyNanos kPacketTime = kMilli / 4;  // between packets, which is also between ticks

struct Recording {
  std::vector<Operation> log;
  std::uint64_t packets = 0;
};

// A writer with everything on: frames that fill and frames that are flushed, files that roll.
Recording record(std::uint64_t packets) {
  const SteadyNanos* clock = nullptr;
  RecordingCalls calls{clock};
  FrameWriterConfig config = stream_config("/nowhere");
  config.flush_ms = 7;
  config.sync_ms = kSyncTime / kMilli;
  config.roll_bytes = 25'000;
  StreamArchive archive{config, calls, 2048};
  clock = &archive.now;
  for (std::uint64_t i = 0; i < packets; ++i) {
    archive.now = static_cast<SteadyNanos>(i) * kPacketTime;
    // Stretches without packets, and stretches of more than a frame at once.
    if (i % 200 > 150 || i % 3 == 0) archive.append(i % 200 > 150 ? 3 : 1);
    archive.writer().tick(archive.now);
  }
  archive.writer().close();
  return {std::move(calls.log), archive.appended()};
}

// When each packet came, as record() does it.
std::vector<SteadyNanos> arrival_times(std::uint64_t packets) {
  std::vector<SteadyNanos> times;
  for (std::uint64_t i = 0; i < packets; ++i) {
    if (i % 200 > 150 || i % 3 == 0) {
      times.insert(times.end(), i % 200 > 150 ? 3 : 1, static_cast<SteadyNanos>(i) * kPacketTime);
    }
  }
  return times;
}

// Leaves the files in the folder, repairs them and says which packets are there.
std::vector<std::uint64_t> packets_after(const std::map<std::string, Bytes>& files,
                                         const tapeline::testing::PacketStream& stream) {
  const TemporaryFolder folder;
  for (const auto& [name, bytes] : files) {
    std::ofstream{folder.path() / name, std::ios::binary}.write(
        reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  QuickCalls calls;
  for (const RepairReport& report : repair_all(folder.path(), calls)) {
    EXPECT_TRUE(report.outcome == RepairOutcome::repaired ||
                report.outcome == RepairOutcome::removed)
        << report.text();
  }
  EXPECT_TRUE(folder.files(".open").empty());
  for (const auto& file : folder.files(".pcap.zst")) {
    EXPECT_EQ(repair_file(calls, file).outcome, RepairOutcome::whole);
  }
  return indexes_in(folder.files(".pcap.zst"), stream);
}

TEST(PowerLoss, TakesNoPacketThatIsOlderThanTheSyncTime) {
  constexpr std::uint64_t kTicks = 2400;
  const Recording recording = record(kTicks);
  const std::vector<SteadyNanos> arrivals = arrival_times(kTicks);
  ASSERT_EQ(arrivals.size(), recording.packets);
  const tapeline::testing::PacketStream stream{7};
  constexpr int kCuts = 300;
  std::uint64_t losses = 0;
  for (int cut = 0; cut <= kCuts; ++cut) {
    std::mt19937 random{static_cast<std::uint32_t>(cut)};
    const std::size_t end = recording.log.size() * static_cast<std::size_t>(cut) / kCuts;
    Disk disk;
    for (std::size_t i = 0; i < end; ++i) disk.apply(recording.log[i]);
    const auto found = packets_after(disk.after_power_loss(random), stream);
    if (::testing::Test::HasFailure()) FAIL() << "cut " << cut;
    // The power fails right before the next call, so at its time at the latest.
    const SteadyNanos now =
        end < recording.log.size() ? recording.log[end].now : arrivals.back() + 10 * kSyncTime;
    std::uint64_t old = 0;
    while (old < arrivals.size() && arrivals[old] <= now - kSyncTime - kPacketTime) ++old;
    ASSERT_GE(found.size(), old) << "cut " << cut;
    for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], i) << "cut " << cut;
    const auto came = static_cast<std::uint64_t>(
        std::upper_bound(arrivals.begin(), arrivals.end(), now) - arrivals.begin());
    losses += came - std::min<std::uint64_t>(came, found.size());
  }
  EXPECT_GT(losses, 0U);  // the power loss took something, so there was something to take
}

// Repair writes, too; the power may fail while it does.
TEST(PowerLoss, DuringRepairTakesNothingMore) {
  const TemporaryFolder folder;
  QuickCalls calls;
  StreamArchive archive{stream_config(folder.path()), calls, 2048};
  archive.append(200);
  archive.die();
  const auto open = open_files(folder.path(), "feed", "channel").at(0);
  const Bytes left = testing::read_file(open);
  ASSERT_EQ(repair_file(calls, open).outcome, RepairOutcome::repaired);
  const auto finished = folder.files(".pcap.zst").at(0);
  const Bytes repaired = testing::read_file(finished);
  const auto packets = indexes_in({finished}, archive.stream());
  std::mt19937 random{1};
  for (std::size_t length = left.size(); length <= repaired.size(); length += 13) {
    // Part of the tables, some of it not yet on disk.
    Bytes part(repaired.begin(), repaired.begin() + static_cast<std::ptrdiff_t>(length));
    for (std::size_t i = left.size(); i < part.size(); ++i) {
      if (random() % 8 == 0) part[i] = std::byte{};
    }
    std::filesystem::remove(finished);
    std::ofstream{open, std::ios::binary}.write(reinterpret_cast<const char*>(part.data()),
                                                static_cast<std::streamsize>(part.size()));
    ASSERT_EQ(repair_file(calls, open).outcome, RepairOutcome::repaired) << length;
    ASSERT_EQ(indexes_in({finished}, archive.stream()), packets);
    ASSERT_EQ(testing::read_file(finished), repaired) << length;
  }
}

}  // namespace
}  // namespace tapeline::archive
