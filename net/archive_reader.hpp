#pragma once

// The content of an archive file, frame by frame: what is handed on was decompressed whole and its
// checksum was right. Begins and ends at frames that its index names, if only a span of time is
// wanted; the pcap header stands in front in any case.
//
// Thread safety: see net/byte_reader.hpp.
// Memory:        bounded: a frame and its content, each up to kMaxFrameBytes; larger are refused.

#include <cstddef>
#include <memory>

#include "net/byte_reader.hpp"
#include "net/time_span.hpp"

namespace tapeline::net {

inline constexpr std::size_t kMaxArchiveFrameBytes = std::size_t{64} << 20U;

// Empty if the file is not to be read in this way: it has no index, does not begin with a
// dictionary, and `is_open` is false. `is_open`: the file is being written, or was when its writer
// died, so a frame that is cut is its end and no damage. `file` is not owned and must outlive the
// reader. Requires: file.is_regular().
[[nodiscard]] std::unique_ptr<ByteReader> make_archive_reader(FileReader& file,
                                                              const TimeSpan& span, bool is_open);

}  // namespace tapeline::net
