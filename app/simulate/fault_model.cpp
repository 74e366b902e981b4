#include "app/simulate/fault_model.hpp"

#include <algorithm>
#include <cassert>

#include "codec/moldudp64/decoder.hpp"

namespace tapeline::simulate {

namespace {

using codec::moldudp64::PacketStatus;
using codec::moldudp64::parse_header;

[[nodiscard]] bool happens(Random& random, PartsPerMillion chance) noexcept {
  return chance != 0 && random.below(kAlways) < chance;
}

[[nodiscard]] std::uint32_t draw_hold(Random& random, const LineFaultPlan& plan) noexcept {
  if (plan.reorder_packets == 0 || !happens(random, plan.reorder)) return 0;
  return random.between(1, plan.reorder_packets);
}

[[nodiscard]] bool has_messages(std::span<const std::byte> packet) noexcept {
  return parse_header(packet).status == PacketStatus::ok;
}

// Kinds that a good packet can be turned into: a foreign session or another content of the same
// number would not be damage but forgery.
constexpr auto kDamageKinds = static_cast<std::uint32_t>(MalformedKind::odd_session);
static_assert(kDamageKinds + 2 == kMalformedKinds);

}  // namespace

FaultModel::FaultModel(const FaultPlan& plan, std::uint64_t seed, std::size_t lines,
                       std::size_t max_bytes)
    : max_bytes_{max_bytes} {
  assert(lines > 0 && lines <= kMaxFaultLines);
  for (std::size_t index = 0; index < lines; ++index) {
    Random seeds{seed + index * 0x9E3779B97F4A7C15U};
    const std::uint64_t random_seed = seeds.next();
    lines_.push_back(Line{
        .plan = plan.lines[index], .random = Random{random_seed}, .content = Random{seeds.next()}});
  }
}

FaultModel::Fate FaultModel::draw_fate(Line& line) noexcept {
  Fate fate;
  if (line.burst_left == 0 && happens(line.random, line.plan.burst)) {
    line.burst_left = line.random.between(1, line.plan.burst_packets);
    ++line.counts.bursts;
  }
  fate.lost_in_burst = line.burst_left > 0;
  if (fate.lost_in_burst) --line.burst_left;
  fate.lost = happens(line.random, line.plan.loss);
  fate.duplicate = happens(line.random, line.plan.duplicate);
  fate.damage = happens(line.random, line.plan.damage);
  fate.malformed = happens(line.random, line.plan.malformed);
  fate.foreign = happens(line.random, line.plan.foreign);
  for (std::uint32_t& hold : fate.hold) hold = draw_hold(line.random, line.plan);
  return fate;
}

void FaultModel::send(std::size_t index, std::span<const std::byte> packet, std::uint64_t now_ns) {
  release_overdue(now_ns);
  Line& line = lines_[index];
  ++line.counts.sent;
  const Fate fate = draw_fate(line);
  const bool is_dead = std::any_of(line.plan.dead.begin(), line.plan.dead.end(),
                                   [&](const TimeWindow& dead) { return dead.contains(now_ns); });
  if (is_dead) {
    ++line.counts.lost_dead;
  } else {
    const bool in_place = pass(index, packet, fate, now_ns);
    if ((fate.malformed || fate.foreign) && line.got_through && has_messages(packet)) {
      if (fate.malformed) insert_malformed(index, packet, in_place, now_ns);
      if (fate.foreign) insert_foreign(index, packet, now_ns);
    }
  }
  release_passed(index, now_ns);
}

bool FaultModel::pass(std::size_t index, std::span<const std::byte> packet, const Fate& fate,
                      std::uint64_t now_ns) {
  LineFaultCounts& counts = lines_[index].counts;
  if (fate.lost || fate.lost_in_burst) {
    ++(fate.lost ? counts.lost : counts.lost_in_bursts);
    return false;
  }
  if (fate.damage && has_messages(packet) && pass_damaged(index, packet, now_ns)) return false;
  const SlotIndex slot = store(index, packet, DeliveryKind::good);
  pass_copy(index, slot, fate.hold[0], now_ns);
  if (fate.duplicate) {
    ++counts.duplicates;
    pass_copy(index, store(index, packet, DeliveryKind::good), fate.hold[1], now_ns);
  }
  return slot != kNoSlot && fate.hold[0] == 0;
}

void FaultModel::pass_copy(std::size_t index, SlotIndex slot, std::uint32_t hold,
                           std::uint64_t now_ns) {
  if (slot == kNoSlot) return;
  Line& line = lines_[index];
  if (hold == 0) return release(index, slot, now_ns);
  ++line.counts.held_back;
  line.held.push_back({line.counts.sent + hold, now_ns + line.plan.reorder_hold_ns, slot});
}

bool FaultModel::pass_damaged(std::size_t index, std::span<const std::byte> packet,
                              std::uint64_t now_ns) {
  Line& line = lines_[index];
  const auto kind = static_cast<MalformedKind>(line.content.below(kDamageKinds));
  scratch_.resize(packet.size() + kMaxTrailingBytes);
  const auto bytes = write_malformed(kind, packet, line.content, scratch_);
  if (!bytes) return false;
  ++line.counts.damaged[static_cast<std::size_t>(kind)];
  release(index, store(index, std::span{scratch_}.first(*bytes), DeliveryKind::damaged, kind),
          now_ns);
  return true;
}

void FaultModel::insert_malformed(std::size_t index, std::span<const std::byte> packet,
                                  bool in_place, std::uint64_t now_ns) {
  Line& line = lines_[index];
  scratch_.resize(packet.size() + kMaxTrailingBytes);
  // Some kinds can not be made of every packet: then another one is taken.
  for (std::size_t tries = 0; tries < kMalformedKinds; ++tries) {
    const auto kind = static_cast<MalformedKind>(line.content.below(kMalformedKinds));
    if (kind == MalformedKind::conflict && !in_place) continue;
    const auto bytes = write_malformed(kind, packet, line.content, scratch_);
    if (!bytes) continue;
    ++line.counts.malformed[static_cast<std::size_t>(kind)];
    const auto malformed = std::span{scratch_}.first(*bytes);
    return release(index, store(index, malformed, DeliveryKind::malformed, kind), now_ns);
  }
}

void FaultModel::insert_foreign(std::size_t index, std::span<const std::byte> packet,
                                std::uint64_t now_ns) {
  scratch_.assign(packet.begin(), packet.end());
  scratch_[0] = scratch_[0] == std::byte{'X'} ? std::byte{'Y'} : std::byte{'X'};
  ++lines_[index].counts.foreign;
  release(index, store(index, scratch_, DeliveryKind::foreign), now_ns);
}

void FaultModel::release_passed(std::size_t index, std::uint64_t now_ns) {
  Line& line = lines_[index];
  std::erase_if(line.held, [&](const Held& held) {
    if (held.until_packet > line.counts.sent) return false;
    release(index, held.slot, now_ns);
    return true;
  });
}

void FaultModel::release_overdue(std::uint64_t now_ns) {
  for (std::size_t index = 0; index < lines_.size(); ++index) {
    std::vector<Held>& held = lines_[index].held;
    const auto due = std::find_if(held.begin(), held.end(),
                                  [&](const Held& one) { return one.until_ns > now_ns; });
    std::for_each(held.begin(), due,
                  [&](const Held& one) { release(index, one.slot, one.until_ns); });
    held.erase(held.begin(), due);
  }
}

FaultModel::SlotIndex FaultModel::store(std::size_t index, std::span<const std::byte> packet,
                                        DeliveryKind kind, MalformedKind malformed_kind) {
  if (bytes_ + packet.size() > max_bytes_) {
    ++lines_[index].counts.crowded_out;
    return kNoSlot;
  }
  if (free_.empty()) {
    free_.push_back(static_cast<SlotIndex>(slots_.size()));
    slots_.emplace_back();
  }
  const SlotIndex slot = free_.back();
  free_.pop_back();
  slots_[slot].bytes.assign(packet.begin(), packet.end());
  slots_[slot].line = index;
  slots_[slot].kind = kind;
  slots_[slot].malformed_kind = malformed_kind;
  bytes_ += packet.size();
  return slot;
}

void FaultModel::free_slot(SlotIndex slot) noexcept {
  bytes_ -= slots_[slot].bytes.size();
  free_.push_back(slot);
}

void FaultModel::release(std::size_t index, SlotIndex slot, std::uint64_t now_ns) {
  if (slot == kNoSlot) return;
  Line& line = lines_[index];
  if (slots_[slot].kind == DeliveryKind::good) line.got_through = true;
  queue_.push_back({now_ns + line.plan.delay_ns, order_++, slot});
  std::push_heap(queue_.begin(), queue_.end(), is_later);
}

FaultModel::Entry FaultModel::take_first() noexcept {
  std::pop_heap(queue_.begin(), queue_.end(), is_later);
  const Entry entry = queue_.back();
  queue_.pop_back();
  return entry;
}

std::uint64_t FaultModel::next_due_ns() const noexcept {
  std::uint64_t next = queue_.empty() ? kNever : queue_.front().time_ns;
  for (const Line& line : lines_) {
    if (!line.held.empty()) {
      next = std::min(next, line.held.front().until_ns + line.plan.delay_ns);
    }
  }
  return next;
}

std::string describe_faults(const FaultModel& faults) {
  std::string text;
  for (std::size_t index = 0; index < faults.lines(); ++index) {
    const LineFaultCounts& counts = faults.counts(index);
    text += std::string{"line "} + static_cast<char>('a' + index) + ": " +
            std::to_string(counts.sent) + " packets sent";
    const auto add = [&](std::uint64_t count, std::string_view what) {
      if (count > 0) text += ", " + std::to_string(count) + " " + std::string{what};
    };
    add(counts.lost, "lost");
    add(counts.lost_in_bursts, "lost in bursts (" + std::to_string(counts.bursts) + ")");
    add(counts.lost_dead, "lost while dead");
    add(counts.crowded_out, "dropped because too much was on its way");
    add(counts.duplicates, "duplicated");
    add(counts.held_back, "held back");
    add(counts.foreign, "foreign added");
    for (std::size_t kind = 0; kind < kMalformedKinds; ++kind) {
      const std::string name{to_string(static_cast<MalformedKind>(kind))};
      add(counts.malformed[kind], "malformed added: " + name);
      add(counts.damaged[kind], "damaged: " + name);
    }
    text += "; " + std::to_string(counts.delivered) + " arrived\n";
  }
  return text;
}

}  // namespace tapeline::simulate
