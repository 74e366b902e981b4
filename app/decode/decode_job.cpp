#include "app/decode/decode_job.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>

#include "app/decode/iex_decoder.hpp"
#include "app/decode/itch_decoder.hpp"
#include "app/decode/json_decoder.hpp"
#include "app/nearest.hpp"
#include "net/itch_file_source.hpp"
#include "net/open_capture.hpp"

namespace tapeline::decode {

namespace {

constexpr std::chrono::microseconds kBackPressurePause{50};
constexpr std::uint16_t kCaptureTag = 0;

// Two for each source, which may hold one while it fills another, and some for the merged one.
[[nodiscard]] pool::PoolConfig source_pool(std::size_t files) {
  return {.buffer_count = static_cast<std::uint32_t>(2 * files + 4),
          .overflow_buffers = 0,
          .growth_thread = false,
          .threads = 1,
          .huge_pages = false};
}

[[nodiscard]] pool::LockFreeBufferPoolConfig decoder_pools() {
  pool::LockFreeBufferPoolConfig config;
  config.serialization.buffer_count = 40;
  config.serialization.overflow_buffers = 0;
  config.compression.buffer_count = 1;
  config.compression.overflow_buffers = 0;
  config.simd.buffer_count = 256;
  config.simd.overflow_buffers = 0;
  for (pool::PoolConfig* pool : {&config.serialization, &config.compression, &config.simd}) {
    pool->growth_thread = false;
    pool->threads = 1;
    pool->huge_pages = false;
  }
  return config;
}

// The types that were asked for. Throws std::invalid_argument for one that no venue has.
[[nodiscard]] std::vector<std::string_view> parse_types(const DecodeOptions& options,
                                                        const SchemaName& schema) {
  if (options.types.empty()) return {};
  if (schema.needs_market()) {
    throw std::invalid_argument{"--type chooses messages: it is for --schema messages"};
  }
  std::vector<std::string_view> known = itch_type_names();
  for (const auto& names : {iex_type_names(), json_type_names()}) {
    for (const std::string_view name : names) {
      if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
    }
  }
  std::vector<std::string_view> types = split_list(options.types);
  for (const std::string_view type : types) {
    if (std::find(known.begin(), known.end(), type) != known.end()) continue;
    std::string nearest = type.size() > 1 ? did_you_mean(type, known) : std::string{};
    if (nearest.empty()) {
      nearest = "; there is";
      for (const std::string_view name : known) {
        if (name.size() == 1) nearest += " " + std::string{name};
      }
      nearest += ", and their names, such as add_order";
    }
    throw std::invalid_argument{"--type: no message has the type '" + std::string{type} + "'" +
                                nearest};
  }
  return types;
}

}  // namespace

DecodeJob::DecodeJob(DecodeOptions options)
    : options_{std::move(options)},
      types_{parse_types(options_, SchemaName::parse(options_.schema))},
      source_buffers_{source_pool(options_.files.size())},
      pools_{decoder_pools()} {
  if (options_.files.size() > kMaxFiles) {
    throw std::invalid_argument{"at most " + std::to_string(kMaxFiles) + " files at a time"};
  }
  open_files();
  check_times();
}

DecodeJob::~DecodeJob() = default;

void DecodeJob::open_files() {
  std::vector<net::MergeInput> merged;
  inputs_.push_back({});
  for (const std::string& file : options_.files) {
    net::CaptureOptions capture;
    if (options_.day) capture.itch_file.midnight_ns = midnight_of_day(*options_.day, options_.zone);
    // Files are merged by datagrams, so these must not hold messages of different times.
    if (options_.day && options_.files.size() > 1) capture.itch_file.max_span_ns = 1;
    net::OpenedCapture opened = net::open_capture(file, source_buffers_, std::move(capture));
    if (opened.source == nullptr) throw std::invalid_argument{opened.error};
    const bool is_json = opened.kind == net::CaptureKind::json_lines;
    const bool is_itch = dynamic_cast<const net::ItchFileSource*>(opened.source.get()) != nullptr;
    has_captures_ = has_captures_ || !(is_json || is_itch);
    has_itch_ = has_itch_ || is_itch;
    has_json_ = has_json_ || is_json;
    net::MergeInput input{std::move(opened.source), 0, true};
    if (is_json || is_itch) {
      // The first one is FILE, the next FILE2.
      const std::string number = inputs_.size() == 1 ? "" : std::to_string(inputs_.size());
      input.tag = static_cast<std::uint16_t>(inputs_.size());
      input.has_times = is_json || options_.day.has_value();
      inputs_.push_back({is_json ? InputKind::json : InputKind::itch, "FILE" + number});
    }
    merged.push_back(std::move(input));
  }
  source_ = std::make_unique<net::MergedSource>(std::move(merged), source_buffers_);
}

// Returns false when it was stopped.
bool DecodeJob::look_ahead(std::uint16_t tag, const std::function<bool()>& stopped) {
  while (!source_->look_ahead(tag)) {
    if (stopped()) return false;
    std::this_thread::sleep_for(kBackPressurePause);
  }
  return true;
}

void DecodeJob::look_at_captures() {
  for (std::size_t i = 0; i < source_->inputs().size(); ++i) {
    if (source_->inputs()[i].tag != kCaptureTag) continue;
    for (const net::Packet& packet : source_->first_packets(i)) {
      if (is_iextp(packet.payload())) {
        has_iex_ = true;
      } else if (!has_itch_) {
        has_itch_ = is_moldudp64(packet.payload(), packet.lost_bytes);
      }
    }
  }
  if (!has_iex_) has_itch_ = true;  // nothing else speaks against it
}

// A file whose first lines tell no venue may have documents of any.
void DecodeJob::look_at_documents(bool shows_all) {
  for (std::size_t i = 0; i < source_->inputs().size(); ++i) {
    if (inputs_[source_->inputs()[i].tag].kind != InputKind::json) continue;
    const auto venue = venue_of_lines(source_->first_packets(i));
    if (venue && !shows_all) {
      json_venues_[static_cast<std::size_t>(*venue)] = true;
    } else {
      json_venues_.fill(true);
    }
  }
}

void DecodeJob::choose_columns(const std::function<bool()>& stopped) {
  const bool is_messages = !SchemaName::parse(options_.schema).needs_market();
  for (std::size_t tag = 0; is_messages && tag < inputs_.size(); ++tag) {
    if (tag == kCaptureTag ? !has_captures_ : inputs_[tag].kind != InputKind::json) continue;
    if (!look_ahead(static_cast<std::uint16_t>(tag), stopped)) return;
  }
  // A table without a line of names has room for what comes later.
  const bool is_open = options_.format != Format::csv && options_.fields.empty();
  if (is_messages && has_captures_) look_at_captures();
  if (is_messages && has_json_) look_at_documents(is_open);
  shows_any_ = has_captures_ && (!is_messages || is_open);
  schema_ = std::make_unique<Schema>(make_schema());
  selection_ = std::make_unique<Selection>(*schema_, options_.fields);
}

// The columns are those of the protocols that the files hold.
Schema DecodeJob::make_schema() const {
  std::vector<std::string_view> fields;
  const auto add = [&fields](const std::vector<std::string_view>& names) {
    fields.insert(fields.end(), names.begin(), names.end());
  };
  if (has_itch_) add(itch_fields());
  if (has_iex_) add(iex_fields());
  if (has_json_) add(json_fields(json_venues_));
  if (shows_any_) {
    add(itch_fields());
    add(iex_fields());
  }
  std::vector<std::string_view> on_request;
  if (has_json_) on_request.push_back(kJsonDocument);
  return {SchemaName::parse(options_.schema), fields, on_request};
}

// A day in --from or --to says nothing to times since a midnight of no known day.
void DecodeJob::check_times() const {
  const bool undated =
      !options_.day && std::any_of(inputs_.begin(), inputs_.end(), [](const Input& input) {
        return input.kind == InputKind::itch;
      });
  for (const auto& bound : {options_.filter.from, options_.filter.to}) {
    if (undated && bound && !bound->is_time_of_day) {
      throw std::invalid_argument{
          "--from and --to name a day, and a file of ITCH messages has none: give a time of day, "
          "or the file's day with --date"};
    }
  }
}

void DecodeJob::make_decoders(Table& table) {
  const std::size_t lines = net::LineTable::kMaxLines + inputs_.size();
  for (const Input& input : inputs_) {
    if (input.kind == InputKind::json) {
      decoders_.push_back(
          std::make_unique<JsonDecoder>(input.channel, types_, *schema_, table, pools_));
      continue;
    }
    if (!has_itch_ && !shows_any_) {
      decoders_.push_back(nullptr);
      continue;
    }
    ItchDecoderConfig config;
    config.lines = lines;
    config.has_receive_times = input.kind == InputKind::captures;
    config.zone = options_.zone;
    config.day = options_.day;
    config.channel = input.channel;
    config.types = itch_types(types_);
    decoders_.push_back(make_itch_decoder(config, *schema_, table, pools_));
  }
  if (has_iex_ || shows_any_) {
    iex_ = make_iex_decoder({lines, options_.zone, iex_types(types_), options_.iex_prints},
                            *schema_, table, pools_);
  }
}

void DecodeJob::run(Output& output, const std::function<bool()>& stopped) {
  if (selection_ == nullptr) return;
  Table table{*selection_, options_.format, options_.times, options_.filter, output};
  make_decoders(table);
  bool interrupted = false;
  while (!table.is_done()) {
    interrupted = stopped();
    if (interrupted) break;
    const net::PacketBatch batch = source_->next();
    if (!batch.empty()) {
      feed(batch);
    } else if (source_->state() == net::SourceState::would_block) {
      std::this_thread::sleep_for(kBackPressurePause);
    } else {
      break;
    }
  }
  finish(table, interrupted);
}

// What is left to be written, and to be told.
void DecodeJob::finish(Table& table, bool interrupted) {
  const bool whole = !table.is_done() && !interrupted;
  decoders_.push_back(std::move(iex_));
  std::erase(decoders_, nullptr);
  for (const auto& decoder : decoders_) {
    if (!interrupted) decoder->finish();
  }
  table.finish();
  rows_ = table.rows();
  errors_.assign(source_->errors().begin(), source_->errors().end());
  for (const auto& decoder : decoders_) {
    for (std::string& note : decoder->notes()) notes_.push_back(std::move(note));
  }
  if (packets_without_columns_ != 0) {
    notes_.push_back("packets: " + std::to_string(packets_without_columns_) +
                     " left out, of no protocol that the files begin with");
  }
  add_source_notes();
  if (!whole) return;
  for (const std::string& symbol : table.symbols_not_met()) {
    notes_.push_back("no row is of the symbol '" + symbol + "'");
  }
}

PacketDecoder* DecodeJob::decoder_of(const net::Packet& packet) const noexcept {
  const std::uint16_t tag = source_->tag_of(packet.line);
  if (tag == kCaptureTag && is_iextp(packet.payload())) return iex_.get();
  return decoders_[tag].get();
}

// Hands on runs of packets that belong to one decoder.
void DecodeJob::feed(const net::PacketBatch& batch) {
  std::span<const net::Packet> packets = batch.packets();
  while (!packets.empty()) {
    PacketDecoder* const decoder = decoder_of(packets.front());
    std::size_t run = 1;
    while (run < packets.size() && decoder_of(packets[run]) == decoder) ++run;
    if (decoder != nullptr) {
      decoder->on_packets(packets.first(run));
    } else {
      packets_without_columns_ += run;
    }
    packets = packets.subspan(run);
  }
}

void DecodeJob::add_source_notes() {
  using net::SourceCounter;
  constexpr std::array<std::pair<SourceCounter, std::string_view>, 8> kTold{{
      {SourceCounter::unknown_link_type, "of a link type that is not known left out"},
      {SourceCounter::fragment, "fragmented, left out"},
      {SourceCounter::truncated, "cut in front of their payload, left out"},
      {SourceCounter::bad_length, "of contradictory lengths left out"},
      {SourceCounter::oversized, "too long, left out"},
      {SourceCounter::cut_packets, "cut by the capture"},
      {SourceCounter::interface_drops, "lost while capturing, as the file says"},
      {SourceCounter::empty_messages, "lengths of zero in a file of messages"},
  }};
  for (const auto& [counter, what] : kTold) {
    const std::uint64_t count = source_->counters().get(counter);
    if (count == 0) continue;
    notes_.push_back("packets: " + std::to_string(count) + " " + std::string{what});
  }
}

}  // namespace tapeline::decode
