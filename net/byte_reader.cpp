#include "net/byte_reader.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

namespace tapeline::net {
namespace {

// How long a read of a pipe waits before it reports would_block, so that its caller can look at
// whether it was told to stop.
constexpr int kPipeWaitMs = 50;
constexpr std::size_t kCompressedBytes = std::size_t{128} * 1024;
constexpr int kMaxZstdWindowLog = 27;

std::string reason_of(int error) {
  switch (error) {
    case ENOENT: return "no such file";
    case EACCES:
    case EPERM: return "no permission to read it";
    case EISDIR: return "is a directory";
    default: return std::error_code{error, std::generic_category()}.message();
  }
}

// relaxed: one writer, and a figure to look at.
void add_to(std::atomic<std::uint64_t>& counter, std::size_t bytes) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
}

}  // namespace

FileReader::FileReader(const std::string& path) {
  if (path == "-") {
    descriptor_ = STDIN_FILENO;
  } else {
    // A pipe waits here for its writer; a signal ends the wait, and with it the attempt.
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    owns_descriptor_ = descriptor_ >= 0;
  }
  struct stat status {};
  if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0) {
    static_cast<void>(fail(0, reason_of(errno)));
    return;
  }
  if (S_ISDIR(status.st_mode)) {
    static_cast<void>(fail(0, reason_of(EISDIR)));
    return;
  }
  is_regular_ = S_ISREG(status.st_mode);
  if (is_regular_) {
    size_bytes_ = static_cast<std::uint64_t>(status.st_size);
    ::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
}

FileReader::~FileReader() {
  if (owns_descriptor_) ::close(descriptor_);
}

std::size_t FileReader::sniff(std::span<std::byte> to) {
  assert(to.size() <= kMaxSniffBytes && sniffed_end_ == 0);
  std::size_t count = 0;
  while (count < to.size()) {
    errno = 0;
    const ReadResult result = read_file(to.subspan(count));
    count += result.count;
    if (result.state == ReadState::would_block && errno == EINTR) {
      static_cast<void>(fail(count, "interrupted while waiting for its first bytes"));
      break;
    }
    if (result.state == ReadState::end || result.state == ReadState::failed) break;
  }
  std::memcpy(sniffed_.data(), to.data(), count);
  sniffed_end_ = count;
  return count;
}

ReadResult FileReader::read(std::span<std::byte> to) {
  const std::size_t known = std::min(to.size(), sniffed_end_ - sniffed_begin_);
  if (known == 0) return read_file(to);
  std::memcpy(to.data(), sniffed_.data() + sniffed_begin_, known);
  sniffed_begin_ += known;
  if (!is_regular_ || known == to.size()) return {known, ReadState::ok};
  return {known + read_file(to.subspan(known)).count, ReadState::ok};
}

ReadResult FileReader::read_file(std::span<std::byte> to) {
  if (!reason().empty()) return {0, ReadState::failed};
  std::size_t count = 0;
  while (count < to.size()) {
    if (!is_regular_) {
      if (count > 0) break;  // hand on what a pipe has given
      pollfd waiting{descriptor_, POLLIN, 0};
      if (::poll(&waiting, 1, kPipeWaitMs) <= 0) return {0, ReadState::would_block};
    }
    const ssize_t got = ::read(descriptor_, to.data() + count, to.size() - count);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN)
      return {count, count > 0 ? ReadState::ok : ReadState::would_block};
    if (got < 0) return fail(count, "reading failed: " + reason_of(errno));
    if (got == 0) return {count, count > 0 ? ReadState::ok : ReadState::end};
    count += static_cast<std::size_t>(got);
    add_to(offset_, static_cast<std::size_t>(got));
  }
  return {count, ReadState::ok};
}

std::size_t FileReader::read_at(std::uint64_t offset, std::span<std::byte> to) {
  assert(is_regular_);
  std::size_t done = 0;
  while (done < to.size()) {
    const ssize_t got =
        ::pread(descriptor_, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) static_cast<void>(fail(0, "reading failed: " + reason_of(errno)));
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
    add_to(read_at_, static_cast<std::size_t>(got));
  }
  return done;
}

namespace {

// The compressed bytes in front of a decompressor.
class CompressedInput {
 public:
  explicit CompressedInput(FileReader& file) : file_{file}, bytes_(kCompressedBytes) {}

  // Makes bytes available. Only `ok` says that there are some.
  [[nodiscard]] ReadState refill() {
    if (begin_ < end_) return ReadState::ok;
    const ReadResult result = file_.read(bytes_);
    begin_ = 0;
    end_ = result.count;
    return result.state;
  }
  [[nodiscard]] std::span<std::byte> available() noexcept {
    return std::span{bytes_}.subspan(begin_, end_ - begin_);
  }
  void consume(std::size_t count) noexcept { begin_ += count; }
  [[nodiscard]] std::uint64_t offset() const noexcept { return file_.offset() - (end_ - begin_); }
  [[nodiscard]] const std::string& reason() const noexcept { return file_.reason(); }

 private:
  FileReader& file_;
  std::vector<std::byte> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

class GzipReader final : public ByteReader {
 public:
  explicit GzipReader(FileReader& file) : input_{file} {
    // 16: expect the gzip header and trailer, and verify the checksum.
    if (inflateInit2(&inflater_, 16 + MAX_WBITS) != Z_OK) {
      static_cast<void>(fail(0, "no memory for the gzip decompressor"));
    }
  }
  ~GzipReader() override { inflateEnd(&inflater_); }

  [[nodiscard]] std::uint64_t offset() const noexcept override { return input_.offset(); }

