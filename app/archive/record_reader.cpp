#include "app/archive/record_reader.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <span>
#include <utility>

namespace tapeline::archive {

namespace {

using codec::capture::LinkType;
using codec::capture::Record;
using codec::capture::Step;
using codec::capture::StepKind;

constexpr std::size_t kWindowBytes = std::size_t{128} << 10U;

}  // namespace

RecordReader::RecordReader(const std::string& path, const net::TimeSpan& span)
    : stream_{path, span}, span_{span}, window_(kWindowBytes) {}

// Returns whether there are more bytes than before.
bool RecordReader::fill() {
  std::memmove(window_.data(), window_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (end_ == window_.size()) window_.resize(window_.size() * 2);
  for (;;) {
    const net::ReadResult result = stream_.read(std::span{window_}.subspan(end_));
    end_ += result.count;
    if (result.count > 0) return true;
    if (result.state == net::ReadState::failed) error_ = stream_.error().text();
    if (result.state != net::ReadState::would_block) return false;
  }
}

bool RecordReader::accept(const Record& record) {
  if (record.link_type != LinkType::raw) {
    error_ =
        net::StreamError{path(), std::nullopt, "is no archive: its packets have link-layer headers"}
            .text();
    return false;
  }
  return (!span_.from || record.time_ns >= *span_.from) &&
         (!span_.to || record.time_ns < *span_.to);
}

const Record* RecordReader::next() {
  while (!ended_) {
    const Step step = decoder_.next({window_.data() + begin_, end_ - begin_});
    begin_ += step.consumed;
    if (step.kind == StepKind::record) {
      const bool is_wanted = accept(step.record);
      if (!error_.empty()) break;
      if (!is_wanted) continue;
      record_ = step.record;
      return &record_;
    }
    // The window holds the longest record and block that the decoder takes.
    const bool is_damaged = step.kind == StepKind::failed;
    if (!is_damaged && step.needed <= codec::capture::kMaxBlockBytes && fill()) continue;
    if (error_.empty() && (is_damaged || !decoder_.finish(end_ - begin_))) {
      error_ = net::StreamError{path(), std::nullopt, decoder_.fault().text()}.text();
    }
    break;
  }
  ended_ = true;
  return nullptr;
}

void RecordMerge::add(std::string path, const net::TimeSpan& span, std::int64_t earliest_ns) {
  const auto place = std::lower_bound(
      waiting_.begin(), waiting_.end(), earliest_ns,
      [](const Waiting& waiting, std::int64_t time) { return waiting.earliest_ns > time; });
  waiting_.insert(place, {earliest_ns, std::move(path), span});
}

void RecordMerge::open_next() {
  readers_.push_back(std::make_unique<RecordReader>(waiting_.back().path, waiting_.back().span));
  records_.push_back(nullptr);
  waiting_.pop_back();
  advance(readers_.size() - 1);
}

void RecordMerge::advance(std::size_t reader) {
  records_[reader] = readers_[reader]->next();
  if (records_[reader] != nullptr) {
    heads_.push_back({records_[reader]->time_ns, reader});
    std::push_heap(heads_.begin(), heads_.end(), std::greater<>{});
    return;
  }
  if (!readers_[reader]->error().empty()) errors_.push_back(readers_[reader]->error());
  readers_[reader].reset();
}

const Record* RecordMerge::next() {
  if (taken_ != kNone) advance(std::exchange(taken_, kNone));
  while (!waiting_.empty() &&
         (heads_.empty() || waiting_.back().earliest_ns <= heads_.front().time_ns)) {
    open_next();
  }
  if (heads_.empty()) return nullptr;
  std::pop_heap(heads_.begin(), heads_.end(), std::greater<>{});
  taken_ = heads_.back().reader;
  heads_.pop_back();
  return records_[taken_];
}

}  // namespace tapeline::archive
