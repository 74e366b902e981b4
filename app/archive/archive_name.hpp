#pragma once

// Names of archive files: <feed>-<channel>-<UTC start>.pcap.zst. Nothing in them comes from the
// wire but a time.
//
// Thread safety: pure functions.

#include <optional>
#include <string>
#include <string_view>

#include "net/packet_batch.hpp"

namespace tapeline::archive {

inline constexpr std::string_view kArchiveSuffix = ".pcap.zst";
// Stands behind the suffix while the file is being written.
inline constexpr std::string_view kOpenSuffix = ".open";

// 1 to 64 characters of [A-Za-z0-9._-], the first not a dot or a dash.
[[nodiscard]] bool is_name_part(std::string_view name) noexcept;

// "20260105T143000.123456789Z"; times before 1970 count as 1970.
[[nodiscard]] std::string utc_text(net::UnixNanos time);

// The name without folder and open suffix. `copy` counts files of the same start: 0 is the first
// and has no number, 1 gives "...Z-1.pcap.zst".
[[nodiscard]] std::string archive_file_name(std::string_view feed, std::string_view channel,
                                            net::UnixNanos start, unsigned copy);

// A name that archive_file_name() made, taken apart.
struct ArchiveName {
  std::string_view source;  // "<feed>-<channel>", a view of the name
  net::UnixNanos start = 0;
  unsigned copy = 0;
  bool is_open = false;  // with the open suffix
};

// `file_name` without folder; nothing if it is not exactly of that form.
[[nodiscard]] std::optional<ArchiveName> parse_archive_name(std::string_view file_name) noexcept;

}  // namespace tapeline::archive
