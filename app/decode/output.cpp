#include "app/decode/output.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <span>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "codec/archive/frame.hpp"

namespace tapeline::decode {

namespace {

constexpr std::size_t kPieceBytes = std::size_t{256} * 1024;

[[nodiscard]] std::string reason(int number) { return std::generic_category().message(number); }

}  // namespace

// Turns content into compressed bytes, piece by piece.
class Compressor {
 public:
  Compressor() = default;
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  virtual ~Compressor() = default;

  // What comes out is added to `out`. Both return false if the library fails.
  virtual bool compress(std::string_view text, std::string& out) = 0;
  virtual bool finish(std::string& out) = 0;
};

namespace {

// One gzip member.
class GzipCompressor final : public Compressor {
 public:
  GzipCompressor() {
    constexpr int kGzipWindow = 16 + MAX_WBITS;
    constexpr int kMemoryLevel = 8;
    if (::deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                       Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc{};
    }
  }
  ~GzipCompressor() override { ::deflateEnd(&stream_); }

  bool compress(std::string_view text, std::string& out) override {
    for (; !text.empty(); text.remove_prefix(std::min(text.size(), kPieceBytes))) {
      if (!run(text.substr(0, kPieceBytes), Z_NO_FLUSH, out)) return false;
    }
    return true;
  }
  bool finish(std::string& out) override { return run({}, Z_FINISH, out); }

 private:
  bool run(std::string_view text, int flush, std::string& out) {
    std::array<char, std::size_t{16} * 1024> piece{};
    // zlib takes what it reads without const.
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = static_cast<uInt>(piece.size());
      if (::deflate(&stream_, flush) == Z_STREAM_ERROR) return false;
      out.append(piece.data(), piece.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return true;
  }

  z_stream stream_{};
};

// A run of frames with checksums, as an archive has them.
class ZstdCompressor final : public Compressor {
 public:
  bool compress(std::string_view text, std::string& out) override {
    for (; !text.empty(); text.remove_prefix(std::min(text.size(), kPieceBytes))) {
      const std::string_view piece = text.substr(0, kPieceBytes);
      const auto done = encoder_.compress(std::as_bytes(std::span{piece}), frame_);
      if (done.status != codec::archive::FrameStatus::ok) return false;
      out.append(reinterpret_cast<const char*>(frame_.data()), done.frame_bytes);
    }
    return true;
  }
  bool finish(std::string& /*out*/) override { return true; }

 private:
  codec::archive::FrameEncoder encoder_;
  std::vector<std::byte> frame_ = std::vector<std::byte>(kPieceBytes + kPieceBytes / 128 + 256);
};

[[nodiscard]] std::unique_ptr<Compressor> make_compressor(OutputCompression compression) {
  switch (compression) {
    case OutputCompression::gzip: return std::make_unique<GzipCompressor>();
    case OutputCompression::zstd: return std::make_unique<ZstdCompressor>();
    default: return nullptr;
  }
}

}  // namespace

Output::Output(const std::string& path, OutputCompression compression, bool overwrite)
    : name_{path}, compressor_{make_compressor(compression)} {
  if (path == "-") {
    name_ = "standard output";
    fd_ = STDOUT_FILENO;
    return;
  }
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (overwrite ? O_TRUNC : O_EXCL), 0644);
  if (fd_ < 0 && errno == EEXIST) {
    throw std::invalid_argument{path + ": exists already; --force overwrites it"};
  }
  if (fd_ < 0) throw std::invalid_argument{path + ": " + reason(errno)};
  owns_fd_ = true;
}

Output::~Output() {
  if (owns_fd_) ::close(fd_);
}

void Output::write(std::string_view text) noexcept {
  if (compressor_ == nullptr) return write_all(text);
  if (!open_) return;
  std::string out;
  if (!compressor_->compress(text, out)) return fail(ENOMEM);
  write_all(out);
}

void Output::close() noexcept {
  if (compressor_ != nullptr && open_) {
    std::string out;
    if (compressor_->finish(out)) {
      write_all(out);
    } else {
      fail(ENOMEM);
    }
  }
  if (owns_fd_ && ::close(fd_) != 0 && open_) fail(errno);
  owns_fd_ = false;
  open_ = false;
}

void Output::write_all(std::string_view bytes) noexcept {
  while (open_ && !bytes.empty()) {
    const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EPIPE) {
      open_ = false;
    } else if (errno != EINTR) {
      fail(errno);
    }
  }
}

void Output::fail(int number) noexcept {
  error_ = name_ + ": can not write: " + reason(number);
  open_ = false;
}

}  // namespace tapeline::decode
