// Times as venues write them -> nanoseconds since 1970, for kernel.inl.

namespace tapeline::codec::json::detail {

namespace {

DocumentStatus read_iso_time(std::string_view text, std::int64_t& out) noexcept {
  switch (parse_iso_time(text, out)) {
    case TimeStatus::ok: return kOk;
    case TimeStatus::bad_time: return DocumentStatus::bad_number;
    case TimeStatus::out_of_range: return DocumentStatus::out_of_range;
  }
  return DocumentStatus::bad_number;
}

// Binance: milliseconds, or microseconds where the client asked for them; sixteen digits tell.
DocumentStatus read_binance_time(std::uint64_t value, std::int64_t& out) noexcept {
  constexpr std::uint64_t kLastNs = 9'223'372'036'854'775'807U;
  constexpr std::uint64_t kNsPerMs = 1'000'000;
  constexpr std::uint64_t kNsPerUs = 1'000;
  constexpr std::uint64_t kFirstUs = 100'000'000'000'000;  // in ms, the year 5138
  const std::uint64_t unit = value >= kFirstUs ? kNsPerUs : kNsPerMs;
  if (value > kLastNs / unit) return DocumentStatus::out_of_range;
  out = static_cast<std::int64_t>(value * unit);
  return kOk;
}

// Kraken v1: seconds since 1970 with a fraction of at most nine digits.
DocumentStatus read_seconds(const Slot& slot, std::int64_t& out) noexcept {
  Decimal seconds;
  if (const DocumentStatus status = read_decimal(slot, seconds); status != kOk) return status;
  const std::optional<std::int64_t> ns = rescale_decimal(seconds, 9);
  if (!ns || *ns < 0) return DocumentStatus::out_of_range;
  out = *ns;
  return kOk;
}

}  // namespace

}  // namespace tapeline::codec::json::detail
