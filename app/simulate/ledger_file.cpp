#include "app/simulate/ledger_file.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>
#include <string>
#include <string_view>

namespace tapeline::simulate {

namespace {

[[nodiscard]] std::string digits(Notional value) {
  std::string text;
  do {
    text.push_back(static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  std::reverse(text.begin(), text.end());
  return text;
}

void append_number(std::string& line, std::string_view name, std::uint64_t value) {
  line.append(",\"").append(name).append("\":").append(std::to_string(value));
}

void append_messages(std::string& line, const InstrumentTruth& truth) {
  line += ",\"messages\":{";
  bool first = true;
  for (std::size_t i = 0; i < kMessageTypes.size(); ++i) {
    if (truth.messages[i] == 0) continue;
    if (!first) line += ',';
    first = false;
    line.append("\"").append(1, kMessageTypes[i]).append("\":");
    line += std::to_string(truth.messages[i]);
  }
  line += '}';
}

void append_levels(std::string& line, std::string_view name, std::span<const Level> levels) {
  line.append(",\"").append(name).append("\":[");
  for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
    if (level != levels.rbegin()) line += ',';
    line.append("[").append(std::to_string(level->price)).append(",");
    line.append(std::to_string(level->shares)).append(",");
    line.append(std::to_string(level->orders)).append("]");
  }
  line += ']';
}

void append_bars(std::string& line, std::string_view name, const std::vector<Bar>& bars) {
  line.append(",\"").append(name).append("\":[");
  bool first = true;
  for (const Bar& bar : bars) {
    line += first ? "[" : ",[";
    first = false;
    for (const std::uint32_t value : {bar.start, bar.open, bar.high, bar.low, bar.close}) {
      line.append(std::to_string(value)).append(",");
    }
    line.append(std::to_string(bar.volume)).append(",\"").append(digits(bar.notional));
    line.append("\",").append(std::to_string(bar.trades)).append("]");
  }
  line += ']';
}

void append_totals(std::string& line, const InstrumentTruth& truth) {
  append_number(line, "trades", truth.trades);
  append_number(line, "broken", truth.broken);
  append_number(line, "volume", truth.volume);
  line.append(",\"notional\":\"").append(digits(truth.notional)).append("\"");
}

void append_books(std::string& line, const Session& session, std::uint16_t instrument) {
  append_levels(line, "bids", session.books().levels(instrument, Side::buy));
  append_levels(line, "asks", session.books().levels(instrument, Side::sell));
}

}  // namespace

void write_ledger(const Session& session, bool with_bars, OutputFile& file) {
  const std::vector<InstrumentTruth>& truths = session.ledger().truths();
  std::string line;
  for (std::size_t locate = 0; locate < truths.size(); ++locate) {
    const InstrumentTruth& truth = truths[locate];
    line = "{\"locate\":" + std::to_string(locate) + ",\"symbol\":\"";
    if (locate > 0) line += session.instruments()[locate - 1].symbol.trimmed();
    line += '"';
    append_messages(line, truth);
    append_totals(line, truth);
    if (locate > 0) {
      append_books(line, session, static_cast<std::uint16_t>(locate - 1));
      if (with_bars) {
        append_bars(line, "seconds", second_bars(truth));
        append_bars(line, "minutes", minute_bars(truth));
      }
    }
    line += "}\n";
    file.write(line);
  }
}

void write_ledger(const IexSession& session, OutputFile& file) {
  std::string line;
  for (std::size_t i = 0; i < session.truths().size(); ++i) {
    const IexTruth& truth = session.truths()[i];
    line = "{\"symbol\":\"";
    line.append(session.session().instruments()[i].symbol.trimmed()).append("\"");
    append_number(line, "events", truth.events);
    std::array<char, 17> digest{};
    std::snprintf(digest.data(), digest.size(), "%016llx",
                  static_cast<unsigned long long>(truth.books_digest));
    line.append(",\"books\":\"").append(digest.data()).append("\"");
    append_totals(line, session.session().ledger().truths()[i + 1U]);
    append_books(line, session.session(), static_cast<std::uint16_t>(i));
    line += "}\n";
    file.write(line);
  }
}

}  // namespace tapeline::simulate
