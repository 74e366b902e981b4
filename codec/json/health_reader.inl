// The text of health_is_ok(), for kernel.inl.

namespace tapeline::codec::json::detail {

namespace {

std::optional<bool> read_status(simdjson::ondemand::object object) noexcept {
  std::optional<bool> is_ok;
  for (auto member : object) {
    std::string_view key;
    simdjson::ondemand::value item;
    if (member.unescaped_key().get(key) != SUCCESS) return {};
    if (member.value().get(item) != SUCCESS) return {};
    if (key != "status") {
      if (check_value(item, 1) != kOk) return {};
      continue;
    }
    std::string_view status;
    if (is_ok.has_value() || item.get_string().get(status) != SUCCESS) return {};
    is_ok = status == "ok";
  }
  return is_ok;
}

std::optional<bool> read_health(const char* text, std::size_t length) noexcept {
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (parser.iterate(text, length, length + kPaddingBytes).get(document) != SUCCESS) return {};
  if (document.get_object().get(object) != SUCCESS) return {};
  const std::optional<bool> is_ok = read_status(object);
  // Has a location only while there is something left to read.
  const char* rest = nullptr;
  if (document.current_location().get(rest) != simdjson::OUT_OF_BOUNDS) return {};
  return is_ok;
}

}  // namespace

}  // namespace tapeline::codec::json::detail
