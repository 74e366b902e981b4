#pragma once

// What the archive tests share: a folder that goes away, and a reader of archives that knows only
// zstd and the pcap format.

#include <gtest/gtest.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp is POSIX
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/app/archive/test_packets.hpp"

namespace tapeline::archive::testing {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    // In memory where there is some: tests make thousands of files.
    const std::filesystem::path memory = "/dev/shm";
    const bool has_memory = ::access(memory.c_str(), W_OK | X_OK) == 0;
    std::string name =
        ((has_memory ? memory : std::filesystem::temp_directory_path()) / "archive-test-XXXXXX")
            .string();
    if (mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no temporary folder";
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // All files whose name ends so, in order of name.
  [[nodiscard]] std::vector<std::filesystem::path> files(const std::string& ending) const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator{path_}) {
      if (entry.path().string().ends_with(ending)) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  std::filesystem::path path_;
};

inline Bytes read_file(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  Bytes bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

// The contents of all frames that have one, each decompressed for itself. States content size and
// checksum as facts of every such frame.
inline std::vector<Bytes> read_frames(const std::filesystem::path& path) {
  const Bytes file = read_file(path);
  std::vector<Bytes> contents;
  std::size_t at = 0;
  while (at < file.size()) {
    const std::size_t frame = ZSTD_findFrameCompressedSize(&file[at], file.size() - at);
    if (ZSTD_isError(frame) != 0) {
      ADD_FAILURE() << path << ": no frame at " << at;
      break;
    }
    if ((file[at] & std::byte{0xF0}) == std::byte{0x50}) {  // RFC 8878, 3.1.2: skippable
      at += frame;
      continue;
    }
    const unsigned long long size = ZSTD_getFrameContentSize(&file[at], frame);
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) {
      ADD_FAILURE() << path << ": no content size at " << at;
      break;
    }
    EXPECT_NE(file[at + 4] & std::byte{4}, std::byte{0}) << "no checksum";  // RFC 8878, 3.1.1.1.1
    Bytes content(size);
    EXPECT_EQ(ZSTD_decompress(content.data(), content.size(), &file[at], frame), size);
    contents.push_back(std::move(content));
    at += frame;
  }
  return contents;
}

inline std::uint32_t load32(const Bytes& bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, &bytes.at(at + 3) - 3, sizeof value);
  return value;
}

inline constexpr std::size_t kFileHeaderBytes = 24;
inline constexpr std::size_t kRecordHeaderBytes = 16;

// Reads records from `at` to the end; returns where the last whole one ends.
inline std::size_t parse_records(const Bytes& pcap, std::size_t at,
                                 std::vector<TestPacket>& packets) {
  while (pcap.size() - at >= kRecordHeaderBytes) {
    const std::size_t length = load32(pcap, at + 8);
    if (pcap.size() - at - kRecordHeaderBytes < length) break;
    TestPacket packet;
    packet.time = std::int64_t{load32(pcap, at)} * 1'000'000'000 + load32(pcap, at + 4);
    packet.original_bytes = load32(pcap, at + 12);
    const auto from = pcap.begin() + static_cast<std::ptrdiff_t>(at + kRecordHeaderBytes);
    packet.bytes.assign(from, from + static_cast<std::ptrdiff_t>(length));
    packets.push_back(std::move(packet));
    at += kRecordHeaderBytes + length;
  }
  return at;
}

// All packets of a file; states that it is a whole nanosecond pcap of raw IP.
inline std::vector<TestPacket> read_archive(const std::filesystem::path& path) {
  Bytes pcap;
  for (const Bytes& content : read_frames(path)) {
    pcap.insert(pcap.end(), content.begin(), content.end());
  }
  std::vector<TestPacket> packets;
  if (pcap.size() < kFileHeaderBytes) {
    ADD_FAILURE() << path << ": no pcap header";
    return packets;
  }
  EXPECT_EQ(load32(pcap, 0), 0xA1B23C4DU);  // nanoseconds, this byte order
  EXPECT_EQ(load32(pcap, 4), 0x00040002U);  // version 2.4
  EXPECT_EQ(load32(pcap, 20), 101U);        // LINKTYPE_RAW
  EXPECT_GE(load32(pcap, 16), 65535U);      // snapshot length
  EXPECT_EQ(parse_records(pcap, kFileHeaderBytes, packets), pcap.size()) << "torn record";
  return packets;
}

inline std::vector<TestPacket> read_archives(const std::vector<std::filesystem::path>& paths) {
  std::vector<TestPacket> packets;
  for (const auto& path : paths) {
    for (TestPacket& packet : read_archive(path)) packets.push_back(std::move(packet));
  }
  return packets;
}

}  // namespace tapeline::archive::testing
