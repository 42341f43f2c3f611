#pragma once
// What the host and a plugin's process say to each other: the kinds of messages, and what each carries. Pure.
//
//   host -> child   requests, each answered by one `reply` of the same id: create, describe, start, stop, refresh,
//   list,
//                   open, commit_times, remove, probe, destroy
//                   `tip`: the database has something new; `wal` and `image`: answers to the child's requests
//   child -> host   `open_wal`, `open_image`, answered by the same id; `close_image`; what the plugin reports
//                   `stream_end`: all bytes of an opened item were written, or why not
//
// Descriptors travel from the host to the child only. A host that received one and closed it would drop its own POSIX
// locks if that was the database's.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/config.hpp"
#include "db/feed.hpp"
#include "db/position.hpp"
#include "isolation/wire.hpp"
#include "obs/log.hpp"
#include "plugin/replica_observer.hpp"
#include "replica/replicator.hpp"

namespace lshost::isolation {

enum class Kind : std::uint8_t {
  // host -> child
  create,
  describe,
  start,
  stop,
  refresh,
  list,
  open,
  commit_times,
  remove,
  probe,
  destroy,
  tip,
  wal,
  image,
  // child -> host
  reply,
  stream_end,
  open_wal,
  open_image,
  close_image,
  durable,
  snapshot,
  state,
  error,
  metric,
  log,
};
inline constexpr Kind kLastKind = Kind::log;

/// The whole of a replica, secrets included: why it goes through the socket and never through argv or the environment.
struct Create {
  std::vector<std::string> plugin_folders;
  config::ReplicaConfig config;
  std::string config_file;
  std::string database;
  std::string work_dir;
  bool is_online = false;
  db::Position durable;  ///< as far as the host knows; none: nothing
  obs::Level log_level = obs::Level::info;
};

struct Created {
  std::string name;
  std::string type;
  bool can_restore = false;
  bool can_remove = false;
};

struct Describe {
  std::vector<std::string> plugin_folders;
  std::string type;
};
using Described = std::optional<std::vector<config::KeySpec>>;

struct StopRequest {
  std::chrono::milliseconds deadline{0};
};

/// The answer to start, stop and refresh.
struct Standing {
  bool is_snapshotting = false;
};

struct ListRequest {
  replica::ItemKind kind = replica::ItemKind::generation;
  std::string generation;
};

struct ProbeRequest {
  std::chrono::milliseconds deadline{0};
};

/// A run of WAL whose bytes lie at [offset, offset + length) of the file that comes with it.
struct RunOffer {
  db::Position from;  ///< what open_wal is asked for to get it
  db::Position start;
  db::Position end;
  std::uint32_t page_size = 0;
  UnixNanos commit_ns = 0;
  bool index_complete = false;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// What the database has now. One descriptor comes with it if there is a run.
struct Tip {
  std::optional<db::FeedStatus> status;
  bool is_snapshot_due = false;
  std::uint64_t snapshots_known = 0;  ///< how many were reported when this was said
  std::optional<RunOffer> run;        ///< what follows the tip before this one
};

/// The answer to open_wal. One descriptor comes with it if there is a run.
struct WalAnswer {
  std::optional<db::FeedStatus> status;
  std::optional<RunOffer> run;
  db::Feed::Miss miss = db::Feed::Miss::at_tip;  ///< where there is no run
  std::optional<Error> error;
};

/// The answer to open_image. With an image come the descriptors of the database, of the flag that says that it was
/// taken back and, if there are shadow frames, of the current index's shadow WAL.
struct ImageAnswer {
  struct Image {
    db::Position position;
    std::uint32_t page_size = 0;
    std::uint32_t db_size_pages = 0;
    UnixNanos created_ns = 0;
    std::uint64_t shadow_frames = 0;
  };
  std::optional<db::FeedStatus> status;
  std::optional<Image> image;  ///< nullopt without an error: no generation yet
  std::optional<Error> error;
};

/// An error, or what the request asked for.
struct Reply {
  std::optional<Error> error;
  Bytes body;
};

struct SnapshotStored {
  db::Position position;
  std::uint64_t size_bytes = 0;
};

struct StateReport {
  plugin::ReplicaState state = plugin::ReplicaState::starting;
  std::string detail;
};

struct MetricReport {
  std::string name;
  plugin::MetricKind kind = plugin::MetricKind::gauge;
  double value = 0;
};

struct LogLine {
  struct Pair {
    std::string key;
    std::string value;
    bool is_number = false;
  };
  obs::Level level = obs::Level::info;
  std::string part;
  std::string message;
  std::vector<Pair> fields;
};

void put(Writer& to, const Create& value);
void put(Writer& to, const Created& value);
void put(Writer& to, const Describe& value);
void put(Writer& to, const Described& value);
void put(Writer& to, const StopRequest& value);
void put(Writer& to, const Standing& value);
void put(Writer& to, const ListRequest& value);
void put(Writer& to, const ProbeRequest& value);
void put(Writer& to, const replica::Item& value);
void put(Writer& to, const std::vector<replica::Item>& value);
void put(Writer& to, const std::vector<replica::CommitTime>& value);
void put(Writer& to, const Tip& value);
void put(Writer& to, const WalAnswer& value);
void put(Writer& to, const ImageAnswer& value);
void put(Writer& to, const Reply& value);
void put(Writer& to, const db::Position& value);
void put(Writer& to, const SnapshotStored& value);
void put(Writer& to, const StateReport& value);
void put(Writer& to, const plugin::Failure& value);
void put(Writer& to, const MetricReport& value);
void put(Writer& to, const LogLine& value);

void get(Reader& from, Create& value);
void get(Reader& from, Created& value);
void get(Reader& from, Describe& value);
void get(Reader& from, Described& value);
void get(Reader& from, StopRequest& value);
void get(Reader& from, Standing& value);
void get(Reader& from, ListRequest& value);
void get(Reader& from, ProbeRequest& value);
void get(Reader& from, replica::Item& value);
void get(Reader& from, std::vector<replica::Item>& value);
void get(Reader& from, std::vector<replica::CommitTime>& value);
void get(Reader& from, Tip& value);
void get(Reader& from, WalAnswer& value);
void get(Reader& from, ImageAnswer& value);
void get(Reader& from, Reply& value);
void get(Reader& from, db::Position& value);
void get(Reader& from, SnapshotStored& value);
void get(Reader& from, StateReport& value);
void get(Reader& from, plugin::Failure& value);
void get(Reader& from, MetricReport& value);
void get(Reader& from, LogLine& value);

template <class T>
[[nodiscard]] Bytes encode(const T& value) {
  Writer to;
  put(to, value);
  return to.take();
}

/// Throws Error{corrupt} unless `bytes` are exactly one T.
template <class T>
[[nodiscard]] T decode(ByteSpan bytes) {
  Reader from(bytes);
  T value{};
  get(from, value);
  from.expect_end();
  return value;
}

}  // namespace lshost::isolation
