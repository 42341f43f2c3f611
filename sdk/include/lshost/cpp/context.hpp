// lshost/cpp/context.hpp - the host's functions in C++: configuration, WAL, snapshots, waiting, reporting, threads.
// SPDX-License-Identifier: MIT
#pragma once

#include <lshost/host.h>
#include <lshost/module.h>
#include <lshost/cpp/stream.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lshost::inline v1 {

/// What the database has.
struct DatabaseStatus {
  Position oldest;              ///< the first position that OpenWal still serves
  Position tip;                 ///< the end of what is committed
  std::uint32_t page_size = 0;  ///< bytes; 0: not known yet
};

/// WAL bytes [start, end), inside one index, ending behind a commit frame.
struct Wal {
  Position start;
  Position end;
  std::uint32_t page_size = 0;
  std::int64_t commit_ns = 0;   ///< all of it was committed by then, and after the run before it
  bool index_complete = false;  ///< no byte will ever follow `end` in this index
  HostReader bytes;
};

/// The whole database as of `position`. Checkpoints are held back while `bytes` is open.
struct Snapshot {
  Position position;
  std::uint32_t page_size = 0;
  std::uint64_t size = 0;  ///< bytes
  std::int64_t created_ns = 0;
  HostReader bytes;
};

/// What a replica is doing; the meaning of each stands at LSHOST_STATE_* in host.h.
enum class ReplicaState : std::int32_t {
  Starting = LSHOST_STATE_STARTING,
  Waiting = LSHOST_STATE_WAITING,
  Snapshot = LSHOST_STATE_SNAPSHOT,
  CatchUp = LSHOST_STATE_CATCHUP,
  Streaming = LSHOST_STATE_STREAMING,
  BackOff = LSHOST_STATE_BACKOFF,
  Failed = LSHOST_STATE_FAILED,
  Stopped = LSHOST_STATE_STOPPED,
};

enum class LogLevel : std::int32_t {
  Trace = LSHOST_LOG_TRACE,
  Debug = LSHOST_LOG_DEBUG,
  Info = LSHOST_LOG_INFO,
  Warn = LSHOST_LOG_WARN,
  Error = LSHOST_LOG_ERROR,
};

/// A name and its value in a log line.
struct Field {
  Field(const char* name, std::string text) : key(name), value(std::move(text)) {}
  Field(const char* name, const char* text) : key(name), value(text) {}
  Field(const char* name, std::string_view text) : key(name), value(text) {}
  Field(const char* name, const Position& position) : key(name), value(position.ToString()) {}
  template <std::integral T>
  Field(const char* name, T number) : key(name), value(std::to_string(number)) {}

  const char* key;
  std::string value;
};

/// One replica as the host sees it: a small copyable handle, good from create to the destructor of the replicator.
///
/// Threads: every function from any thread.
/// Errors:  functions throw Error; those that wait or read throw Cancelled when the host wants the replica to stop.
class Context {
 public:
  using nanoseconds = std::chrono::nanoseconds;
  using milliseconds = std::chrono::milliseconds;
  static constexpr milliseconds kNoLimit{-1};

  Context(const lshost_host* host, lshost_ctx* ctx) noexcept : host_(host), ctx_(ctx) {}

  // ---- who we are ----

  [[nodiscard]] std::string Replica() const;   ///< its name in the configuration
  [[nodiscard]] std::string Database() const;  ///< for logs and keys; no path
  /// A private folder for own state, kept between runs; "" when offline.
  [[nodiscard]] std::string WorkDir() const;
  /// No database behind it: made to restore or to list.
  [[nodiscard]] bool Offline() const { return (CInfo().flags & LSHOST_CREATE_OFFLINE) != 0; }

  // ---- configuration: without a default, a missing key is an Error that names it ----

  [[nodiscard]] std::string String(const char* key) const;
  [[nodiscard]] std::string String(const char* key, const std::string& otherwise) const;
  [[nodiscard]] std::int64_t Int(const char* key) const;
  [[nodiscard]] std::int64_t Int(const char* key, std::int64_t otherwise) const;
  [[nodiscard]] bool Bool(const char* key) const;
  [[nodiscard]] bool Bool(const char* key, bool otherwise) const;
  [[nodiscard]] double Double(const char* key) const;
  [[nodiscard]] double Double(const char* key, double otherwise) const;
  [[nodiscard]] nanoseconds Duration(const char* key) const;  ///< written "1s", "24h"
  [[nodiscard]] nanoseconds Duration(const char* key, nanoseconds otherwise) const;
  [[nodiscard]] std::uint64_t Size(const char* key) const;  ///< bytes, written "4GiB"
  [[nodiscard]] std::uint64_t Size(const char* key, std::uint64_t otherwise) const;
  /// An array; one string alone is an array of one, a missing key an empty one.
  [[nodiscard]] std::vector<std::string> Strings(const char* key) const;
  [[nodiscard]] bool Has(const char* key) const;
  /// Throws Error if there are keys that nobody asked for. Called for you after your constructor.
  void NoOtherKeys() const;

