#include "engine/kept_objects.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace lshost::engine {
namespace {

class KeptSource final : public Source {
 public:
  KeptSource(int fd, std::uint64_t offset, std::uint64_t size) noexcept : fd_(fd), at_(offset), left_(size) {}

  [[nodiscard]] std::size_t Read(std::span<std::byte> into) override {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
    if (want == 0) return 0;
    const ssize_t got = ::pread(fd_, into.data(), want, static_cast<off_t>(at_));
    if (got <= 0) throw Error(LSHOST_E_IO, "read of an object that was kept in a temporary file failed");
    at_ += static_cast<std::uint64_t>(got);
    left_ -= static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }

 private:
  const int fd_;
  std::uint64_t at_;
  std::uint64_t left_;
};

UniqueFd nameless_file() noexcept {
  const char* folder = std::getenv("TMPDIR");
  return UniqueFd(::open(folder == nullptr || *folder == '\0' ? "/tmp" : folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

}  // namespace

void KeptObjects::keep(const NamedObject& object, ByteSpan bytes) noexcept {
  const std::lock_guard hold(mutex_);
  if (is_unusable_ || end_ + bytes.size() > kBytesMax) return;
  if (!file_) file_ = nameless_file();
  const bool is_written = file_ && ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(end_)) ==
                                       static_cast<ssize_t>(bytes.size());
  if (!is_written) {
    is_unusable_ = true;
    return;
  }
  try {
    places_[object.key] = {end_, bytes.size(), object.created_ns};
    end_ += bytes.size();
  } catch (const std::bad_alloc&) {
    is_unusable_ = true;
  }
}

std::unique_ptr<Source> KeptObjects::open(const NamedObject& object) const {
  const std::lock_guard hold(mutex_);
  const auto found = places_.find(object.key);
  if (found == places_.end()) return nullptr;
  const Place& place = found->second;
  if (place.size != object.size || place.created_ns != object.created_ns) return nullptr;
  return std::make_unique<KeptSource>(file_.get(), place.offset, place.size);
}

}  // namespace lshost::engine
