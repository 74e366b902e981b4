// boost::lockfree: a stack and a queue of buffers, both of fixed size, so that their nodes are
// made at the start.

#include <boost/lockfree/queue.hpp>
#include <boost/lockfree/stack.hpp>

#include "workloads.hpp"

namespace tapeline::bench {
namespace {

template <typename List>
class BoostList {
 public:
  using Buffer = std::byte*;

  explicit BoostList(const Buffers& buffers) {
    for (std::uint32_t i = 0; i < kBuffers; ++i) list_.push(buffers.at(i));
  }

  class Hand {
   public:
    explicit Hand(BoostList& source) noexcept : list_{source.list_} {}
    Buffer acquire() noexcept {
      Buffer buffer = nullptr;
      return list_.pop(buffer) ? buffer : nullptr;
    }
    void release(Buffer buffer) noexcept { list_.push(buffer); }

   private:
    List& list_;
  };

 private:
  List list_;
};

using boost::lockfree::capacity;
using Stack = BoostList<boost::lockfree::stack<std::byte*, capacity<kBuffers>>>;
using Queue = BoostList<boost::lockfree::queue<std::byte*, capacity<kBuffers>>>;

}  // namespace

void add_boost(Contenders& contenders, const Buffers& buffers) {
  contenders.taking_part.push_back(
      std::make_unique<ContenderOf<Stack>>("boost::lockfree::stack", buffers));
  contenders.taking_part.push_back(
      std::make_unique<ContenderOf<Queue>>("boost::lockfree::queue", buffers));
}

}  // namespace tapeline::bench
