#pragma once
// Puts objects until they are stored.

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include <lshost/cpp/context.hpp>

#include "engine/activity.hpp"
#include "engine/reporter.hpp"
#include "engine/segment.hpp"
#include "engine/settings.hpp"
#include "engine/store.hpp"

namespace lshost::engine {

/// Threads: any, several at once. Errors: Cancelled, Gone; failures of the store are reported and tried again, with the
/// same bytes, as long as it takes.
class Uploader {
 public:
  Uploader(Context ctx, Store& store, const Settings& settings, Activity& activity, Reporter& reporter)
      : ctx_(ctx), store_(store), settings_(settings), activity_(activity), reporter_(reporter) {}

  /// Durable on return. An object of that name which this replica did not store is left as it is, and reported until it
  /// is gone: another host stores into the same place. Memory: the sealed bytes, at most about a segment's size more; a
  /// large run streams.
  void put(const Segment& segment);
  void put_empty(const std::string& key);
  void remove(std::span<const std::string> keys);

  /// One attempt, because the image can be read once: `check` is called while it is read, and throws to stop. Returns
  /// the stored bytes. Errors: Error, too.
  std::uint64_t try_snapshot(Snapshot& image, const std::function<void()>& check);
  [[nodiscard]] std::string snapshot_key(const Position& position) const;

 private:
  void until_done(const std::function<void()>& attempt);
  enum class Expect { nothing_there, anything };
  void put_body(const std::string& key, ByteStream& bytes, std::uint64_t size, Expect expect,
                const std::function<void()>& check);
  /// What there is under `key`, compared with what was to be stored there.
  enum class There { same, begun, other };
  [[nodiscard]] There look(const std::string& key, const Buffer& wanted);

  const Context ctx_;
  Store& store_;
  const Settings& settings_;
  Activity& activity_;
  Reporter& reporter_;
};

}  // namespace lshost::engine
