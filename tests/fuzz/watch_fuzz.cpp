// Any bytes as the answer of GET /status: what `tapeline watch` makes of it fits the screen and is
// printable ASCII, and what it prints for scripts is the document again.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "app/watch/status_reading.hpp"
#include "app/watch/view.hpp"

namespace {

using namespace tapeline::watch;

void require(bool condition) {
  if (!condition) std::abort();
}

void require_printable(const Screen& screen, std::size_t columns) {
  for (const Row& row : screen) {
    require(width_of(row) <= columns);
    for (const Span& span : row) {
      for (const char c : span.text) require(c >= ' ' && c <= '~');
    }
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto document = read_status(text, true);
  if (!document) return 0;
  require(read_status(document->json, false).has_value());
  Moment moment;
  moment.take(document->reading);
  StatusReading later = document->reading;
  later.time_seconds += 1.0;
  moment.take(std::move(later));
  Connection connection{0.0};
  connection.answered(0.0);
  const Scene scene{.url = "http://127.0.0.1:9600",
                    .interval_seconds = 1.0,
                    .now_seconds = 0.0,
                    .connection = connection,
                    .moment = moment};
  Choice choice;
  choice.first_row = size % 7;
  choice.filter = size % 3 == 0 ? "a" : "";
  for (std::size_t view = 0; view < kViews; ++view) {
    choice.view = static_cast<View>(view);
    choice.orders.at(view) = {.column = size % 9, .rising = size % 2 == 0};
    const Screen screen = draw(scene, choice, {.columns = 80, .rows = 24}).screen;
    require(screen.size() == 24);
    require_printable(screen, 80);
  }
  require_printable(draw_all(scene, 120), 120);
  return 0;
}
