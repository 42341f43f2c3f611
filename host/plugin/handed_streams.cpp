#include "plugin/handed_streams.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "plugin/abi.hpp"

namespace lshost::plugin {
namespace {

// A replicator reads one stream after another; a few in parallel are plenty. More are not being closed.
constexpr std::size_t kWalStreamsMax = 256;
constexpr std::size_t kSnapshotStreamsMax = 1;

}  // namespace

/// The handle that the plugin holds. `impl` points at itself.
struct HandedStreams::Handed {
  lshost_reader reader{};
  HandedStreams* owner = nullptr;
  Kind kind = Kind::wal;
  // Held while the stream is read, which is what keeps it alive then: the only lock here that is held over I/O.
  Mutex mutex;
  std::unique_ptr<ByteStream> stream LSHOST_GUARDED_BY(mutex);  // nullptr: taken back

  static Handed& of(lshost_reader* self) noexcept { return *static_cast<Handed*>(self->impl); }
};

HandedStreams::HandedStreams(std::function<bool()> is_stopping) : is_stopping_(std::move(is_stopping)) {}

HandedStreams::~HandedStreams() = default;

void HandedStreams::require_room_locked(Kind kind) const {
  const auto open = static_cast<std::size_t>(
      std::count_if(handed_.begin(), handed_.end(), [&](const auto& handed) { return handed->kind == kind; }));
  if (kind == Kind::snapshot && open >= kSnapshotStreamsMax) {
    throw Error(ErrorCode::invalid, "a snapshot of this replica is open already; it must be closed first");
  }
  if (kind == Kind::wal && open >= kWalStreamsMax) {
    throw Error(ErrorCode::invalid, "the plugin has " + std::to_string(open) + " WAL streams open and closes none");
  }
}

void HandedStreams::require_room(Kind kind) {
  const MutexLock lock(mutex_);
  require_room_locked(kind);
}

lshost_reader* HandedStreams::hand_out(Kind kind, std::unique_ptr<ByteStream> stream) {
  auto handed = std::make_unique<Handed>();
  handed->reader = {sizeof(lshost_reader), 0, handed.get(), read, file, close};
  handed->owner = this;
  handed->kind = kind;
  {
    const MutexLock lock(handed->mutex);
    handed->stream = std::move(stream);
  }
  const MutexLock lock(mutex_);
  require_room_locked(kind);
  return &handed_.emplace_back(std::move(handed))->reader;
}

std::size_t HandedStreams::take_back() {
  const MutexLock lock(mutex_);
  std::size_t taken = 0;
  for (const auto& handed : handed_) {
    const MutexLock stream_lock(handed->mutex);
    if (handed->stream != nullptr) ++taken;
    handed->stream.reset();
  }
  return taken;
}

std::int32_t HandedStreams::read(lshost_reader* self, void* buf, std::size_t cap, std::size_t* n,
                                 lshost_error* err) noexcept {
  return guard(err, [&]() -> std::int32_t {
    *n = 0;
    Handed& handed = Handed::of(self);
    const MutexLock lock(handed.mutex);
    if (handed.stream == nullptr || handed.owner->is_stopping_()) return LSHOST_CANCELLED;
    *n = handed.stream->read({static_cast<std::byte*>(buf), cap});
    return LSHOST_OK;
  });
}

std::int32_t HandedStreams::file(lshost_reader* self, std::uint64_t* offset, std::uint64_t* length) noexcept {
  std::int32_t descriptor = -1;
  (void)guard(nullptr, [&]() -> std::int32_t {  // no file is an answer; reading tells what is wrong
    Handed& handed = Handed::of(self);
    const MutexLock lock(handed.mutex);
    if (handed.stream == nullptr) return LSHOST_OK;
    if (const auto range = handed.stream->file_range()) {
      *offset = range->offset;
      *length = range->length;
      descriptor = range->descriptor;
    }
    return LSHOST_OK;
  });
  return descriptor;
}

void HandedStreams::close(lshost_reader* self) noexcept {
  Handed& handed = Handed::of(self);
  HandedStreams& owner = *handed.owner;
  std::unique_ptr<Handed> closed;  // destroyed without the lock: closing a snapshot takes time
  const MutexLock lock(owner.mutex_);
  const auto found = std::find_if(owner.handed_.begin(), owner.handed_.end(),
                                  [&](const auto& candidate) { return candidate.get() == &handed; });
  if (found == owner.handed_.end()) return;
  closed = std::move(*found);
  owner.handed_.erase(found);
}

}  // namespace lshost::plugin
