#include "app/simulate/snapshot_builder.hpp"

#include <algorithm>

#include "codec/decode_status.hpp"
#include "codec/itch/decoder.hpp"
#include "codec/itch/encoder.hpp"

namespace tapeline::simulate {

namespace {

namespace itch = codec::itch;

constexpr std::size_t kLengthBytes = 2;

void add_block(std::span<const std::byte> message, Snapshot& snapshot) {
  std::array<std::byte, kLengthBytes> length;
  codec::store_be(length.data(), static_cast<std::uint16_t>(message.size()));
  snapshot.blocks.insert(snapshot.blocks.end(), length.begin(), length.end());
  snapshot.blocks.insert(snapshot.blocks.end(), message.begin(), message.end());
  ++snapshot.messages;
}

template <typename View, typename Key, typename Map>
void keep(const View& view, Key key, Map& last) {
  std::copy(view.bytes().begin(), view.bytes().end(), last[key].begin());
}

}  // namespace

struct SnapshotBuilder::Applier {
  SnapshotBuilder& state;

  [[nodiscard]] static std::uint64_t number(itch::OrderRef ref) noexcept {
    return static_cast<std::uint64_t>(ref);
  }

  template <typename View>
  void add(const View& view, const itch::Mpid* mpid) {
    Order order;
    order.entry = view.prefix();
    order.stock = view.stock();
    order.price = view.price();
    order.shares = view.shares();
    order.side = view.side();
    order.entered = state.next_;
    if (mpid != nullptr) {
      order.attributed = true;
      order.mpid = *mpid;
    }
    state.enter(number(view.order_ref()), order);
  }

  void operator()(const itch::AddOrder& view) { add(view, nullptr); }
  void operator()(const itch::AddOrderMpid& view) {
    const itch::Mpid mpid = view.mpid();
    add(view, &mpid);
  }
  void operator()(const itch::OrderExecuted& view) {
    state.reduce(number(view.order_ref()), view.shares());
  }
  void operator()(const itch::OrderExecutedWithPrice& view) {
    state.reduce(number(view.order_ref()), view.shares());
  }
  void operator()(const itch::OrderCancel& view) {
    state.reduce(number(view.order_ref()), view.shares());
  }
  void operator()(const itch::OrderDelete& view) {
    if (state.orders_.erase(number(view.order_ref())) == 0) ++state.counts_.unknown_orders;
  }
  void operator()(const itch::OrderReplace& view) { state.replace(view); }

  void operator()(const itch::SystemEvent& view) {
    Event& event = state.events_[view.event()];
    event.entered = state.next_;
    std::copy(view.bytes().begin(), view.bytes().end(), event.message.begin());
  }
  void operator()(const itch::StockDirectory& view) {
    keep(view, static_cast<Locate>(view.stock_locate()), state.directory_);
  }
  void operator()(const itch::TradingAction& view) {
    keep(view, static_cast<Locate>(view.stock_locate()), state.trading_);
  }
  void operator()(const itch::RegShoRestriction& view) {
    keep(view, static_cast<Locate>(view.stock_locate()), state.restrictions_);
  }
  template <typename Other>
  void operator()(const Other& /*not a part of a snapshot*/) {}
};

void SnapshotBuilder::apply(std::span<const std::byte> message) {
  if (!codec::is_delivered(itch::decode(message, Applier{*this}))) ++counts_.unreadable;
  ++next_;
}

void SnapshotBuilder::enter(std::uint64_t ref, const Order& order) {
  if (orders_.size() >= max_orders_) {
    is_whole_ = false;
    orders_.clear();
  }
  if (!is_whole_) return;
  const bool is_new = orders_.insert_or_assign(ref, order).second;
  if (!is_new) ++counts_.repeated_orders;
}

void SnapshotBuilder::reduce(std::uint64_t ref, std::uint32_t shares) {
  const auto found = orders_.find(ref);
  if (found == orders_.end()) {
    ++counts_.unknown_orders;
  } else if (found->second.shares <= shares) {
    orders_.erase(found);
  } else {
    found->second.shares -= shares;
  }
}

void SnapshotBuilder::replace(const itch::OrderReplace& view) {
  const auto original = orders_.find(static_cast<std::uint64_t>(view.original_order_ref()));
  if (original == orders_.end()) {
    ++counts_.unknown_orders;
    return;
  }
  Order order = original->second;
  orders_.erase(original);
  order.entry = view.prefix();
  order.price = view.price();
  order.shares = view.shares();
  order.entered = next_;
  enter(static_cast<std::uint64_t>(view.new_order_ref()), order);
}

std::vector<SnapshotBuilder::Orders::const_pointer> SnapshotBuilder::by_entry() const {
  std::vector<Orders::const_pointer> sorted;
  sorted.reserve(orders_.size());
  for (const auto& entry : orders_) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(), [](const auto* left, const auto* right) {
    return left->second.entered < right->second.entered;
  });
  return sorted;
}

Snapshot SnapshotBuilder::make() const {
  Snapshot snapshot;
  snapshot.next = next_;
  snapshot.blocks.reserve(orders_.size() * (kLengthBytes + itch::AddOrderMpid::kBytes));

  std::vector<const Event*> events;
  for (const auto& [kind, event] : events_) events.push_back(&event);
  std::sort(events.begin(), events.end(),
            [](const Event* left, const Event* right) { return left->entered < right->entered; });
  for (const Event* event : events) add_block(event->message, snapshot);
  for (const auto& [locate, message] : directory_) add_block(message, snapshot);
  for (const auto& [locate, message] : trading_) add_block(message, snapshot);
  for (const auto& [locate, message] : restrictions_) add_block(message, snapshot);

  std::array<std::byte, itch::kMaxMessageBytes> message;
  for (const auto* entry : by_entry()) {
    const auto& [ref, order] = *entry;
    const std::size_t bytes =
        order.attributed
            ? itch::encode_add_order_mpid(message, order.entry, itch::OrderRef{ref}, order.side,
                                          order.shares, order.stock, order.price, order.mpid)
            : itch::encode_add_order(message, order.entry, itch::OrderRef{ref}, order.side,
                                     order.shares, order.stock, order.price);
    add_block(std::span{message}.first(bytes), snapshot);
  }
  return snapshot;
}

}  // namespace tapeline::simulate
