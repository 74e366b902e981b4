// A program with AddressSanitizer, a pool that was built without: no false alarm when a later
// thread gets the buffer, nor when the memory of a pool that is gone is mapped again.

#include <sys/mman.h>

#include <cstdio>
#include <cstring>
#include <tapeline/pool/buffer_pool.hpp>
#include <thread>

using namespace tapeline::pool;

int main() {
  for (int round = 0; round < 3; ++round) {
    {
      BufferPool<SerializationKind> pool{PoolConfig{.buffer_count = 64, .overflow_buffers = 0}};
      for (int user = 0; user < 3; ++user) {
        std::thread{[&pool] {
          auto buffer = pool.try_acquire();
          std::memset(buffer.data(), 1, buffer.capacity());
        }}.join();
      }
    }
    constexpr std::size_t kBytes = std::size_t{64} << 20;
    void* const mapped =
        ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return 1;
    std::memset(mapped, 2, kBytes);
  }
  std::puts("no alarm");
}
