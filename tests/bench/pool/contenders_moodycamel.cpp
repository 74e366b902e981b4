// moodycamel::ConcurrentQueue, with the tokens it recommends. It may find nothing although there
// is something; the loops then try again.

#include <concurrentqueue/concurrentqueue.h>

#include "workloads.hpp"

namespace tapeline::bench {
namespace {

class MoodycamelQueue {
 public:
  using Buffer = std::byte*;

  explicit MoodycamelQueue(const Buffers& buffers) : queue_{2 * kBuffers, 4, 4} {
    for (std::uint32_t i = 0; i < kBuffers; ++i) queue_.enqueue(buffers.at(i));
  }

  class Hand {
   public:
    explicit Hand(MoodycamelQueue& source)
        : queue_{source.queue_}, producer_{source.queue_}, consumer_{source.queue_} {}
    Buffer acquire() noexcept {
      Buffer buffer = nullptr;
      return queue_.try_dequeue(consumer_, buffer) ? buffer : nullptr;
    }
    void release(Buffer buffer) noexcept { queue_.enqueue(producer_, buffer); }

   private:
    moodycamel::ConcurrentQueue<Buffer>& queue_;
    moodycamel::ProducerToken producer_;
    moodycamel::ConsumerToken consumer_;
  };

 private:
  moodycamel::ConcurrentQueue<Buffer> queue_;
};

}  // namespace

void add_moodycamel(Contenders& contenders, const Buffers& buffers) {
  contenders.taking_part.push_back(
      std::make_unique<ContenderOf<MoodycamelQueue>>("moodycamel::ConcurrentQueue", buffers));
}

}  // namespace tapeline::bench
