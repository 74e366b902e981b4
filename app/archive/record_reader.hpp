#pragma once

// The packet records of an archive, or of any other capture of raw IP, one by one: also those of
// TCP segments, which the sources of the pipeline pass over. Several are merged in the order of
// their times.
//
// Thread safety: none.
// Memory:        bounded: a window of the file, at most the longest record, and what
//                net/archive_reader.hpp needs.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "codec/capture/decoder.hpp"
#include "net/byte_stream.hpp"
#include "net/time_span.hpp"

namespace tapeline::archive {

class RecordReader {
 public:
  // `path` is a file or "-". Records outside of `span` are left out.
  explicit RecordReader(const std::string& path, const net::TimeSpan& span = {});

  // The next record, valid until the next call; nullptr at the end, and when the file can not be
  // read any further: then error() is set. Waits for a pipe. Throws std::bad_alloc.
  [[nodiscard]] const codec::capture::Record* next();

  // One line with the path and the place; empty if all is well.
  [[nodiscard]] const std::string& error() const noexcept { return error_; }
  [[nodiscard]] const std::string& path() const noexcept { return stream_.path(); }
  // Of the file as it is stored.
  [[nodiscard]] std::uint64_t bytes_read() const noexcept { return stream_.bytes_read(); }

 private:
  [[nodiscard]] bool fill();
  [[nodiscard]] bool accept(const codec::capture::Record& record);

  net::ByteStream stream_;
  net::TimeSpan span_;
  codec::capture::Decoder decoder_;
  codec::capture::Record record_;
  std::vector<std::byte> window_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::string error_;
  bool ended_ = false;
};

class RecordMerge {
 public:
  // A file whose records are not earlier than `earliest_ns`: it is opened when its turn comes.
  void add(std::string path, const net::TimeSpan& span, std::int64_t earliest_ns);

  // The earliest record of all files, of equal ones that of the file opened first; as
  // RecordReader::next(). A file that can not be read any further ends, and the others go on.
  [[nodiscard]] const codec::capture::Record* next();

  // Of every file that failed, in the order in which they did.
  [[nodiscard]] const std::vector<std::string>& errors() const noexcept { return errors_; }

 private:
  struct Head {
    std::int64_t time_ns = 0;
    std::size_t reader = 0;

    [[nodiscard]] bool operator>(const Head& other) const noexcept {
      return time_ns != other.time_ns ? time_ns > other.time_ns : reader > other.reader;
    }
  };
  struct Waiting {
    std::int64_t earliest_ns = 0;
    std::string path;
    net::TimeSpan span;
  };
  void open_next();
  void advance(std::size_t reader);

  std::vector<Waiting> waiting_;  // the earliest last
  std::vector<std::unique_ptr<RecordReader>> readers_;
  std::vector<const codec::capture::Record*> records_;  // of each, the one not handed on yet
  std::vector<Head> heads_;                             // a heap, the earliest first
  std::vector<std::string> errors_;
  std::size_t taken_ = kNone;
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
};

}  // namespace tapeline::archive
