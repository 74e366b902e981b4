#include "app/simulate/glimpse_service.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "codec/bytes.hpp"
#include "codec/glimpse/end_of_snapshot.hpp"

namespace tapeline::simulate {

namespace {

constexpr std::size_t kLengthBytes = 2;

class GlimpseStream final : public SoupStream {
 public:
  explicit GlimpseStream(Snapshot snapshot) noexcept : snapshot_{std::move(snapshot)} {}

  [[nodiscard]] Filled fill(std::span<std::byte> out, std::uint64_t most) override {
    SoupFiller filler{out, most};
    const std::span<const std::byte> blocks{snapshot_.blocks};
    while (at_ < blocks.size()) {
      const std::size_t length = codec::load_be<std::uint16_t>(blocks.data() + at_);
      if (!filler.try_add(blocks.subspan(at_ + kLengthBytes, length))) {
        return filler.done(State::more);
      }
      at_ += kLengthBytes + length;
    }
    if (!is_closed_) {
      std::array<std::byte, codec::glimpse::EndOfSnapshot::kBytes> end;
      codec::glimpse::write_end_of_snapshot(end, {snapshot_.next});
      if (!filler.try_add(end)) return filler.done(State::more);
      is_closed_ = true;
    }
    return filler.done(State::ended);
  }

  [[nodiscard]] bool is_lost() const override { return false; }

 private:
  Snapshot snapshot_;
  std::size_t at_ = 0;
  bool is_closed_ = false;
};

}  // namespace

bool GlimpseService::keep_up(std::uint64_t most) {
  while (is_whole()) {
    const MessageRun run = store_.read(builder_.next());
    if (run.empty()) {
      has_missed_ = builder_.next() < store_.marks().first;
      return false;
    }
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(most, run.size()));
    for (std::size_t at = 0; at < count; ++at) builder_.apply(run[at]);
    most -= count;
    if (most == 0) return true;
  }
  return false;
}

SoupAdmission GlimpseService::open(const codec::soupbintcp::LoginRequest& login) {
  SoupAdmission admission;
  const bool is_ours = codec::soupbintcp::is_blank(login.session()) || login.session() == session_;
  if (!is_ours || login.sequence() != 1) return admission;
  // As much as was sent until now; what is sent meanwhile is for the next snapshot.
  const std::uint64_t next = store_.marks().next;
  if (next > builder_.next()) keep_up(next - builder_.next());
  if (!is_whole()) return admission;
  admission.accepted = {session_, 1};
  admission.stream = std::make_unique<GlimpseStream>(builder_.make());
  return admission;
}

}  // namespace tapeline::simulate
