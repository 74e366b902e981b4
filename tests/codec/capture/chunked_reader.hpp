#pragma once

// Reads a capture file in pieces, the way a source does, and keeps what it says.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/capture/decoder.hpp"
#include "tests/codec/capture/capture_file.hpp"

namespace tapeline::codec::capture::test {

struct OwnedRecord {
  Bytes data;
  std::int64_t time_ns = 0;
  std::uint32_t original_bytes = 0;
  std::uint32_t interface = 0;
  LinkType link_type = LinkType::null;

  friend bool operator==(const OwnedRecord&, const OwnedRecord&) = default;
};

struct Reading {
  std::vector<OwnedRecord> records;
  std::size_t skipped = 0;
  bool clean = false;
  Fault fault;
  Oddities oddities;
};

// Reads a file that comes in pieces of `chunk` bytes. Records that are longer than `room` are
// skipped. Stops, with an unclean result, if the decoder makes no progress.
inline Reading read_in_chunks(std::span<const std::byte> file, std::size_t chunk,
                              std::size_t room = ~std::size_t{0}) {
  Reading reading;
  Decoder decoder;
  std::size_t begin = 0;
  std::size_t arrived = 0;
  for (;;) {
    const Step step = decoder.next(file.subspan(begin, arrived - begin));
    if (step.consumed > arrived - begin) return reading;
    if (step.kind == StepKind::record) {
      const Record& record = step.record;
      reading.records.push_back({Bytes(record.data.begin(), record.data.end()), record.time_ns,
                                 record.original_bytes, record.interface, record.link_type});
    }
    begin += step.consumed;
    if (decoder.position() != begin && step.kind != StepKind::failed) return reading;
    if (step.kind == StepKind::record) continue;
    if (step.kind == StepKind::failed) break;
    if (step.needed <= arrived - begin) return reading;  // it has what it asks for
    if (step.needed > room) {
      if (!decoder.skip(room)) break;
      ++reading.skipped;
      continue;
    }
    if (arrived == file.size()) {
      reading.clean = decoder.finish(file.size() - begin);
      break;
    }
    arrived = std::min(file.size(), arrived + chunk);
  }
  reading.fault = decoder.fault();
  reading.oddities = decoder.oddities();
  return reading;
}

}  // namespace tapeline::codec::capture::test
