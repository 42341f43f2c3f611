#include "fuzz/target.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#define LSHOST_FUZZ_COUNTS_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LSHOST_FUZZ_COUNTS_MEMORY 1
#endif
#endif
#ifdef LSHOST_FUZZ_COUNTS_MEMORY
#include <sanitizer/allocator_interface.h>
#endif

namespace lshost::fuzz {

void expect(bool is_so, std::string_view what, std::source_location where) {
  if (is_so) return;
  (void)std::fprintf(stderr, "%s:%u: not so: %.*s\n", where.file_name(), where.line(), static_cast<int>(what.size()),
                     what.data());
  std::abort();
}

namespace {

std::atomic<bool> is_counting{false};
std::atomic<std::ptrdiff_t> taken{0};
std::atomic<std::ptrdiff_t> peak{0};

#ifdef LSHOST_FUZZ_COUNTS_MEMORY
void on_malloc(const volatile void* /*block*/, std::size_t size) {
  if (!is_counting.load(std::memory_order_relaxed)) return;
  const auto now = taken.fetch_add(static_cast<std::ptrdiff_t>(size)) + static_cast<std::ptrdiff_t>(size);
  if (now > peak.load(std::memory_order_relaxed)) peak.store(now, std::memory_order_relaxed);
}

void on_free(const volatile void* block) {
  if (block == nullptr || !is_counting.load(std::memory_order_relaxed)) return;
  taken.fetch_sub(static_cast<std::ptrdiff_t>(__sanitizer_get_allocated_size(block)));
}
#endif

}  // namespace

MemoryPeak::MemoryPeak() {
#ifdef LSHOST_FUZZ_COUNTS_MEMORY
  static const int hooks = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
  expect(hooks != 0, "memory can be counted");
#endif
  taken = 0;
  peak = 0;
  is_counting = true;
}

MemoryPeak::~MemoryPeak() { is_counting = false; }

std::size_t MemoryPeak::bytes() const noexcept { return static_cast<std::size_t>(peak.load()); }

}  // namespace lshost::fuzz
