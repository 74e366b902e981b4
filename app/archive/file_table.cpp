#include "app/archive/file_table.hpp"

#include <algorithm>
#include <exception>

namespace tapeline::archive {

FileTable::FileTable() {
  constexpr std::size_t kFramesWithoutGrowth = 4096;
  index_.reserve(kFramesWithoutGrowth);
  seek_.reserve(kFramesWithoutGrowth);
}

template <typename Add>
void FileTable::try_to(Add&& add) noexcept {
  if (given_up_) return;
  try {
    given_up_ = !add();
  } catch (const std::exception&) {  // no memory
    given_up_ = true;
  }
}

void FileTable::add(const codec::archive::FrameSummary& frame, std::size_t frame_bytes) noexcept {
  try_to([&] { return index_.add(frame) && seek_.add(frame_bytes, frame.content_bytes); });
}

void FileTable::add(std::uint64_t offset, const codec::archive::LossNote& note,
                    std::size_t frame_bytes) noexcept {
  try_to([&] {
    index_.add(offset, note);
    return seek_.add(frame_bytes, 0);
  });
}

void FileTable::add(std::uint64_t offset, const codec::archive::OutageNote& note,
                    std::size_t frame_bytes) noexcept {
  try_to([&] {
    index_.add(offset, note);
    return seek_.add(frame_bytes, 0);
  });
}

void FileTable::add_other(std::size_t frame_bytes) noexcept {
  try_to([&] { return seek_.add(frame_bytes, 0); });
}

void FileTable::clear() noexcept {
  index_.clear();
  seek_.clear();
  given_up_ = false;
}

FileTable::Pieces FileTable::finish(std::uint64_t frames_end) noexcept {
  Pieces pieces{};
  try_to([&] {
    const auto index = index_.pieces(frames_end);
    std::size_t index_bytes = 0;
    for (const auto& piece : index) index_bytes += piece.size();
    if (!seek_.add(index_bytes, 0)) return false;
    const auto seek = seek_.pieces();
    std::copy(seek.begin(), seek.end(), std::copy(index.begin(), index.end(), pieces.begin()));
    return true;
  });
  return pieces;
}

}  // namespace tapeline::archive
