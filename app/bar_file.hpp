#pragma once

// Bars as rows of a CSV file, as they close.
//
// Thread safety: one thread, that which feeds the market.
// Ownership:     names() is given the market after both were made; it must outlive the writing.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "app/market/bar.hpp"
#include "app/market/market.hpp"

namespace tapeline {

class BarFile final : public market::BarSink {
 public:
  // Throws ConfigError when the file exists and `force` is not set, or can not be made.
  BarFile(const std::string& path, bool force);

  // Where symbols come from.
  void names(const market::Market& market) noexcept { market_ = &market; }

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
