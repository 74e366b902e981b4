#include "app/decode/text_buffer.hpp"

#include <algorithm>
#include <cmath>

namespace tapeline::decode {

bool TextBuffer::put_real(double value, std::uint8_t digits) noexcept {
  if (!std::isfinite(value)) return false;
  const auto written =
      std::to_chars(at_, at_ + kMaxRealBytes, value, std::chars_format::fixed, digits);
  if (written.ec != std::errc{}) return false;
  at_ = written.ptr;
  return true;
}

void TextBuffer::put_slow_decimal(std::uint64_t value, std::uint8_t digits) noexcept {
  if (digits == 0) return put_number(value);
  std::uint64_t units_per_one = 1;
  for (std::uint8_t i = 0; i < digits; ++i) units_per_one *= 10;
  put_number(value / units_per_one);
  put('.');
  put_digits(value % units_per_one, digits);
}

void TextBuffer::grow(std::size_t bytes) {
  const std::size_t used = size();
  const std::size_t wanted =
      std::max(used + bytes, 2 * static_cast<std::size_t>(end_ - memory_.get()));
  auto larger = std::make_unique_for_overwrite<char[]>(wanted);
  std::memcpy(larger.get(), memory_.get(), used);
  memory_ = std::move(larger);
  at_ = memory_.get() + used;
  end_ = memory_.get() + wanted;
}

}  // namespace tapeline::decode
