#pragma once
// A real database with an application that writes to it, and the host's own code that captures it: what a replica has
// in front of it in a running lshost.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "check/application.hpp"
#include "db/database.hpp"

namespace lshost::check {

struct WorldOptions {
  std::uint32_t page_size = 4096;
  /// Above this many pages the log restarts at the next pause, so an index ends. 0: never.
  std::uint32_t restart_pages = 0;
};

/// Threads: one. Ownership: replicators on its feed must be gone, or given up, before it.
class World {
 public:
  /// In `folder`, which is made if it is not there; a database that lies there goes on.
  World(const std::string& folder, std::uint64_t seed, const WorldOptions& options = {});
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Begins to capture. Before it there is no generation. Throws Error if the database can not be captured.
  void start();
  /// The host ends, and a new one comes: a new feed.
  void restart_host();
  /// The same, with a log that was restarted while there was none: a new generation begins.
  void lose_continuity();
  /// The same while the host looks on: another database comes under the name.
  void replace_database();

  /// Commits `count` transactions; everything is captured on return. The tip.
  db::Position commit(unsigned count = 1);
  [[nodiscard]] db::Position tip();
  /// Commits until the log has begun another index.
  void next_index();

  [[nodiscard]] db::Feed& feed() noexcept { return *feed_; }
  [[nodiscard]] Application& application() noexcept { return *application_; }
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }
  [[nodiscard]] const std::string& folder() const noexcept { return folder_; }
  /// For the plugin's own state.
  [[nodiscard]] std::string work_dir() const { return folder_ + "/work"; }

 private:
  void make_host();
  void wait_until_attached(const std::string& other_than);

  const std::string folder_;
  std::uint64_t seed_;
  const WorldOptions options_;
  std::unique_ptr<Application> application_;
  std::unique_ptr<os::FileWatcher> watcher_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<db::Feed> feed_;
};

}  // namespace lshost::check
