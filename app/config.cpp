#include "app/config.hpp"

#include <algorithm>
#include <array>

#include "app/config_address.hpp"
#include "app/config_document.hpp"
#include "app/config_feeds.hpp"
#include "app/config_reader.hpp"
#include "codec/iex/fields.hpp"

namespace tapeline {
namespace {

using Keys = std::string_view;

constexpr std::array kTopKeys{Keys{"feeds"},   Keys{"pool"},   Keys{"market"},
                              Keys{"archive"}, Keys{"status"}, Keys{"log"}};
constexpr std::array kPoolKeys{Keys{"serialization"}, Keys{"compression"}, Keys{"simd"}};
constexpr std::array kOnePoolKeys{
    Keys{"buffer_bytes"}, Keys{"buffer_count"}, Keys{"overflow_buffers"},
    Keys{"max_buffers"},  Keys{"slab_buffers"}, Keys{"low_watermark"},
    Keys{"batch"},        Keys{"threads"},      Keys{"huge_pages"},
    Keys{"numa_node"}};
constexpr std::array kMarketKeys{Keys{"max_orders_mib"},    Keys{"preallocated_orders_mib"},
                                 Keys{"print_history"},     Keys{"scalar_kernels"},
                                 Keys{"iex_not_in_volume"}, Keys{"iex_not_in_price"}};
constexpr std::array kArchiveKeys{
    Keys{"enabled"},     Keys{"directory"},  Keys{"compression_level"}, Keys{"dictionary"},
    Keys{"frame_bytes"}, Keys{"roll_bytes"}, Keys{"roll_seconds"},      Keys{"ring_batches"},
    Keys{"flush_ms"},    Keys{"sync_ms"},    Keys{"keep_bytes"},        Keys{"keep_files"},
    Keys{"keep_days"}};
constexpr std::array kStatusKeys{Keys{"enabled"}, Keys{"address"}, Keys{"port"}};
constexpr std::array kLogKeys{Keys{"level"}, Keys{"format"}, Keys{"lines_per_second"}};

// Sale conditions of IEX.
struct NamedCondition {
  std::string_view name;
  std::uint8_t bit;
};
constexpr std::array<NamedCondition, 5> kIexConditions{
    {{"intermarket_sweep", codec::iex::kIntermarketSweep},
     {"extended_hours", codec::iex::kExtendedHours},
     {"odd_lot", codec::iex::kOddLot},
     {"trade_through_exempt", codec::iex::kTradeThroughExempt},
     {"single_price_cross", codec::iex::kSinglePriceCross}}};

// What the enumerators are called in a file, in their order.
constexpr std::array kLogFormats{Keys{"text"}, Keys{"json"}};
constexpr std::array kLogLevels{Keys{"trace"}, Keys{"debug"}, Keys{"info"},
                                Keys{"warn"},  Keys{"error"}, Keys{"off"}};

constexpr std::int64_t kMinFrameBytes = 4096;
constexpr std::int64_t kMaxFrameBytes = std::int64_t{16} << 20U;
constexpr std::int64_t kMaxArchiveBytes = std::int64_t{1} << 50U;
constexpr std::int64_t kMaxRollSeconds = 604'800;  // a week
constexpr std::int64_t kMaxKept = 1'000'000;
constexpr std::int64_t kMaxSlots = pool::kNoSlot;    // what the numbers of slots can name
constexpr std::int64_t kMaxNumaNode = 1023;          // the most that Linux knows
constexpr std::int64_t kMaxBufferBytes = 1LL << 26;  // of one buffer

void read_one_pool(const ConfigSection& section, pool::PoolConfig& pool) {
  section.read_number("buffer_bytes", pool.buffer_bytes, 64, kMaxBufferBytes);
  section.read_number("buffer_count", pool.buffer_count, 1, kMaxSlots);
  section.read_number("overflow_buffers", pool.overflow_buffers, 0, kMaxSlots - 1);
  section.read_number("max_buffers", pool.max_buffers, 0, kMaxSlots);
  section.read_number("slab_buffers", pool.slab_buffers, 0, kMaxSlots);
  section.read_number("low_watermark", pool.low_watermark, 0, kMaxSlots);
  section.read_number("batch", pool.batch, 0, 127);
  section.read_number("threads", pool.threads, 1, 1024);
  section.read_flag("huge_pages", pool.huge_pages);
  section.read_number("numa_node", pool.numa_node, -1, kMaxNumaNode);
  if (pool.buffer_bytes % pool::kCacheLineBytes != 0) {
    section.fail("buffer_bytes", "'buffer_bytes' is " + std::to_string(pool.buffer_bytes) +
                                     "; it must be a multiple of 64");
  }
  const std::int64_t slots = std::int64_t{pool.buffer_count} + pool.overflow_buffers;
  if (!section.has("max_buffers") && pool.max_buffers != 0 && pool.max_buffers < slots) {
    pool.max_buffers = static_cast<std::uint32_t>(slots);  // no default refuses what was stated
  }
  if (slots > kMaxSlots) {
    section.fail(section.has("buffer_count") ? "buffer_count" : "overflow_buffers",
                 "'buffer_count' and 'overflow_buffers' make " + std::to_string(slots) +
                     " together; they must be " + std::to_string(kMaxSlots) + " or less");
  }
  if (pool.max_buffers != 0 && pool.max_buffers < slots) {
    section.fail("max_buffers", "'max_buffers' is " + std::to_string(pool.max_buffers) +
                                    "; it must be 0, or at least the " + std::to_string(slots) +
                                    " of 'buffer_count' and 'overflow_buffers'");
  }
  if (pool.low_watermark > pool.buffer_count) {
    section.fail("low_watermark", "'low_watermark' is " + std::to_string(pool.low_watermark) +
                                      " and 'buffer_count' " + std::to_string(pool.buffer_count) +
                                      "; the first must not be the larger one");
  }
}

void read_pool(const ConfigSection& top, pool::LockFreeBufferPoolConfig& pool) {
  const ConfigSection section = top.section("pool", kPoolKeys);
  read_one_pool(section.section("serialization", kOnePoolKeys), pool.serialization);
  read_one_pool(section.section("compression", kOnePoolKeys), pool.compression);
  read_one_pool(section.section("simd", kOnePoolKeys), pool.simd);
}

void read_conditions(const ConfigSection& section, std::string_view key, std::uint8_t& bits) {
  if (!section.has(key)) return;
  std::vector<std::string> stated;
  section.read_texts(key, stated);
  bits = 0;
  for (const std::string& name : stated) {
    const auto* const known =
        std::find_if(kIexConditions.begin(), kIexConditions.end(),
                     [&](const NamedCondition& condition) { return condition.name == name; });
    if (known == kIexConditions.end()) {
      section.fail(key, quoted_for_message(name) +
                            " is no sale condition of IEX; there are intermarket_sweep, "
                            "extended_hours, odd_lot, trade_through_exempt and single_price_cross");
    }
    bits = static_cast<std::uint8_t>(bits | known->bit);
  }
}

void read_market(const ConfigSection& top, MarketConfig& market) {
  const ConfigSection section = top.section("market", kMarketKeys);
  section.read_number("max_orders_mib", market.max_orders_mib, 1, 1 << 24);
  section.read_number("preallocated_orders_mib", market.preallocated_orders_mib, 0, 1 << 20);
  section.read_number("print_history", market.print_history, 0, 1 << 28);
  section.read_flag("scalar_kernels", market.scalar_kernels);
  read_conditions(section, "iex_not_in_volume", market.iex_prints.not_in_volume);
  read_conditions(section, "iex_not_in_price", market.iex_prints.not_in_price);
  if (market.preallocated_orders_mib > market.max_orders_mib) {
    section.fail(
        section.has("preallocated_orders_mib") ? "preallocated_orders_mib" : "max_orders_mib",
        "'preallocated_orders_mib' is " + std::to_string(market.preallocated_orders_mib) +
            " and 'max_orders_mib' " + std::to_string(market.max_orders_mib) +
            "; the first must not be the larger one");
  }
}

void read_archive(const ConfigSection& top, const pool::PoolConfig& compression,
                  ArchiveConfig& archive) {
  const ConfigSection section = top.section("archive", kArchiveKeys);
  section.read_flag("enabled", archive.enabled);
  std::string directory = archive.directory.string();
  section.read_text("directory", directory);
  if (directory.empty()) {
    section.fail("directory", "'directory' is empty; write the folder for the archive files");
  }
  archive.directory = directory;
  section.read_number("compression_level", archive.compression_level, 1, 19);
  std::string dictionary = archive.dictionary.string();
  section.read_text("dictionary", dictionary);
  archive.dictionary = dictionary;
  section.read_number("frame_bytes", archive.frame_bytes, kMinFrameBytes, kMaxFrameBytes);
  if (section.has("frame_bytes") && archive.frame_bytes > compression.buffer_bytes) {
    section.fail("frame_bytes", "'frame_bytes' is " + std::to_string(archive.frame_bytes) +
                                    "; a buffer of pool.compression has " +
                                    std::to_string(compression.buffer_bytes) +
                                    ", raise its buffer_bytes");
  }
  section.read_number("roll_bytes", archive.roll_bytes, 0, kMaxArchiveBytes);
  section.read_number("roll_seconds", archive.roll_seconds, 0, kMaxRollSeconds);
  section.read_number("ring_batches", archive.ring_batches, 1, kMaxSlots);
  section.read_number("flush_ms", archive.flush_ms, 1, 60000);
  section.read_number("sync_ms", archive.sync_ms, 0, 60000);
  section.read_number("keep_bytes", archive.keep_bytes, 0, kMaxArchiveBytes);
  section.read_number("keep_files", archive.keep_files, 0, kMaxKept);
  section.read_number("keep_days", archive.keep_days, 0, kMaxKept);
}

void read_status(const ConfigSection& top, StatusConfig& status) {
  const ConfigSection section = top.section("status", kStatusKeys);
  section.read_flag("enabled", status.enabled);
  section.read_text("address", status.address);
  const std::string wrong = wrong_with_listener(status.address);
  if (!wrong.empty()) section.fail("address", wrong);
  section.read_number("port", status.port, 0, 65535);
}

void read_log(const ConfigSection& top, LogConfig& log) {
  const ConfigSection section = top.section("log", kLogKeys);
  if (section.has("level")) log.level = kLogLevels.at(section.choice("level", kLogLevels));
  section.read_choice("format", log.format, kLogFormats);
  section.read_number("lines_per_second", log.lines_per_second, 1, 1000);
}

}  // namespace

std::string ConfigOrigin::locate(std::string_view key) const {
  while (!key.empty()) {
    const auto found = positions.find(key);
    if (found != positions.end()) {
      return file + ':' + std::to_string(found->second.line) + ':' +
             std::to_string(found->second.column);
    }
    const std::size_t parent = key.find_last_of(".[");
    key = parent == std::string_view::npos ? std::string_view{} : key.substr(0, parent);
  }
  return file;
}

Config parse_config(std::string_view text, const std::string& file_name) {
  const ConfigNode root = parse_config_document(text, file_name);
  if (root.kind == ConfigNode::Kind::empty) {
    throw_config_error(file_name, {1, 1},
                       "nothing in it; start from configs/minimal.yaml, which has one feed");
  }
  Config config;
  config.origin.file = file_name;
  const ConfigSection top{config.origin, root, "", kTopKeys};
  read_pool(top, config.pool);
  read_feeds(top, config);
  read_market(top, config.market);
  read_archive(top, config.pool.compression, config.archive);
  read_status(top, config.status);
  read_log(top, config.log);
  return config;
}

Config load_config(const std::filesystem::path& file) {
  const std::string text = read_config_file(file);
  return parse_config(text, file.string());
}

}  // namespace tapeline
