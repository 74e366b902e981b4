#include "net/pull_source.hpp"

namespace tapeline::net {

std::string_view to_string(SourceCounter counter) noexcept {
  switch (counter) {
    case SourceCounter::records: return "records";
    case SourceCounter::record_bytes: return "record_bytes";
    case SourceCounter::packets: return "packets";
    case SourceCounter::packet_bytes: return "packet_bytes";
    case SourceCounter::unknown_link_type: return "unknown_link_type";
    case SourceCounter::non_ip: return "non_ip";
    case SourceCounter::fragment: return "fragment";
    case SourceCounter::not_udp: return "not_udp";
    case SourceCounter::truncated: return "truncated";
    case SourceCounter::bad_length: return "bad_length";
    case SourceCounter::filtered: return "filtered";
    case SourceCounter::oversized: return "oversized";
    case SourceCounter::cut_packets: return "cut_packets";
    case SourceCounter::cut_bytes: return "cut_bytes";
    case SourceCounter::shared_line_packets: return "shared_line_packets";
    case SourceCounter::backward_times: return "backward_times";
    case SourceCounter::bad_time_fractions: return "bad_time_fractions";
    case SourceCounter::captured_exceeds_original: return "captured_exceeds_original";
    case SourceCounter::interface_drops: return "interface_drops";
    case SourceCounter::empty_messages: return "empty_messages";
    case SourceCounter::large_records: return "large_records";
    case SourceCounter::tcp_segments: return "tcp_segments";
    case SourceCounter::tcp_holes: return "tcp_holes";
  }
  return "invalid";
}

}  // namespace tapeline::net
