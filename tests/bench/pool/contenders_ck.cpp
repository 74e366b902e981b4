// ck_stack of Concurrency Kit, in the variant for many producers and many consumers: the one that
// counts generations and so can take back what it gave out.

#include "ck_stack_calls.h"
#include "workloads.hpp"

namespace tapeline::bench {
namespace {

class CkStack {
 public:
  // Carries its entry: to find it from the address would cost a division.
  class Buffer {
   public:
    Buffer() noexcept = default;
    Buffer(std::byte* data, ck_stack_entry* entry) noexcept : data_{data}, entry_{entry} {}
    explicit operator bool() const noexcept { return data_ != nullptr; }
    [[nodiscard]] std::byte* data() const noexcept { return data_; }
    [[nodiscard]] ck_stack_entry* entry() const noexcept { return entry_; }

   private:
    std::byte* data_ = nullptr;
    ck_stack_entry* entry_ = nullptr;
  };

  explicit CkStack(const Buffers& buffers) noexcept : buffers_{buffers} {
    for (std::uint32_t i = 0; i < kBuffers; ++i) tapeline_ck_push(stack_, tapeline_ck_entry(i));
  }

  class Hand {
   public:
    explicit Hand(CkStack& source) noexcept : source_{source} {}
    [[nodiscard]] Buffer acquire() const noexcept {
      ck_stack_entry* const entry = tapeline_ck_pop(source_.stack_);
      if (entry == nullptr) return {};
      return {source_.buffers_.at(tapeline_ck_index(entry)), entry};
    }
    void release(const Buffer& buffer) const noexcept {
      tapeline_ck_push(source_.stack_, buffer.entry());
    }

   private:
    CkStack& source_;
  };

 private:
  const Buffers& buffers_;
  ck_stack* stack_ = tapeline_ck_stack();
};

}  // namespace

void add_ck(Contenders& contenders, const Buffers& buffers) {
  contenders.taking_part.push_back(std::make_unique<ContenderOf<CkStack>>("ck_stack", buffers));
}

}  // namespace tapeline::bench
