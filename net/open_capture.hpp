#pragma once

// Opens a file for a replay and finds out by its content what it is: a pcap or pcapng capture, a
// file of ITCH messages, or lines of JSON documents, each also compressed (net/byte_stream.hpp).
//
// Thread safety: none needed; it is called at start-up and between files.

#include <cstdint>
#include <memory>
#include <string>

#include "net/byte_stream.hpp"
#include "net/capture_filter.hpp"
#include "net/itch_file_source.hpp"
#include "net/json_file_source.hpp"
#include "net/pull_source.hpp"
#include "net/time_span.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::net {

struct CaptureOptions {
  CaptureFilter filter;           // for captures
  ItchFileConfig itch_file;       // for files of ITCH messages
  JsonFileConfig json_file;       // for files of JSON lines
  TimeSpan span;                  // what is wanted of an archive; see net/time_span.hpp
  bool decompress_ahead = false;  // of a compressed file: on a thread of its own
};

// What the packets of a file are.
enum class CaptureKind : std::uint8_t {
  datagrams,   // with their headers
  json_lines,  // without any
};

struct OpenedCapture {
  std::unique_ptr<PullSource> source;  // empty if the file could not be opened or is something else
  std::string error;                   // then one line with the path; otherwise empty
  CaptureKind kind = CaptureKind::datagrams;
};

// `path` is a file or "-" for the standard input. `buffers` must outlive the source.
[[nodiscard]] OpenedCapture open_capture(const std::string& path,
                                         pool::BufferPool<pool::SerializationKind>& buffers,
                                         CaptureOptions options = {});

}  // namespace tapeline::net
