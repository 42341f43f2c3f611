#include "engine/uploader.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/clock.hpp"
#include "engine/errors.hpp"

namespace lshost::engine {
namespace {

using Clock = std::chrono::steady_clock;

/// The stream of an image that somebody else holds.
class BorrowedImage final : public Source {
 public:
  explicit BorrowedImage(HostReader& reader) : reader_(reader) {}
  std::size_t Read(std::span<std::byte> into) override { return reader_.Read(into); }

 private:
  HostReader& reader_;
};

Buffer seal_in_memory(const Segment& segment, const SealOptions& options) {
  return with_host_errors([&] {
    const auto sealed =
        seal(std::make_unique<MemoryStream>(*segment.raw), options, segment.info(system_clock().unix_now()));
    constexpr std::size_t kStep = std::size_t{64} << 10;
    Buffer bytes;
    for (;;) {
      const std::size_t have = bytes.size();
      if (bytes.capacity() < have + kStep) bytes.reserve(std::max(bytes.capacity() * 2, have + kStep));
      bytes.resize(have + kStep);
      const std::size_t count = sealed->read(MutableByteSpan(bytes).subspan(have));
      bytes.resize(have + count);
      if (count == 0) return bytes;
    }
  });
}

Error not_ours(const std::string& key) {
  return {LSHOST_E_EXISTS,
          key +
              " is there and holds other data: another host stores into the same place; stop it, or give each a place "
              "of its own. Nothing was replaced",
          LSHOST_ERR_RETRYABLE | LSHOST_ERR_OPERATOR};
}

}  // namespace

void Uploader::until_done(const std::function<void()>& attempt) {
  for (std::uint32_t failures = 0;; ++failures) {
    activity_.throw_if_stopped();
    std::chrono::milliseconds rest{};
    try {
      attempt();
      if (failures > 0) reporter_.state(ReplicaState::CatchUp);
      return;
    } catch (const Gone&) {
      throw;
    } catch (const std::exception& e) {
      rest = reporter_.failed(e, failures);
    }
    activity_.pause(rest);
  }
}

void Uploader::put_body(const std::string& key, ByteStream& bytes, std::uint64_t size, Expect expect,
                        const std::function<void()>& check) {
  Body body(bytes, check);
  const auto begun = Clock::now();
  try {
    expect == Expect::nothing_there ? store_.put_new(key, body, size) : store_.put(key, body, size);
  } catch (...) {
    body.rethrow_failure();  // the cause, where the store made something else of it
    throw;
  }
  body.rethrow_failure();
  if (size == LSHOST_SIZE_UNKNOWN ? !body.is_at_end() : body.bytes_read() != size) {
    throw Error(LSHOST_E_INTERNAL,
                "the store took " + std::to_string(body.bytes_read()) + " bytes for " + key +
                    " and said that it is stored, but that was not all",
                LSHOST_ERR_RETRYABLE);
  }
  ctx_.Observe("put_seconds", std::chrono::duration<double>(Clock::now() - begun).count());
  ctx_.Count("put_bytes", static_cast<double>(body.bytes_read()));
}

Uploader::There Uploader::look(const std::string& key, const Buffer& wanted) {
  const auto stored = store_.get(key, 0, UINT64_MAX);
  Buffer part(std::size_t{64} << 10);
  std::size_t same = 0;
  while (const std::size_t count = stored->Read(part)) {
    activity_.throw_if_stopped();
    if (count > wanted.size() - same) return There::other;
    if (!std::equal(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(count),
                    wanted.begin() + static_cast<std::ptrdiff_t>(same))) {
      return There::other;
    }
    same += count;
  }
  return same == wanted.size() ? There::same : There::begun;
}

void Uploader::put(const Segment& segment) {
  const std::string key = key_of(segment.name(settings_.seal.compression));
  const auto check = [this] { activity_.throw_if_stopped(); };
  if (segment.raw) {
    const Buffer sealed = seal_in_memory(segment, settings_.seal);
    Expect expect = Expect::nothing_there;
    until_done([&] {
      try {
        MemoryStream bytes(sealed);
        put_body(key, bytes, sealed.size(), expect, check);
      } catch (const Error& e) {
        if (e.Code() != LSHOST_E_EXISTS) throw;
        const There there = look(key, sealed);  // an answer that was lost: the bytes are ours
        if (there == There::same) return;
        if (there == There::other) throw not_ours(key);
        expect = Expect::anything;
        throw Error::Retryable("the store kept a part of " + key + "; it is sent again");
      }
    });
    return;
  }
  // Sealed anew for each attempt, and so with other bytes: what a lost answer stored can not be told from another's.
  Expect expect = Expect::nothing_there;
  until_done([&] {
    const auto sealed = with_host_errors([&] {
      return seal(read_from_host(ctx_, segment.start, segment.end), settings_.seal,
                  segment.info(system_clock().unix_now()));
    });
    try {
      put_body(key, *sealed, LSHOST_SIZE_UNKNOWN, expect, check);
    } catch (const Error& e) {
      if (e.Code() == LSHOST_E_EXISTS) throw not_ours(key);
      expect = Expect::anything;
      throw;
    }
  });
}

void Uploader::put_empty(const std::string& key) {
  until_done([&] {
    MemoryStream nothing({});
    put_body(key, nothing, 0, Expect::anything, [] {});
  });
}

void Uploader::remove(std::span<const std::string> keys) {
  if (keys.empty()) return;
  until_done([&] { store_.remove(keys); });
}

std::string Uploader::snapshot_key(const Position& position) const {
  return key_of({position.generation, ObjectKind::snapshot, position.index, 0, settings_.seal.compression});
}

std::uint64_t Uploader::try_snapshot(Snapshot& image, const std::function<void()>& check) {
  ObjectInfo info;
  info.kind = ObjectKind::snapshot;
  info.generation = image.position.generation;
  info.index = image.position.index;
  info.offset = image.position.offset;
  info.end_offset = image.position.offset;
  info.page_size = image.page_size;
  info.created_ns = image.created_ns;
  const auto sealed = with_host_errors([&] {
    auto raw = std::make_unique<SourceStream>(std::make_unique<BorrowedImage>(image.bytes));
    return seal(std::move(raw), settings_.seal, info);
  });
  put_body(snapshot_key(image.position), *sealed, LSHOST_SIZE_UNKNOWN, Expect::anything, check);
  if (sealed->info().raw_size != image.size) {
    throw Error(LSHOST_E_INTERNAL,
                "the host's image has " + std::to_string(sealed->info().raw_size) + " bytes instead of " +
                    std::to_string(image.size),
                LSHOST_ERR_RETRYABLE);
  }
  return sealed->info().raw_size;
}

}  // namespace lshost::engine
