#pragma once
// A history that SQLite made, as a replica stores it, with the database as of each commit to compare with.

#include <string>
#include <vector>

#include "db/position.hpp"
#include "support/app_database.hpp"
#include "unit/replica/fake_replica.hpp"

namespace lshost::test {

/// The database as SQLite itself saw it when a transaction had committed.
struct RecordedState {
  db::IndexOffset at;
  UnixNanos committed_ns = 0;
  Bytes image;
};

/// Runs statements on a real database in WAL mode and keeps what a replicator would: snapshots that are exact at a
/// position, and the committed bytes of each WAL.
class History {
 public:
  /// `setup` runs before the switch to WAL mode: PRAGMA auto_vacuum and the like.
  explicit History(std::uint32_t page_size, const std::string& setup = "");

  /// Runs SQL; what it commits becomes a recorded state (one for each call).
  void run(const std::string& sql);
  /// A complete checkpoint, so that the next commit begins a new index.
  void restart();
  void take_snapshot();
  /// The next commit begins a new WAL item; without it an index is one item.
  void cut_segment();

  /// All that is stored, as of now. The index that is being written is not complete.
  [[nodiscard]] FakeReplica replica() const;
  [[nodiscard]] const std::vector<RecordedState>& states() const noexcept { return states_; }
  [[nodiscard]] std::string query(const std::string& sql) { return app_.query(sql); }

 private:
  [[nodiscard]] Bytes image();
  [[nodiscard]] std::uint64_t committed_offset() const;
  void begin_item();
  void fill_item();

  TempDir directory_;
  std::string path_;
  AppConnection app_;
  std::uint64_t index_ = 0;
  UnixNanos now_ = 1'700'000'000'000'000'000;
  std::vector<StoredObject> objects_;
  std::size_t item_ = 0;  ///< in objects_: the WAL item that is being written
  bool has_item_ = false;
  bool cut_wanted_ = false;
  bool restart_wanted_ = false;
  std::vector<RecordedState> states_;
};

}  // namespace lshost::test
