#include "app/simulate/live_service.hpp"

#include <algorithm>

namespace tapeline::simulate {

namespace {

class LiveStream final : public SoupStream {
 public:
  LiveStream(const MessageStore& store, std::uint64_t next) noexcept : store_{store}, next_{next} {}

  [[nodiscard]] Filled fill(std::span<std::byte> out, std::uint64_t most) override {
    SoupFiller filler{out, most};
    for (;;) {
      // The marks are older than the run: what they call the end is the end, if the run is empty.
      const MessageStore::Marks marks = store_.marks();
      const MessageRun run = store_.read(next_);
      if (run.empty()) {
        if (next_ < store_.marks().first) return filler.done(State::lost);
        return filler.done(marks.has_ended ? State::ended : State::idle);
      }
      for (std::size_t at = 0; at < run.size(); ++at, ++next_) {
        if (!filler.try_add(run[at])) return filler.done(State::more);
      }
    }
  }

  [[nodiscard]] bool is_lost() const override { return next_ < store_.marks().first; }

 private:
  const MessageStore& store_;
  std::uint64_t next_;
};

}  // namespace

SoupAdmission LiveService::open(const codec::soupbintcp::LoginRequest& login) {
  SoupAdmission admission;
  const MessageStore::Marks marks = store_.marks();
  const bool is_ours = codec::soupbintcp::is_blank(login.session()) || login.session() == session_;
  if (!is_ours || login.sequence() > marks.next) return admission;
  const std::uint64_t first =
      login.sequence() == 0 ? marks.next : std::max(login.sequence(), marks.first);
  admission.accepted = {session_, first};
  admission.stream = std::make_unique<LiveStream>(store_, first);
  return admission;
}

}  // namespace tapeline::simulate
