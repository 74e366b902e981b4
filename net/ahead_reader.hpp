#pragma once

// Another reader, read ahead on a thread of its own: decompression beside the work on what was
// decompressed. The bytes, the end and the place of a damage are those of the other reader.
//
// The two threads hand each other a fixed number of blocks; the one that is faster sleeps. A read
// is as long as was asked for, unless the other reader ends, breaks, or has nothing for the moment,
// so that what is made of the bytes does not depend on which thread was faster.
//
// Thread safety: one reader, see net/byte_reader.hpp; the other reader belongs to the thread.
// Memory:        kBlocks of kBlockBytes, taken by the constructor.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "net/byte_reader.hpp"
#include "net/spsc_ring.hpp"

namespace tapeline::net {

class AheadReader final : public ByteReader {
 public:
  static constexpr std::size_t kBlocks = 8;
  static constexpr std::size_t kBlockBytes = std::size_t{256} * 1024;

  // Throws std::system_error when there can be no thread.
  explicit AheadReader(std::unique_ptr<ByteReader> reader);
  // Waits until the thread has finished its block, or given up waiting for a pipe.
  ~AheadReader() override;

  [[nodiscard]] ReadResult read(std::span<std::byte> to) override;
  // Where the damage is; before that, of the bytes that were given.
  [[nodiscard]] std::uint64_t offset() const noexcept override { return offset_; }

 private:
  // What one read gave.
  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t count = 0;
    ReadState state = ReadState::ok;
    std::uint64_t offset = 0;
    std::string reason;
  };

  void run();
  [[nodiscard]] bool take_block();

  std::unique_ptr<ByteReader> reader_;
  std::array<Block, kBlocks> blocks_;
  SpscRing<std::size_t> filled_{kBlocks};  // indices of blocks, to the reader
  SpscRing<std::size_t> free_{kBlocks};    // and back; closed when the reader goes away
  std::size_t current_ = kBlocks;          // the block that is being read, kBlocks if there is none
  std::size_t begin_ = 0;                  // of what is left of it
  std::uint64_t offset_ = 0;
  std::thread thread_;
};

}  // namespace tapeline::net
