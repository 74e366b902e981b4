#pragma once

// Bars as rows of a CSV file, as they close.
//
// Thread safety: one thread, that which feeds the market.
// Ownership:     the market must outlive the writing.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "app/market/bar.hpp"
#include "app/market/market.hpp"

namespace tapeline {

class BarFile final : public market::BarSink {
 public:
  // Before the first bar. Throws ConfigError when the file exists and `force` is not set, or can
  // not be made. Symbols come from `market`, which is not owned.
  void open(const std::string& path, bool force, const market::Market& market);

  void on_bar(const market::Bar& bar) noexcept override;

  // Throws std::runtime_error when not everything could be written.
  void close();

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  const market::Market* market_ = nullptr;
  bool failed_ = false;
};

}  // namespace tapeline