  [[nodiscard]] ReadResult read(std::span<std::byte> to) override {
    std::size_t count = 0;
    while (count < to.size()) {
      if (!reason().empty()) return fail(count, reason());
      const ReadState state = input_.refill();
      if (state == ReadState::failed) return fail(count, input_.reason());
      const bool ended = state == ReadState::end;
      if ((ended && !in_member_) || (state == ReadState::would_block && !pending_output_)) {
        return {count, count > 0 ? ReadState::ok : state};
      }
      if (!in_member_ && !start_member()) continue;
      const std::size_t before = count;
      if (!inflate_some(to, count)) return fail(count, damage());
      // The end of the file, and nothing was left inside the decompressor either.
      if (ended && in_member_ && count == before) return fail(count, "unexpected end of gzip data");
    }
    return {count, ReadState::ok};
  }

 private:
  // Returns whether the next bytes are to be inflated. Zeros behind the last member are padding.
  bool start_member() {
    const auto next = std::to_integer<unsigned>(input_.available().front());
    if (next == 0) {
      input_.consume(1);
      return false;
    }
    if (next != 0x1F) {
      static_cast<void>(fail(0, "bytes behind the gzip data that are no gzip data"));
      return false;
    }
    inflateReset(&inflater_);
    in_member_ = true;
    return true;
  }

  bool inflate_some(std::span<std::byte> to, std::size_t& count) {
    const std::span<std::byte> from = input_.available();
    const std::span<std::byte> room = to.subspan(count).first(
        std::min<std::size_t>(to.size() - count, std::size_t{1} << 30U));  // avail_out has 32 bits
    inflater_.next_in = reinterpret_cast<Bytef*>(from.data());
    inflater_.avail_in = static_cast<uInt>(from.size());
    inflater_.next_out = reinterpret_cast<Bytef*>(room.data());
    inflater_.avail_out = static_cast<uInt>(room.size());
    const int result = inflate(&inflater_, Z_NO_FLUSH);
    input_.consume(from.size() - inflater_.avail_in);
    count += room.size() - inflater_.avail_out;
    in_member_ = result != Z_STREAM_END;
    pending_output_ = in_member_ && inflater_.avail_out == 0;
    return result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR;
  }

  [[nodiscard]] std::string damage() const {
    const char* message = inflater_.msg;
    return std::string{"damaged gzip data"} + (message == nullptr ? "" : ": ") +
           (message == nullptr ? "" : message);
  }

  CompressedInput input_;
  z_stream inflater_{};
  bool in_member_ = false;
  bool pending_output_ = false;  // the last output was full, so there may be more of it
};

class ZstdReader final : public ByteReader {
 public:
  explicit ZstdReader(FileReader& file) : input_{file}, stream_{ZSTD_createDStream()} {
    if (stream_ == nullptr) {
      static_cast<void>(fail(0, "no memory for the zstd decompressor"));
      return;
    }
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kMaxZstdWindowLog);
  }

  [[nodiscard]] std::uint64_t offset() const noexcept override { return input_.offset(); }

  [[nodiscard]] ReadResult read(std::span<std::byte> to) override {
    std::size_t count = 0;
    for (;;) {
      const std::size_t ready = std::min(to.size() - count, unpacked_end_ - unpacked_begin_);
      std::memcpy(to.data() + count, unpacked_.get() + unpacked_begin_, ready);
      unpacked_begin_ += ready;
      count += ready;
      if (count == to.size()) return {count, ReadState::ok};
      if (!reason().empty()) return fail(count, reason());
      const ReadState state = input_.refill();
      if (state == ReadState::failed) return fail(count, input_.reason());
      const bool ended = state == ReadState::end;
      if (ended && !in_frame_) return {count, count > 0 ? ReadState::ok : state};
      if (state == ReadState::would_block && !pending_output_) {
        return {count, count > 0 ? ReadState::ok : state};
      }
      if (!decompress_some()) return fail(count, reason());
      // The end of the file, and nothing was left inside the decompressor either.
      if (ended && in_frame_ && unpacked_end_ == 0) {
        return fail(count, "unexpected end of zstd data");
      }
    }
  }

 private:
  // Always into the same empty memory: how much the decompressor gives out in front of a damaged
  // place depends on the room it has, and must not depend on what the caller asks for.
  bool decompress_some() {
    ZSTD_inBuffer from{input_.available().data(), input_.available().size(), 0};
    ZSTD_outBuffer out{unpacked_.get(), unpacked_bytes_, 0};
    const std::size_t result = ZSTD_decompressStream(stream_.get(), &out, &from);
    input_.consume(from.pos);
    unpacked_begin_ = 0;
    unpacked_end_ = out.pos;
    if (ZSTD_isError(result) != 0) {
      static_cast<void>(fail(0, std::string{"damaged zstd data: "} + ZSTD_getErrorName(result)));
      return false;
    }
    in_frame_ = result != 0;
    pending_output_ = in_frame_ && out.pos == out.size;
    return true;
  }

  struct Free {
    void operator()(ZSTD_DStream* stream) const noexcept { ZSTD_freeDStream(stream); }
  };

  CompressedInput input_;
  std::unique_ptr<ZSTD_DStream, Free> stream_;
  std::size_t unpacked_bytes_ = ZSTD_DStreamOutSize();
  std::unique_ptr<std::byte[]> unpacked_ = std::make_unique<std::byte[]>(unpacked_bytes_);
  std::size_t unpacked_begin_ = 0;
  std::size_t unpacked_end_ = 0;
  bool in_frame_ = false;
  bool pending_output_ = false;  // the last output was full, so there may be more of it
};

}  // namespace

std::unique_ptr<ByteReader> make_gzip_reader(FileReader& file) {
  return std::make_unique<GzipReader>(file);
}

std::unique_ptr<ByteReader> make_zstd_reader(FileReader& file) {
  return std::make_unique<ZstdReader>(file);
}

}  // namespace tapeline::net
