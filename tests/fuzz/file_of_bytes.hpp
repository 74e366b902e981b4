#pragma once

// The bytes of a fuzzer as a file with a path, in memory.

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "net/pull_source.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::fuzz {

inline void require(bool condition) {
  if (!condition) std::abort();
}

class FileOfBytes {
 public:
  FileOfBytes() : fd_{::memfd_create("fuzz", MFD_CLOEXEC)} {
    require(fd_ >= 0);
    path_ = "/proc/self/fd/" + std::to_string(fd_);
  }
  ~FileOfBytes() { ::close(fd_); }
  FileOfBytes(const FileOfBytes&) = delete;
  FileOfBytes& operator=(const FileOfBytes&) = delete;

  void assign(std::span<const std::byte> bytes) {
    require(::ftruncate(fd_, 0) == 0);
    require(::pwrite(fd_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  }
  [[nodiscard]] std::string content() const {
    std::string text(static_cast<std::size_t>(::lseek(fd_, 0, SEEK_END)), '\0');
    require(::pread(fd_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    return text;
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  int fd_;
  std::string path_;
};

using SourcePool = pool::BufferPool<pool::SerializationKind>;

inline pool::PoolConfig pool_of(std::size_t buffer_bytes) {
  return {.buffer_bytes = buffer_bytes,
          .buffer_count = 8,
          .overflow_buffers = 0,
          .growth_thread = false,
          .threads = 1,
          .huge_pages = false};
}

// What a source delivered, and how it ended.
struct Delivery {
  struct Packet {
    std::string payload;
    net::UnixNanos time = 0;
    std::uint16_t line = 0;
    std::uint32_t lost_bytes = 0;
    friend bool operator==(const Packet&, const Packet&) = default;
  };
  std::vector<Packet> packets;
  std::string error;
  friend bool operator==(const Delivery&, const Delivery&) = default;
};

// Reads a source to its end. A regular file never keeps it waiting for ever.
inline Delivery drain(net::PullSource& source) {
  Delivery delivery;
  int idle = 0;
  for (;;) {
    const net::PacketBatch batch = source.next();
    for (const net::Packet& packet : batch.packets()) {
      require(std::size_t{packet.payload_offset} + packet.payload_bytes <= packet.datagram_bytes);
      const auto payload = packet.payload();
      delivery.packets.push_back(
          {std::string{reinterpret_cast<const char*>(payload.data()), payload.size()},
           packet.rx_time, packet.line, packet.lost_bytes});
    }
    if (!batch.empty()) continue;
    if (source.state() != net::SourceState::would_block) break;
    require(++idle < 1'000'000);
  }
  delivery.error = source.error();
  require(delivery.error.empty() == (source.state() == net::SourceState::ended));
  return delivery;
}

}  // namespace tapeline::fuzz
