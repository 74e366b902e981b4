#pragma once

// Files for tests: written at the start, removed at the end, also compressed.

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tapeline::net::test {

using Bytes = std::vector<std::byte>;

inline Bytes text(std::string_view characters) {
  const auto bytes = std::as_bytes(std::span{characters});
  return {bytes.begin(), bytes.end()};
}

class TemporaryFile {
 public:
  explicit TemporaryFile(std::span<const std::byte> content) {
    path_ = testing::TempDir() + "tapeline_XXXXXX";
    const int descriptor = ::mkstemp(path_.data());
    if (descriptor < 0) throw std::runtime_error{"mkstemp failed"};
    ::close(descriptor);
    std::ofstream out{path_, std::ios::binary};
    out.write(reinterpret_cast<const char*>(content.data()),
              static_cast<std::streamsize>(content.size()));
  }
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// One gzip member.
inline Bytes gzip(const Bytes& content) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  Bytes out(deflateBound(&stream, content.size()) + 64);
  Bytes in = content;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// One zstd frame with a checksum; `window_log` 0 leaves the window to the library.
inline Bytes zstd(const Bytes& content, int window_log = 0) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  if (window_log != 0) {
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  }
  Bytes out(ZSTD_compressBound(content.size()) + 64);
  ZSTD_inBuffer from{content.data(), content.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  // In two steps, so that the length is not known at the start and a window is written.
  ZSTD_compressStream2(context, &to, &from, ZSTD_e_flush);
  ZSTD_compressStream2(context, &to, &from, ZSTD_e_end);
  ZSTD_freeCCtx(context);
  out.resize(to.pos);
  return out;
}

inline Bytes skippable_zstd_frame(std::uint8_t size) {
  Bytes frame(8 + std::size_t{size}, std::byte{0x5A});
  const std::array<unsigned, 8> header{0x5E, 0x2A, 0x4D, 0x18, size, 0, 0, 0};
  for (std::size_t i = 0; i < header.size(); ++i) frame[i] = static_cast<std::byte>(header[i]);
  return frame;
}

}  // namespace tapeline::net::test
