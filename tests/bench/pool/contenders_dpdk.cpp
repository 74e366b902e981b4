// DPDK: rte_mempool with caches of several sizes, and rte_stack in its lock-free variant. The
// environment layer runs without huge pages, PCI and shared files. A thread has a cache only when
// DPDK knows it.

// What the others rely on having been read before them.
#include <rte_config.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mempool.h>
#include <rte_stack.h>

#include <array>
#include <stdexcept>

#include "workloads.hpp"

namespace tapeline::bench {
namespace {

void register_this_thread() {
  if (rte_lcore_id() == LCORE_ID_ANY && rte_thread_register() != 0) {
    throw std::runtime_error{std::string{"rte_thread_register: "} + rte_strerror(rte_errno)};
  }
}

class Mempool {
 public:
  using Buffer = std::byte*;

  explicit Mempool(unsigned cache)
      : pool_{rte_mempool_create(("cache" + std::to_string(next_++)).c_str(), kBuffers,
                                 kBufferBytes, cache, 0, nullptr, nullptr, nullptr, nullptr,
                                 SOCKET_ID_ANY, 0)} {
    if (pool_ == nullptr) {
      throw std::runtime_error{std::string{"rte_mempool_create: "} + rte_strerror(rte_errno)};
    }
  }

  class Hand {
   public:
    explicit Hand(Mempool& source) : pool_{source.pool_} { register_this_thread(); }
    [[nodiscard]] Buffer acquire() const noexcept {
      void* buffer = nullptr;
      return rte_mempool_get(pool_, &buffer) == 0 ? static_cast<Buffer>(buffer) : nullptr;
    }
    void release(Buffer buffer) const noexcept { rte_mempool_put(pool_, buffer); }

   protected:
    rte_mempool* pool_;
  };

 private:
  static inline int next_ = 0;
  rte_mempool* pool_;
};

// The calls that take many at once.
class MempoolInBulk : public Mempool {
 public:
  using Mempool::Mempool;

  class Hand : public Mempool::Hand {
   public:
    explicit Hand(MempoolInBulk& source) : Mempool::Hand{source} {}
    void acquire_all(std::span<Buffer> buffers) noexcept {
      while (rte_mempool_get_bulk(pool_, pointers(buffers), count(buffers)) != 0) pause();
    }
    void release_all(std::span<Buffer> buffers) noexcept {
      rte_mempool_put_bulk(pool_, pointers(buffers), count(buffers));
    }

   private:
    static void** pointers(std::span<Buffer> buffers) noexcept {
      return reinterpret_cast<void**>(buffers.data());
    }
    static unsigned count(std::span<Buffer> buffers) noexcept {
      return static_cast<unsigned>(buffers.size());
    }
  };
};

class LockFreeStack {
 public:
  using Buffer = std::byte*;

  explicit LockFreeStack(const Buffers& buffers)
      : stack_{rte_stack_create("stack", kBuffers, SOCKET_ID_ANY, RTE_STACK_F_LF)} {
    if (stack_ == nullptr) {
      throw std::runtime_error{std::string{"rte_stack_create: "} + rte_strerror(rte_errno)};
    }
    for (std::uint32_t i = 0; i < kBuffers; ++i) {
      void* buffer = buffers.at(i);
      rte_stack_push(stack_, &buffer, 1);
    }
  }

  class Hand {
   public:
    explicit Hand(LockFreeStack& source) : stack_{source.stack_} { register_this_thread(); }
    [[nodiscard]] Buffer acquire() const noexcept {
      void* buffer = nullptr;
      return rte_stack_pop(stack_, &buffer, 1) == 1 ? static_cast<Buffer>(buffer) : nullptr;
    }
    void release(Buffer buffer) const noexcept {
      void* pointer = buffer;
      rte_stack_push(stack_, &pointer, 1);
    }

   private:
    rte_stack* stack_;
  };

 private:
  rte_stack* stack_;
};

// Pins the calling thread to the processor named, which becomes its lcore.
bool start_dpdk() {
  std::string processor = std::to_string(allowed_processors().front());
  std::array<std::string, 9> words{
      "pool_bench",          "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
      "--log-level=*:error", "-m640",     "-l",       processor};
  std::array<char*, words.size()> arguments{};
  for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
  return rte_eal_init(static_cast<int>(arguments.size()), arguments.data()) >= 0;
}

}  // namespace

void add_dpdk(Contenders& contenders, const Buffers& buffers) {
  if (!start_dpdk()) {
    contenders.skipped.push_back({"DPDK", std::string{"rte_eal_init: "} + rte_strerror(rte_errno)});
    return;
  }
  auto& list = contenders.taking_part;
  try {
    for (const unsigned cache : {0U, 32U, 128U}) {
      list.push_back(std::make_unique<ContenderOf<Mempool>>(
          "rte_mempool, cache " + std::to_string(cache), cache));
    }
    list.push_back(
        std::make_unique<ContenderOf<MempoolInBulk>>("rte_mempool, cache 128, in bulk", 128U));
    list.push_back(std::make_unique<ContenderOf<LockFreeStack>>("rte_stack", buffers));
  } catch (const std::runtime_error& error) {
    contenders.skipped.push_back({"DPDK, in part", error.what()});
  }
}

}  // namespace tapeline::bench
