// General allocators. All but the C library's are opened at run time and called by address, so
// that none replaces malloc for the others. Their libraries look up what they need in the program
// first (no RTLD_DEEPBIND): memory that libstdc++ makes for them stays with the C library.

#include <dlfcn.h>

#include <cstdlib>

#include "workloads.hpp"

namespace tapeline::bench {
namespace {

struct Functions {
  void* (*allocate)(std::size_t) = nullptr;
  void (*free)(void*) = nullptr;
};

class Allocator {
 public:
  using Buffer = std::byte*;
  explicit Allocator(Functions functions) noexcept : functions_{functions} {}

  class Hand {
   public:
    explicit Hand(Allocator& allocator) noexcept : functions_{allocator.functions_} {}
    [[nodiscard]] Buffer acquire() const noexcept {
      return static_cast<Buffer>(functions_.allocate(kBufferBytes));
    }
    void release(Buffer buffer) const noexcept { functions_.free(buffer); }

   private:
    Functions functions_;
  };

 private:
  Functions functions_;
};

struct Library {
  const char* name;
  const char* package;
  const char* file;
  const char* allocate;
  const char* free;
};

constexpr Library kLibraries[] = {
    {"mimalloc", "libmimalloc2.0", "libmimalloc.so.2", "mi_malloc", "mi_free"},
    {"tcmalloc", "libtcmalloc-minimal4", "libtcmalloc_minimal.so.4", "tc_malloc", "tc_free"},
    // Found in the library itself: dlsym() with a handle looks there first.
    {"jemalloc, tcache up to 256 KiB", "libjemalloc2", "libjemalloc.so.2", "malloc", "free"},
    {"oneTBB scalable_malloc", "libtbbmalloc2", "libtbbmalloc.so.2", "scalable_malloc",
     "scalable_free"},
};

// POSIX has dlsym() return functions as pointers to objects.
template <typename Function>
Function function_named(void* library, const char* symbol) {
  return reinterpret_cast<Function>(::dlsym(library, symbol));
}

}  // namespace

void add_allocators(Contenders& contenders) {
  contenders.taking_part.push_back(std::make_unique<ContenderOf<Allocator>>(
      "malloc (glibc)", Functions{.allocate = std::malloc, .free = std::free}));
  // jemalloc's thread caches end at 32 KiB unless told otherwise, and it reads this when opened.
  ::setenv("MALLOC_CONF", "tcache_max:262144", 1);
  for (const Library& library : kLibraries) {
    void* const handle = ::dlopen(library.file, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      contenders.skipped.push_back(
          {library.name, std::string{library.package} + ": " + ::dlerror()});
      continue;
    }
    const Functions functions{
        .allocate = function_named<void* (*)(std::size_t)>(handle, library.allocate),
        .free = function_named<void (*)(void*)>(handle, library.free)};
    if (functions.allocate == nullptr || functions.free == nullptr) {
      contenders.skipped.push_back({library.name, std::string{"no "} + library.allocate});
      continue;
    }
    contenders.taking_part.push_back(
        std::make_unique<ContenderOf<Allocator>>(library.name, functions));
  }
}

}  // namespace tapeline::bench
