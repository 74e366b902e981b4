#include "net/open_capture.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "codec/bytes.hpp"
#include "codec/capture/decoder.hpp"
#include "net/capture_source.hpp"
#include "net/json_file_source.hpp"

namespace tapeline::net {
namespace {

// Longer than any message of ITCH 5.0: a file whose first length is larger is something else.
constexpr std::size_t kMaxFirstLength = 64;
constexpr std::size_t kFirstBytes = 4;  // the least that tells binary formats from each other
constexpr std::string_view kItchTypes = "SRHYLVWKJhAFECXDUPQBINO";

bool looks_like_itch(std::span<const std::byte> first) noexcept {
  if (first.size() < 3) return false;
  const auto length = codec::load_be<std::uint16_t>(first.data());
  const auto type = std::to_integer<char>(first[2]);
  return length >= 1 && length <= kMaxFirstLength &&
         kItchTypes.find(type) != std::string_view::npos;
}

// What the decoder says to the first bytes, if it refuses them.
std::optional<codec::capture::Fault> refusal(std::span<const std::byte> first) {
  codec::capture::Decoder decoder;
  if (decoder.next(first).kind != codec::capture::StepKind::failed) return std::nullopt;
  return decoder.fault();
}

std::string describe(std::span<const std::byte> first) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string hex;
  bool printable = true;
  for (const std::byte byte : first) {
    const auto value = std::to_integer<unsigned>(byte);
    hex += {' ', kDigits[value >> 4U], kDigits[value & 0xFU]};
    printable = printable && ((value >= 0x20 && value < 0x7F) || value == '\n' || value == '\t');
  }
  std::string text =
      "neither pcap nor pcapng nor a file of ITCH messages or JSON lines; it starts with" + hex;
  if (printable) text += " (text)";
  return text;
}

}  // namespace

OpenedCapture open_capture(const std::string& path,
                           pool::BufferPool<pool::SerializationKind>& buffers,
                           CaptureOptions options) {
  const auto refuse = [&path](std::string reason) {
    return OpenedCapture{nullptr, StreamError{path, std::nullopt, std::move(reason)}.text()};
  };
  ByteStream stream{path, options.span, options.decompress_ahead};
  std::span<const std::byte> first = stream.peek(kFirstBytes);
  if (first.empty()) {
    if (stream.failed()) return {nullptr, stream.error().text()};
    return refuse("holds no data once it is decompressed");
  }
  if (looks_like_itch(first)) {
    return {std::make_unique<ItchFileSource>(std::move(stream), buffers, options.itch_file), {}};
  }
  if (const auto fault = refusal(first)) {
    if (JsonFileSource::recognises(stream.peek(ByteStream::kMaxPeekBytes))) {
      OpenedCapture opened;
      opened.source =
          std::make_unique<JsonFileSource>(std::move(stream), buffers, options.json_file);
      opened.kind = CaptureKind::json_lines;
      return opened;
    }
    first = stream.peek(kFirstBytes);  // the longer look took the shorter one back
    return refuse(fault->kind == codec::capture::FaultKind::not_a_capture ? describe(first)
                                                                          : fault->text());
  }
  if (first.size() < 4) return refuse(describe(first));
  return {std::make_unique<CaptureSource>(std::move(stream), buffers, std::move(options.filter)),
          {}};
}

}  // namespace tapeline::net
