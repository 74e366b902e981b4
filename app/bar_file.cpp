#include "app/bar_file.hpp"

#include <fcntl.h>
#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "app/config.hpp"
#include "app/market/price.hpp"
#include "codec/decimal_text.hpp"

namespace tapeline {

namespace {

[[nodiscard]] std::string reason() { return std::generic_category().message(errno); }

// "hh:mm:ss" of the exchange's day; of venues whose time counts from 1970, with the date (UTC).
[[nodiscard]] std::string clock_time(market::ExchangeNanos nanos) {
  constexpr std::uint64_t kSecondsPerYear = 365ULL * 86400;
  const std::uint64_t seconds = nanos / market::kNanosPerSecond;
  if (seconds >= kSecondsPerYear) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
  }
  return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

}  // namespace

void BarFile::open(const std::string& path, bool force, const market::Market& market) {
  path_ = path;
  market_ = &market;
  const int fd =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL), 0644);
  if (fd < 0) {
    const bool exists = errno == EEXIST;
    throw ConfigError{path + ": " + reason() + (exists ? "; --force overwrites it" : "")};
  }
  file_.reset(::fdopen(fd, "w"));
  if (file_ == nullptr) {
    ::close(fd);
    throw ConfigError{path + ": " + reason()};
  }
  failed_ = std::fputs("period,start,symbol,open,high,low,close,volume,trades,vwap,complete\n",
                       file_.get()) < 0;
}

void BarFile::on_bar(const market::Bar& bar) noexcept {
  std::string_view symbol;
  std::uint8_t decimals = 0;
  std::uint8_t size_decimals = 0;
  if (market_ != nullptr) {
    const market::Instrument& instrument = market_->instrument(bar.instrument);
    decimals = instrument.price_decimals;
    size_decimals = instrument.size_decimals;
    symbol = market_->symbol(bar.instrument);
  }
  // Empty where no print of the bar may set a price.
  const auto price = [&](market::Price p) {
    return bar.priced ? fmt::format("{:.{}f}", market::to_double(p, decimals), decimals) : "";
  };
  try {
    const std::string row = fmt::format(
        "{},{},{},{},{},{},{},{},{},{:.{}f},{}\n",
        bar.period == market::BarPeriod::second ? "1s" : "1m", clock_time(bar.start_ns), symbol,
        price(bar.open), price(bar.high), price(bar.low), price(bar.close),
        codec::DecimalText{bar.volume, size_decimals}.view(), bar.trades,
        bar.vwap / market::units_per_one(decimals), decimals + 4, bar.complete ? "yes" : "no");
    failed_ = std::fwrite(row.data(), 1, row.size(), file_.get()) != row.size() || failed_;
  } catch (const std::exception&) {
    failed_ = true;
  }
}

void BarFile::close() {
  if (file_ == nullptr) return;
  failed_ = std::fclose(file_.release()) != 0 || failed_;
  if (failed_) throw std::runtime_error{path_ + ": not every bar could be written: " + reason()};
}

}  // namespace tapeline
