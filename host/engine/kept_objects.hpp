#pragma once
// Small objects that had to be fetched whole to be known, kept in a file without a name until they are read: a restore
// asks for them again.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <lshost/cpp/stream.hpp>

#include "base/bytes.hpp"
#include "base/unique_fd.hpp"
#include "engine/inventory.hpp"

namespace lshost::engine {

/// Threads: any. Ownership: streams of open() must be gone before it. Cost: kBytesMax of $TMPDIR (or /tmp), freed with
/// it. Errors: none: what can not be kept is fetched once more.
class KeptObjects {
 public:
  static constexpr std::uint64_t kBytesMax = std::uint64_t{512} << 20;

  void keep(const NamedObject& object, ByteSpan bytes) noexcept;
  /// nullptr: not kept.
  [[nodiscard]] std::unique_ptr<Source> open(const NamedObject& object) const;

 private:
  struct Place {
    std::uint64_t offset;
    std::uint64_t size;
    std::int64_t created_ns;
  };
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  UniqueFd file_;
  bool is_unusable_ = false;
  std::uint64_t end_ = 0;
  std::map<std::string, Place> places_;  // by key
};

}  // namespace lshost::engine
