#include "check/world.hpp"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <limits>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "sqlite/connection.hpp"

namespace lshost::check {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kPatience(30);

std::string database_path(const std::string& folder) { return folder + "/app.db"; }

}  // namespace

World::World(const std::string& folder, std::uint64_t seed, const WorldOptions& options)
    : folder_(folder), seed_(seed), options_(options) {
  sqlite::configure_library();
  std::filesystem::create_directories(folder_);
  std::filesystem::create_directories(work_dir());
  std::filesystem::permissions(work_dir(), std::filesystem::perms::owner_all);
  application_ = std::make_unique<Application>(database_path(folder_), options_.page_size);
  watcher_ = os::make_inotify_watcher();
  make_host();
}

World::~World() {
  feed_.reset();
  database_.reset();
}

void World::make_host() {
  db::DatabaseOptions options;
  options.path = database_path(folder_);
  options.meta_path = folder_ + "/.app.db-lshost";
  if (options_.restart_pages != 0) {
    options.checkpoint = {options_.restart_pages, milliseconds(1)};
  } else {
    options.checkpoint = {std::numeric_limits<std::uint32_t>::max() / 16, std::chrono::hours(24 * 365)};
  }
  database_ = std::make_unique<db::Database>(options, os::posix_fs(), *watcher_, system_clock());
  feed_ = database_->subscribe("check");
}

void World::start() {
  database_->start();
  wait_until_attached("");
}

void World::wait_until_attached(const std::string& other_than) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    const auto status = feed_->status();
    if (status && status->tip.generation != other_than && database_->capture_now()) return;
    if (std::chrono::steady_clock::now() > deadline) {
      throw Error(ErrorCode::transient, "the check's database is not captured: " + database_->status().detail);
    }
    pause_for(milliseconds(1));
  }
}

void World::restart_host() {
  feed_.reset();
  database_.reset();
  make_host();
  start();
}

void World::lose_continuity() {
  feed_.reset();
  database_.reset();
  application_->commit(seed_, 3);
  application_->exec("PRAGMA wal_checkpoint(TRUNCATE)");
  application_->commit(seed_, 3);
  make_host();
  start();
}

void World::replace_database() {
  const std::string generation = tip().generation;
  const std::string other = folder_ + "/other.db";
  application_.reset();
  {
    Application next(other, options_.page_size);
    next.commit(++seed_, 5);
    next.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  for (const char* suffix : {"-wal", "-shm"}) {
    (void)::unlink((other + suffix).c_str());
    (void)::unlink((database_path(folder_) + suffix).c_str());
  }
  if (std::rename(other.c_str(), database_path(folder_).c_str()) != 0) throw_errno("rename", other);
  application_ = std::make_unique<Application>(database_path(folder_), options_.page_size);
  application_->commit(seed_);
  wait_until_attached(generation);
}

db::Position World::commit(unsigned count) {
  application_->commit(seed_, count);
  return tip();
}

db::Position World::tip() {
  const auto captured = database_->capture_now();
  if (!captured)
    throw Error(ErrorCode::transient, "the check's database is not captured: " + database_->status().detail);
  return *captured;
}

void World::next_index() {
  const std::uint64_t index = tip().index;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (commit().index == index) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw Error(ErrorCode::transient, "the log of the check's database does not restart");
    }
    pause_for(milliseconds(10));
  }
}

}  // namespace lshost::check
