#pragma once

// Turns the counters of a running channel into the plain values of the status page.
//
// Thread safety: any thread, at any time while the objects live.

#include <string>

#include "app/pipeline.hpp"
#include "app/status/status_snapshot.hpp"
#include "net/latency_histogram.hpp"
#include "net/udp_source.hpp"

namespace tapeline {

// Everything but names, lines, servers and rates.
[[nodiscard]] status::ChannelStatus read_channel(const Pipeline& pipeline, Transport transport);

[[nodiscard]] status::HistogramStatus read_histogram(const net::LatencyHistogram& histogram);

// Since a time of the system clock; not known for 0.
[[nodiscard]] double age_seconds(std::uint64_t unix_nanos);

// Of one line: what the sequencer counted, and with `source` what its socket did.
[[nodiscard]] status::LineStatus read_line(const Pipeline& pipeline, std::size_t line,
                                           const net::UdpSource* source);

[[nodiscard]] status::MarketStatus read_market(const Pipeline& pipeline);
[[nodiscard]] status::ArchiveStatus read_archive(const archive::ArchiveWriter& archive);

}  // namespace tapeline
