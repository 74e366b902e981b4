// Any bytes as an archive file that is to be repaired: nothing crashes or grows without bound, what
// is kept is a prefix of the file that reads the same again, and its tables are the ones that would
// be written for it. The first byte chooses how long the reads are.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "app/archive/frame_scan.hpp"

namespace {

using namespace tapeline::archive;

void require(bool condition) {
  if (!condition) std::abort();
}

class BytesAsFile final : public FileCalls {
 public:
  BytesAsFile(std::span<const std::byte> bytes, std::size_t most) : bytes_{bytes}, most_{most} {}

  off_t size(int /*descriptor*/) override { return static_cast<off_t>(bytes_.size()); }
  ssize_t read_at(int /*descriptor*/, std::byte* to, std::size_t bytes, off_t offset) override {
    const auto at = static_cast<std::size_t>(offset);
    if (at >= bytes_.size()) return 0;
    const std::size_t count = std::min({bytes, most_, bytes_.size() - at});
    std::memcpy(to, bytes_.data() + at, count);
    return static_cast<ssize_t>(count);
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t most_;
};

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span{data, size}).subspan(1);
  BytesAsFile file{bytes, std::size_t{1} + data[0] * std::size_t{4096}};
  FrameScan scan{file, 0};
  if (scan.run()) return 0;
  const std::uint64_t end = scan.good_end();
  require(end <= bytes.size() && scan.table_bytes() <= bytes.size() - end);
  require(!(scan.is_foreign() && end != 0));
  if (end == 0) return 0;

  const auto pieces = scan.table().finish(end);
  std::vector<std::byte> repaired(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(end));
  for (const auto& piece : pieces) repaired.insert(repaired.end(), piece.begin(), piece.end());
  BytesAsFile again{repaired, SIZE_MAX};
  FrameScan second{again, 0};
  require(!second.run());
  require(second.good_end() == end);
  require(second.ends_with(second.table().finish(end)));
  return 0;
}
