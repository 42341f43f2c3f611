#include "os/shared_flag.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <utility>

#include "base/error.hpp"

namespace lshost::os {
namespace {

constexpr std::size_t kSize = sizeof(std::uint32_t);

}  // namespace

SharedFlag::SharedFlag() : descriptor_(::memfd_create("lshost-flag", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
  if (!descriptor_ || ::ftruncate(descriptor_.get(), kSize) != 0) throw_errno("memfd_create", "flag");
  // Cut off, the page would end the process that looks at it.
  if (::fcntl(descriptor_.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    throw_errno("seal", "flag");
  map(PROT_READ | PROT_WRITE);
}

SharedFlag::SharedFlag(UniqueFd descriptor) : descriptor_(std::move(descriptor)) { map(PROT_READ); }

SharedFlag::SharedFlag(SharedFlag&& other) noexcept
    : descriptor_(std::move(other.descriptor_)), page_(std::exchange(other.page_, nullptr)) {}

SharedFlag::~SharedFlag() {
  if (page_ != nullptr) (void)::munmap(page_, kSize);
}

void SharedFlag::map(int protection) {
  page_ = ::mmap(nullptr, kSize, protection, MAP_SHARED, descriptor_.get(), 0);
  if (page_ != MAP_FAILED) return;
  page_ = nullptr;
  throw_errno("mmap", "flag");
}

void SharedFlag::set() noexcept { std::atomic_ref<std::uint32_t>(*static_cast<std::uint32_t*>(page_)).store(1); }

bool SharedFlag::is_set() const noexcept {
  return std::atomic_ref<std::uint32_t>(*static_cast<std::uint32_t*>(page_)).load() != 0;
}

}  // namespace lshost::os
