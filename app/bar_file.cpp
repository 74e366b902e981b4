#include "app/bar_file.hpp"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "app/config.hpp"
#include "app/market/price.hpp"

namespace tapeline {

namespace {

[[nodiscard]] std::string reason() { return std::generic_category().message(errno); }

// "hh:mm:ss" of the exchange's day.
[[nodiscard]] std::string clock_time(market::ExchangeNanos nanos) {
  const std::uint64_t seconds = nanos / market::kNanosPerSecond;
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
  if (market_ != nullptr) {
    const market::Instrument& instrument = market_->instrument(bar.instrument);
    decimals = instrument.price_decimals;
    symbol = {instrument.symbol.data(), instrument.symbol.size()};
    symbol = symbol.substr(0, symbol.find_last_not_of(std::string_view{" \0", 2}) + 1);
  }
  const auto price = [decimals](market::Price p) { return market::to_double(p, decimals); };
  try {
    const std::string row = fmt::format(
        "{},{},{},{:.{}f},{:.{}f},{:.{}f},{:.{}f},{},{},{:.{}f},{}\n",
        bar.period == market::BarPeriod::second ? "1s" : "1m", clock_time(bar.start_ns), symbol,
        price(bar.open), decimals, price(bar.high), decimals, price(bar.low), decimals,
        price(bar.close), decimals, bar.volume, bar.trades,
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
