#pragma once

// How the samples of each metric come out of a snapshot: the last column of the table of metrics,
// and used by nobody else.
//
// Thread safety: pure functions of their arguments.

#include <functional>
#include <string_view>
#include <type_traits>

#include "app/status/degraded.hpp"
#include "app/status/metrics.hpp"
#include "app/status/status_snapshot.hpp"
#include "pool/pool_stats.hpp"

namespace tapeline::status::collectors {

// A flag as 0 or 1; everything else as it is.
template <typename Value>
auto sample_value(const Value& value) {
  if constexpr (std::is_same_v<Value, bool>) {
    return std::uint64_t{value ? 1U : 0U};
  } else {
    return value;
  }
}

template <auto kMember>
void of_process(const StatusSnapshot& snapshot, Samples& samples) {
  samples.add({}, sample_value(std::invoke(kMember, snapshot.process)));
}

template <typename Function>
void each_pool(const StatusSnapshot& snapshot, Function&& function) {
  function(std::string_view{"serialization"}, snapshot.pools.serialization);
  function(std::string_view{"compression"}, snapshot.pools.compression);
  function(std::string_view{"simd"}, snapshot.pools.simd);
}

template <auto kMember>
void of_pool(const StatusSnapshot& snapshot, Samples& samples) {
  each_pool(snapshot, [&samples](std::string_view name, const pool::BufferCounts& counts) {
    samples.add({{"pool", name}}, sample_value(std::invoke(kMember, counts)));
  });
}

template <typename Function>
void each_channel(const StatusSnapshot& snapshot, Function&& function) {
  for (const FeedStatus& feed : snapshot.feeds) {
    for (const ChannelStatus& channel : feed.channels) function(feed, channel);
  }
}

template <auto kMember>
void of_channel(const StatusSnapshot& snapshot, Samples& samples) {
  each_channel(snapshot, [&samples](const FeedStatus& feed, const ChannelStatus& channel) {
    samples.add({{"feed", feed.name}, {"channel", channel.name}},
                sample_value(std::invoke(kMember, channel)));
  });
}

template <auto kMember>
void of_line(const StatusSnapshot& snapshot, Samples& samples) {
  each_channel(snapshot, [&samples](const FeedStatus& feed, const ChannelStatus& channel) {
    for (const LineStatus& line : channel.lines) {
      samples.add({{"feed", feed.name}, {"channel", channel.name}, {"line", line.name}},
                  sample_value(std::invoke(kMember, line)));
    }
  });
}

template <auto kMember>
void of_archive(const StatusSnapshot& snapshot, Samples& samples) {
  for (const ArchiveStatus& archive : snapshot.archives) {
    samples.add({{"feed", archive.feed}, {"channel", archive.channel}},
                sample_value(std::invoke(kMember, archive)));
  }
}

template <auto kMember>
void of_market(const StatusSnapshot& snapshot, Samples& samples) {
  for (const MarketStatus& market : snapshot.markets) {
    samples.add({{"feed", market.feed}, {"channel", market.channel}},
                sample_value(std::invoke(kMember, market)));
  }
}

inline void build(const StatusSnapshot& snapshot, Samples& samples) {
  samples.add({{"version", snapshot.process.version}}, std::uint64_t{1});
}

inline void http_closed(const StatusSnapshot& snapshot, Samples& samples) {
  samples.add({{"reason", "displaced"}}, snapshot.http.displaced);
  samples.add({{"reason", "timeout"}}, snapshot.http.timed_out);
}

template <auto kMember>
void of_http(const StatusSnapshot& snapshot, Samples& samples) {
  samples.add({}, std::invoke(kMember, snapshot.http));
}

template <typename Function>
void each_held(Function&& function) {
  function(std::string_view{"serialization"}, &HeldStatuses::serialization);
  function(std::string_view{"compression"}, &HeldStatuses::compression);
  function(std::string_view{"simd"}, &HeldStatuses::simd);
}

inline void pool_lowest_in_use(const StatusSnapshot& snapshot, Samples& samples) {
  each_held([&](std::string_view name, HeldStatus HeldStatuses::*pool) {
    samples.add({{"pool", name}}, (snapshot.held.*pool).lowest);
  });
}

inline void pool_leak_suspected(const StatusSnapshot& snapshot, Samples& samples) {
  each_held([&](std::string_view name, HeldStatus HeldStatuses::*pool) {
    samples.add({{"pool", name}}, sample_value(may_leak(snapshot, pool)));
  });
}

inline void ready(const StatusSnapshot& snapshot, Samples& samples) {
  samples.add({}, sample_value(unready_reasons(snapshot).empty()));
}

inline void channel_in_sync(const StatusSnapshot& snapshot, Samples& samples) {
  each_channel(snapshot, [&samples](const FeedStatus& feed, const ChannelStatus& channel) {
    samples.add({{"feed", feed.name}, {"channel", channel.name}},
                sample_value(is_in_sync(channel)));
  });
}

inline void pool_cas_retries(const StatusSnapshot& snapshot, Samples& samples) {
  each_pool(snapshot, [&samples](std::string_view name, const pool::BufferCounts& counts) {
    samples.add({{"pool", name}, {"kind", "pop"}}, counts.cas_retries_pop);
    samples.add({{"pool", name}, {"kind", "push"}}, counts.cas_retries_push);
  });
}

inline void channel_messages_by_type(const StatusSnapshot& snapshot, Samples& samples) {
  each_channel(snapshot, [&samples](const FeedStatus& feed, const ChannelStatus& channel) {
    for (const NamedCount& type : channel.messages_by_type) {
      samples.add({{"feed", feed.name}, {"channel", channel.name}, {"type", type.name}},
                  type.count);
    }
  });
}

inline void channel_malformed(const StatusSnapshot& snapshot, Samples& samples) {
  each_channel(snapshot, [&samples](const FeedStatus& feed, const ChannelStatus& channel) {
    for (const NamedCount& kind : channel.malformed) {
      samples.add({{"feed", feed.name}, {"channel", channel.name}, {"kind", kind.name}},
                  kind.count);
    }
  });
}

inline void channel_anomalies(const StatusSnapshot& snapshot, Samples& samples) {
  each_channel(snapshot, [&samples](const FeedStatus& feed, const ChannelStatus& channel) {
    for (const NamedCount& kind : channel.anomalies) {
      samples.add({{"feed", feed.name}, {"channel", channel.name}, {"kind", kind.name}},
                  kind.count);
    }
  });
}

inline void line_anomalies(const StatusSnapshot& snapshot, Samples& samples) {
  each_channel(snapshot, [&samples](const FeedStatus& feed, const ChannelStatus& channel) {
    for (const LineStatus& line : channel.lines) {
      for (const NamedCount& kind : line.anomalies) {
        samples.add({{"feed", feed.name},
                     {"channel", channel.name},
                     {"line", line.name},
                     {"kind", kind.name}},
                    kind.count);
      }
    }
  });
}

inline void channel_resolved(const StatusSnapshot& snapshot, Samples& samples) {
  each_channel(snapshot, [&samples](const FeedStatus& feed, const ChannelStatus& channel) {
    for (const NamedCount& remedy : channel.resolved) {
      samples.add({{"feed", feed.name}, {"channel", channel.name}, {"remedy", remedy.name}},
                  remedy.count);
    }
  });
}

template <auto kMember>
void of_recovery(const StatusSnapshot& snapshot, Samples& samples) {
  each_channel(snapshot, [&samples](const FeedStatus& feed, const ChannelStatus& channel) {
    for (const RecoveryStatus& recovery : channel.recovery) {
      samples.add({{"feed", feed.name}, {"channel", channel.name}, {"server", recovery.server}},
                  std::invoke(kMember, recovery));
    }
  });
}

// Of a part of the channel that there is at most one of.
template <auto kPart, auto kMember>
void of_part(const StatusSnapshot& snapshot, Samples& samples) {
  each_channel(snapshot, [&samples](const FeedStatus& feed, const ChannelStatus& channel) {
    for (const auto& part : std::invoke(kPart, channel)) {
      samples.add({{"feed", feed.name}, {"channel", channel.name}},
                  sample_value(std::invoke(kMember, part)));
    }
  });
}

inline void market_anomalies(const StatusSnapshot& snapshot, Samples& samples) {
  for (const MarketStatus& market : snapshot.markets) {
    for (const NamedCount& kind : market.anomalies) {
      samples.add({{"feed", market.feed}, {"channel", market.channel}, {"kind", kind.name}},
                  kind.count);
    }
  }
}

}  // namespace tapeline::status::collectors
