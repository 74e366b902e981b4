#include "codec/json/decimal.hpp"

#include "codec/json/decimal_reader.inl"

namespace tapeline::codec::json {

DecimalStatus parse_decimal(std::string_view text, Decimal& out) noexcept {
  return detail::read_decimal(text.data(), text.data() + text.size(), out);
}

std::optional<std::int64_t> rescale(Decimal value, std::uint8_t decimals) noexcept {
  return detail::rescale_decimal(value, decimals);
}

}  // namespace tapeline::codec::json
