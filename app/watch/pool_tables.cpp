#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "app/watch/cells.hpp"
#include "app/watch/number_text.hpp"
#include "app/watch/tables.hpp"

namespace tapeline::watch {
namespace {

[[nodiscard]] Cell pool_state(const PoolReading& pool) {
  if (pool.leak_suspected) {
    return text_cell("may leak: +" + count_text(pool.lowest_in_use_rise), Style::bad);
  }
  if (pool.overflow_buffers > 0 && pool.overflow_in_use >= pool.overflow_buffers) {
    return text_cell("used up", Style::bad);
  }
  if (pool.overflow_in_use > 0) return text_cell("into the reserve", Style::warn);
  return text_cell("fits", Style::good);
}

}  // namespace

Table pool_table(const Moment& moment, std::size_t bar_columns) {
  Table table{.columns = {{"POOL", true},
                          {"STATE", true},
                          {"USE", true},
                          {"IN USE"},
                          {"PEAK"},
                          {"CACHE"},
                          {"STACK"},
                          {"RESERVE"},
                          {"REFUSED"},
                          {"HELD"},
                          {"CAS RETRIES"},
                          {"ACQUIRES/S"},
                          {"MEMORY"}},
              .rows = {},
              .nothing = "no pool"};
  for (const PoolReading& pool : moment.now().pools) {
    const double acquires =
        moment.per_second(counter(&StatusReading::pools, pool.name, &PoolReading::acquires));
    table.rows.push_back(
        Cells{text_cell(pool.name), pool_state(pool),
              Cell{.spans = use_bar(pool.in_use, pool.peak_in_use, pool.buffers, bar_columns),
                   .order = share_of(pool.in_use, pool.buffers)},
              number_cell(count_text(pool.in_use) + "/" + count_text(pool.buffers),
                          static_cast<double>(pool.in_use)),
              count(pool.peak_in_use), share(share_of(pool.cache_hits, pool.acquires)),
              share(share_of(pool.stack_hits, pool.acquires)),
              alarm(pool.fallback_allocations, Style::warn), alarm(pool.refusals),
              number_cell(count_text(pool.lowest_in_use), static_cast<double>(pool.lowest_in_use),
                          pool.leak_suspected ? Style::bad : Style::plain),
              count(pool.cas_retries), rate(acquires),
              number_cell(bytes_text(pool.bytes_now), static_cast<double>(pool.bytes_now))});
  }
  return table;
}

Screen pool_cards(const Moment& moment, std::string_view filter, std::size_t columns) {
  constexpr std::size_t kLabel = 13;
  constexpr std::size_t kWidestBar = 60;
  Screen rows;
  for (const PoolReading& pool : moment.now().pools) {
    if (!matches(pool.name, filter)) continue;
    const auto rise = [&](std::uint64_t PoolReading::*member) {
      return count_text(moment.per_second(counter(&StatusReading::pools, pool.name, member)));
    };
    const auto served = [&](const char* by, std::uint64_t part) {
      return fmt::format("{} {}  ", by, share_text(share_of(part, pool.acquires)));
    };
    const Cell state = pool_state(pool);
    Row head{{pool.name + "  ", Style::plain}};
    head.insert(head.end(), state.spans.begin(), state.spans.end());
    head.push_back({"  " + bytes_text(pool.bytes_now), Style::soft});
    fill(head, columns);
    rows.push_back(std::move(head));
    Row use{{fitted("  in use", kLabel, true), Style::soft}};
    const Row bar = use_bar(pool.in_use, pool.peak_in_use, pool.buffers,
                            std::clamp<std::size_t>(columns / 3, 4, kWidestBar));
    use.insert(use.end(), bar.begin(), bar.end());
    use.push_back({fmt::format(" {} of {}, peak {}", count_text(pool.in_use),
                               count_text(pool.buffers), count_text(pool.peak_in_use)),
                   Style::plain});
    rows.push_back(std::move(use));
    rows.push_back({{fitted("  held", kLabel, true), Style::soft},
                    {fmt::format("at least {} all the time", count_text(pool.lowest_in_use)),
                     pool.leak_suspected ? Style::bad : Style::plain},
                    {fmt::format(", reserve {} of {} in use", count_text(pool.overflow_in_use),
                                 count_text(pool.overflow_buffers)),
                     pool.overflow_in_use > 0 ? Style::warn : Style::plain}});
    rows.push_back(
        {{fitted("  served by", kLabel, true), Style::soft},
         {served("cache", pool.cache_hits) + served("stack", pool.stack_hits), Style::plain},
         {"reserve " + count_text(pool.fallback_allocations) + "  ",
          pool.fallback_allocations > 0 ? Style::warn : Style::plain},
         {"refused " + count_text(pool.refusals), pool.refusals > 0 ? Style::bad : Style::plain}});
    rows.push_back({{fitted("  acquires", kLabel, true), Style::soft},
                    {fmt::format("{} ({}/s), CAS retries {} ({}/s)", count_text(pool.acquires),
                                 rise(&PoolReading::acquires), count_text(pool.cas_retries),
                                 rise(&PoolReading::cas_retries)),
                     Style::plain}});
  }
  if (rows.empty()) rows.push_back({{"no pool", Style::soft}});
  for (Row& row : rows) cut(row, columns);
  return rows;
}

Row use_bar(std::uint64_t in_use, std::uint64_t peak, std::uint64_t all, std::size_t columns) {
  const std::size_t inside = columns > 2 ? columns - 2 : 0;
  const auto filled = [&](std::uint64_t part) {
    const double share = all == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(all);
    return static_cast<std::size_t>(std::ceil(std::min(share, 1.0) * static_cast<double>(inside)));
  };
  const std::size_t used = filled(in_use);
  const std::size_t most = std::max(filled(peak), used);
  return {{"[", Style::soft},
          {std::string(used, '#'), Style::bar},
          {std::string(most - used, '-'), Style::bar_peak},
          {std::string(inside - most, '.'), Style::soft},
          {"]", Style::soft}};
}

}  // namespace tapeline::watch
