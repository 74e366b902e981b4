// Any bytes as a capture file: no crash, no endless loop, and two ways of cutting the file into
// windows give the same records and the same verdict. The first byte chooses the second way.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "codec/capture/datagram.hpp"
#include "codec/capture/decoder.hpp"

namespace {

using tapeline::codec::ByteSpan;
using namespace tapeline::codec::capture;

void require(bool condition) {
  if (!condition) std::abort();
}

// What was read, folded into one number.
struct Verdict {
  std::uint64_t hash = 0xCBF29CE484222325;
  std::uint64_t records = 0;
  bool clean = false;

  void add(std::uint64_t value) { hash = (hash ^ value) * 0x100000001B3; }
};

void add_record(Verdict& verdict, const Record& record) {
  ++verdict.records;
  verdict.add(static_cast<std::uint64_t>(record.time_ns));
  verdict.add(record.original_bytes);
  verdict.add(record.interface);
  verdict.add(static_cast<std::uint64_t>(record.link_type));
  verdict.add(record.data.size());
  for (const std::byte byte : record.data) verdict.add(std::to_integer<std::uint64_t>(byte));
  Datagram datagram;
  if (parse_datagram(record.link_type, record.data, record.original_bytes, datagram) !=
      SkipReason::none) {
    return;
  }
  require(std::size_t{datagram.ip_offset} + datagram.ip_bytes <= record.data.size());
  require(std::size_t{datagram.payload_offset} + datagram.payload_bytes <= datagram.ip_bytes);
}

Verdict read(ByteSpan file, std::size_t chunk) {
  constexpr std::size_t kRoom = std::size_t{128} * 1024;
  Verdict verdict;
  Decoder decoder;
  std::size_t begin = 0;
  std::size_t arrived = 0;
  for (;;) {
    const Step step = decoder.next(file.subspan(begin, arrived - begin));
    require(step.consumed <= arrived - begin);
    begin += step.consumed;
    if (step.kind == StepKind::record) {
      add_record(verdict, step.record);
      continue;
    }
    if (step.kind == StepKind::failed) break;
    require(step.needed > arrived - begin);
    if (step.needed > kRoom) {
      if (!decoder.skip(kRoom)) break;
    } else if (arrived == file.size()) {
      verdict.clean = decoder.finish(file.size() - begin);
      break;
    } else {
      arrived = std::min(file.size(), arrived + chunk);
    }
  }
  require(verdict.clean == (decoder.fault().kind == FaultKind::none));
  require(!decoder.fault().text().empty());
  verdict.add(static_cast<std::uint64_t>(decoder.fault().kind));
  verdict.add(decoder.fault().offset);
  return verdict;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteSpan file = std::as_bytes(std::span{data + 1, size - 1});
  const Verdict whole = read(file, std::max<std::size_t>(file.size(), 1));
  const Verdict pieces = read(file, std::size_t{data[0]} + 1);
  require(whole.hash == pieces.hash && whole.records == pieces.records);
  require(whole.clean == pieces.clean);
  return 0;
}
