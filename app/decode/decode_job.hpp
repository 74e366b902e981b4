#pragma once

// Files in, a table out: what `tapeline decode` does, without its command line.
//
// Thread safety: one thread.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/decode/exchange_day.hpp"
#include "app/decode/json_decoder.hpp"
#include "app/decode/output.hpp"
#include "app/decode/packet_decoder.hpp"
#include "app/decode/row_writer.hpp"
#include "app/decode/schema.hpp"
#include "app/decode/table.hpp"
#include "app/feed/iex_print_rules.hpp"
#include "net/merged_source.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::decode {

inline constexpr std::size_t kMaxFiles = 128;

struct DecodeOptions {
  std::vector<std::string> files;  // "-" is the standard input
  std::string schema = "messages";
  std::string fields;  // "symbol,price"; empty: all
  std::string types;   // of messages, "A,add_order_mpid"; empty: all
  Format format = Format::csv;
  TimeFormat times = TimeFormat::iso;
  RowFilter filter;
  ExchangeZone zone = ExchangeZone::new_york;
  std::optional<std::int64_t> day;  // of times since midnight, days since 1970
  feed::IexPrintRules iex_prints;   // which trades of IEX count
};

class DecodeJob {
 public:
  // Opens every file. Throws std::invalid_argument for what the user has to put right.
  explicit DecodeJob(DecodeOptions options);
  ~DecodeJob();
  DecodeJob(const DecodeJob&) = delete;
  DecodeJob& operator=(const DecodeJob&) = delete;

  // Looks at the first packets of captures for the protocols that are in them, which the columns
  // depend on, and chooses these. Throws std::invalid_argument for a column that there is not. To
  // be called before an output is made, so that a mistake makes none. Gives up, and then run() does
  // nothing, when `stopped()`, which is asked while a pipe is silent.
  void choose_columns(const std::function<bool()>& stopped);

  // Writes the table. Requires: choose_columns() was called. Ends early when the output takes no
  // more, when there are as many rows as were asked for, or when `stopped()`, which is asked for
  // each batch; rows that were written are whole in any case.
  void run(Output& output, const std::function<bool()>& stopped);

  // One line for each file that could not be read to its end. After run().
  [[nodiscard]] const std::vector<std::string>& errors() const noexcept { return errors_; }
  // One line for each thing that was lost, passed over or not understood. After run().
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }
  [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }

 private:
  // What belongs to a tag of the merged source.
  enum class InputKind : std::uint8_t { captures, itch, json };
  struct Input {
    InputKind kind = InputKind::captures;
    std::string channel;  // of a file that names none
  };

  void open_files();
  void check_times() const;
  [[nodiscard]] bool look_ahead(std::uint16_t tag, const std::function<bool()>& stopped);
  void look_at_captures();
  void look_at_documents(bool shows_all);
  [[nodiscard]] Schema make_schema() const;
  void make_decoders(Table& table);
  [[nodiscard]] PacketDecoder* decoder_of(const net::Packet& packet) const noexcept;
  void feed(const net::PacketBatch& batch);
  void finish(Table& table, bool interrupted);
  void add_source_notes();

  DecodeOptions options_;
  std::vector<std::string_view> types_;
  pool::BufferPool<pool::SerializationKind> source_buffers_;
  pool::LockFreeBufferPool pools_;  // of sequencers and markets
  std::vector<Input> inputs_;       // by tag; the first one is that of all captures
  std::unique_ptr<net::MergedSource> source_;
  bool has_captures_ = false;
  // What there are columns for.
  bool has_itch_ = false;
  bool has_iex_ = false;
  bool has_json_ = false;
  JsonVenues json_venues_{};  // whose columns there are
  bool shows_any_ = false;    // for every protocol that captures may hold
  std::unique_ptr<Schema> schema_;
  std::unique_ptr<Selection> selection_;
  std::vector<std::unique_ptr<PacketDecoder>> decoders_;  // by tag; some are empty
  std::unique_ptr<PacketDecoder> iex_;                    // of captures; may be empty
  std::uint64_t packets_without_columns_ = 0;
  std::vector<std::string> errors_;
  std::vector<std::string> notes_;
  std::uint64_t rows_ = 0;
};

}  // namespace tapeline::decode