  // ---- the database ----

  /// nullopt: no generation yet.
  [[nodiscard]] std::optional<DatabaseStatus> Status() const;
  /// The run of WAL that begins at `from`; nullopt: `from` is the tip. Throws Gone.
  [[nodiscard]] std::optional<Wal> OpenWal(const Position& from) const;
  /// One consistent image; nullopt: no generation yet. Close it soon: it holds checkpoints back.
  [[nodiscard]] std::optional<Snapshot> OpenSnapshot() const;
  /// True: a new snapshot is due by the configured schedule.
  [[nodiscard]] bool SnapshotDue() const noexcept { return host_->snapshot_due(ctx_) != 0; }

  // ---- waiting; throws Cancelled ----

  /// Returns true once the tip differs from `seen` (none: once there is a tip) or a snapshot is due; false when `limit`
  /// is over. No change is missed, whatever happened between two calls.
  bool Wait(const Position& seen, milliseconds limit = kNoLimit) const;
  void Sleep(milliseconds duration) const;
  /// True: the host wants the replica to stop. For loops that do not wait.
  [[nodiscard]] bool Stopping() const noexcept { return host_->cancelled(ctx_) != 0; }
  /// Throws Cancelled if the host wants the replica to stop.
  void ThrowIfStopping() const;
  /// For event loops, see lshost_host.event_fd; -1: none.
  [[nodiscard]] int EventFd() const noexcept { return host_->event_fd(ctx_); }

  // ---- reporting ----

  /// The promise that everything before `position` survives at the destination and can be restored from there.
  void Durable(const Position& position) const noexcept;
  /// A snapshot as of `position` is durable at the destination.
  void SnapshotDone(const Position& position, std::uint64_t size) const noexcept;
  void State(ReplicaState state, const std::string& detail = {}) const noexcept;
  /// A failure that will be retried. The host logs it when it begins and ends, not each time.
  void Failed(const std::exception& failure) const noexcept;

  void Log(LogLevel level, const std::string& message, std::initializer_list<Field> fields = {}) const;
  void Debug(const std::string& message, std::initializer_list<Field> fields = {}) const;
  void Info(const std::string& message, std::initializer_list<Field> fields = {}) const;
  void Warn(const std::string& message, std::initializer_list<Field> fields = {}) const;

  /// Metrics: snake_case with the unit at the end ("put_bytes").
  void Count(const char* name, double by = 1) const noexcept;
  void Gauge(const char* name, double value) const noexcept;
  void Observe(const char* name, double value) const noexcept;

  // ---- threads ----

  /// Runs `work` on a thread that the host names and joins after Stop(). Cancelled ends it silently; any other
  /// exception ends it too, is reported, and puts the replica into the state failed.
  void Spawn(const char* name, std::function<void()> work) const;

  // ---- the host's optional services ----

  /// nullptr: this host has none of that name. What a newer host added to a table is tested for with LSHOST_HAS.
  template <class Table>
  [[nodiscard]] const Table* HostExtension(const char* id) const noexcept {
    return static_cast<const Table*>(host_->extension(ctx_, id));
  }
  [[nodiscard]] const lshost_host* CHost() const noexcept { return host_; }
  [[nodiscard]] lshost_ctx* CContext() const noexcept { return ctx_; }

 private:
  [[nodiscard]] lshost_replica_info CInfo() const noexcept { return detail::CopyIn(*host_->info(ctx_)); }
  [[nodiscard]] std::optional<lshost_value> Find(const char* key, std::int32_t type, std::int32_t index = -1) const;
  [[nodiscard]] lshost_value Require(const char* key, std::int32_t type) const;
  void Metric(const char* name, std::int32_t kind, double value) const noexcept;

  const lshost_host* host_;
  lshost_ctx* ctx_;
};

}  // namespace lshost::inline v1

#include <lshost/cpp/context_impl.hpp>
