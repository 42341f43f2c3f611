#pragma once
// One folder with databases, replicas and a replicas.toml, and the processes that work on them.

#include <chrono>
#include <csignal>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "support/ledger.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "support/wait_until.hpp"

namespace lshost::test {

/// Long enough for a sanitized build on a busy machine; a passing test does not come near it.
inline constexpr std::chrono::seconds kPatience{120};

/// wait_until that throws "waited in vain for <what>".
template <class Condition>
void wait_for(const std::string& what, Condition&& condition, std::chrono::milliseconds limit = kPatience);

/// Runs `lshost arguments...` to its end.
[[nodiscard]] Finished run_lshost(std::vector<std::string> arguments);

/// A running `lshost --config`.
class Host {
 public:
  explicit Host(const std::string& config, const std::vector<std::string>& more = {},
                const std::map<std::string, std::string>& environment = {});
  [[nodiscard]] Process& process() noexcept { return process_; }
  [[nodiscard]] std::string log() const { return process_.err(); }
  [[nodiscard]] bool is_running() { return process_.is_running(); }
  void kill() { stop_with(SIGKILL); }
  /// SIGTERM, and the exit code.
  [[nodiscard]] int terminate() { return stop_with(SIGTERM); }

 private:
  int stop_with(int signal);
  Process process_;
};

/// A ledger_writer at full speed; `options` as in tests/programs/ledger_writer.cpp.
class Writer {
 public:
  explicit Writer(const std::string& database, std::vector<std::string> options = {});
  /// A commit that the application was told of, and when.
  struct Acknowledged {
    std::int64_t commit = 0;
    std::int64_t time_ns = 0;
  };
  [[nodiscard]] std::vector<Acknowledged> acknowledged() const;
  [[nodiscard]] std::int64_t last() const;
  /// Waits until it has made `count` commits more than now.
  void wait_for_commits(std::int64_t count);
  /// SIGTERM: it closes its database and ends; throws with its words if it had trouble.
  void stop();
  /// Waits for its own end.
  void finish();
  void kill();
  [[nodiscard]] Process& process() noexcept { return process_; }

 private:
  Process process_;
};

struct ReplicaSetup {
  std::string path;
  std::string name = {};
  std::string type = "file";
  std::string more = {};  ///< further lines of TOML
};

struct DatabaseSetup {
  std::string path;
  std::vector<ReplicaSetup> replicas;
  std::string more = {};  ///< further lines of TOML
};

/// replicas.toml for these; `head` stands in front.
[[nodiscard]] std::string config_text(const std::vector<DatabaseSetup>& databases, const std::string& head = {});

class World {
 public:
  /// app.db with one file replica, configured.
  World();

  [[nodiscard]] std::string operator/(const std::string& name) const { return directory_ / name; }
  [[nodiscard]] std::string db() const { return directory_ / "app.db"; }
  [[nodiscard]] std::string replica() const { return directory_ / "replica"; }
  [[nodiscard]] std::string config() const { return directory_ / "replicas.toml"; }
  void configure(const std::vector<DatabaseSetup>& databases, const std::string& head = {}) const;

 private:
  TempDir directory_;
};

/// `lshost restore URL --output OUTPUT more...`; OUTPUT is replaced if it is there. Throws with the words of lshost if
/// that does not end with 0.
void restore(const std::string& replica_folder, const std::string& output, const std::vector<std::string>& more = {});

/// What a person does without lshost: copies the newest generation's last snapshot, and lets SQLite itself replay each
/// log after it. False if there is no snapshot yet.
[[nodiscard]] bool restore_by_hand(const std::string& replica_folder, const std::string& output);

/// Restores into a place of its own, and checks the ledger in it.
[[nodiscard]] LedgerState restored_ledger(const std::string& replica_folder, const std::vector<std::string>& more = {});
/// The same; nullopt while the newest generation has WAL and its snapshot is still on its way: then a restore is
/// refused rather than an older state given. Throws for every other refusal.
[[nodiscard]] std::optional<LedgerState> try_restored_ledger(const std::string& replica_folder);

/// Waits until what a restore of the replica gives has `commit`.
void wait_until_replicated(const std::string& replica_folder, std::int64_t commit);

/// nullopt: the restore of the replica's latest is the database, page by page. Else a sentence with the first
/// difference. REQUIRES: nobody has the database open. (Its log is checkpointed in a copy; the original is only read.)
[[nodiscard]] std::optional<std::string> difference_after_restore(const std::string& database,
                                                                  const std::string& replica_folder);

/// What lies in a file replica.
struct ReplicaFile {
  std::string path;  ///< relative
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
};
[[nodiscard]] std::vector<ReplicaFile> files_of(const std::string& replica_folder, const std::string& ending);
/// Names of the generations in it, sorted.
[[nodiscard]] std::vector<std::string> generations_of(const std::string& replica_folder);

[[nodiscard]] std::string read_text(const std::string& path);  ///< "" if it is not there
void write_text(const std::string& path, const std::string& text);

template <class Condition>
void wait_for(const std::string& what, Condition&& condition, std::chrono::milliseconds limit) {
  if (!wait_until(condition, limit)) throw std::runtime_error("waited in vain for " + what);
}

}  // namespace lshost::test
