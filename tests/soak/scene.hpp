#pragma once
// A database with its applications, its host and its replica, where everything may happen, and what must hold
// whatever happened.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "crash/rounds.hpp"
#include "soak/promises.hpp"
#include "support/fail_point.hpp"
#include "support/replica_reader.hpp"
#include "support/temp_dir.hpp"
#include "support/world.hpp"

namespace lshost::test {

/// Something that must never be. The sentence says what.
class Wrong : public std::runtime_error {
 public:
  enum class Kind { restore, durable, other };
  Wrong(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
  [[nodiscard]] Kind kind() const noexcept { return kind_; }

 private:
  Kind kind_;
};

struct SceneOptions {
  std::string database_folder = {};  ///< "": the scene's own
  std::string meta_folder = {};      ///< "": beside the database
  std::string replica_folder = {};   ///< "": the scene's own
  std::string type = "file";
  std::string replica_more = {};   ///< further lines of TOML
  std::string database_more = {};  ///< further lines of TOML
  std::vector<std::string> writer = {};
};

/// One writer at most. Errors: throws Wrong; std::runtime_error where the scene itself had trouble.
class Scene {
 public:
  explicit Scene(SceneOptions options = {});

  // ---- what happens ----
  void start_host(const std::map<std::string, std::string>& environment = {});
  void kill_host();
  void start_writer(std::vector<std::string> options = {});
  /// Waits for so many commits; ends early when the host did.
  void wait_for_commits(std::int64_t count);
  /// Waits until the host is hit by its fail point, or `limit` is over.
  void wait_until_struck(std::chrono::milliseconds limit);
  void wait_for_snapshot();
  void kill_writer();
  void stop_writer();
  void finish_writer();     ///< waits for its own end
  void forget_processes();  ///< kills both and looks at nothing

  [[nodiscard]] bool has_host() { return host_ && host_->is_running(); }
  [[nodiscard]] bool has_writer() { return writer_ && writer_->process().is_running(); }
  [[nodiscard]] Host& host() { return *host_; }
  /// Where the process was hit, if it was.
  [[nodiscard]] std::optional<std::string> where_struck() const;

  // ---- what must hold ----
  /// The newest restore is a commit of the database, not older than what a restore gave before; what the host called
  /// durable can still be restored.
  void check();
  /// The image of every snapshot, alone, is a commit of the database.
  void check_snapshots();
  /// The host, as it runs, replicates all that is committed now.
  void wait_until_caught_up();
  /// The application ends well; the host catches up by itself and ends well, after which the replica is the database,
  /// page by page.
  void settle();

  [[nodiscard]] const std::string& database() const noexcept { return database_; }
  [[nodiscard]] const std::string& replica() const noexcept { return replica_; }
  [[nodiscard]] const std::string& type() const noexcept { return options_.type; }
  /// All that lives here, but the configuration and the control socket.
  [[nodiscard]] const std::string& folder() const noexcept { return data_; }
  [[nodiscard]] std::int64_t restores() const noexcept { return restores_; }
  /// What the last hosts said, for whoever has to find out.
  [[nodiscard]] std::string story() const;

 private:
  void end_host();
  void check_newest();
  void check_promise();

  const SceneOptions options_;
  TempDir own_;
  const std::string data_;
  const std::string database_;
  const std::string replica_;
  const std::string config_;
  const std::string socket_;
  ReplicaReader reader_;
  std::unique_ptr<Host> host_;
  std::unique_ptr<Promises> promises_;
  std::unique_ptr<Writer> writer_;
  std::optional<db::Position> promised_;
  std::int64_t newest_restored_ = 0;
  std::int64_t restores_ = 0;
  std::vector<std::string> logs_;
};

/// What applications do to replicators, at random: payloads, checkpoints of any mode, VACUUM, closing and opening.
[[nodiscard]] std::vector<std::string> random_writer(std::mt19937_64& random);

}  // namespace lshost::test
