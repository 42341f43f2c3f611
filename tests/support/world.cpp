#include "support/world.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "support/app_database.hpp"

namespace fs = std::filesystem;

namespace lshost::test {
namespace {

std::vector<std::string> host_command(const std::string& config, const std::vector<std::string>& more) {
  std::vector<std::string> command = {LSHOST_TEST_PROGRAM, "--config", config};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

std::vector<std::string> writer_command(const std::string& database, std::vector<std::string> options) {
  options.insert(options.begin(), {LSHOST_TEST_LEDGER_WRITER, database});
  return options;
}

[[noreturn]] void fail(const std::string& what, const Finished& end) {
  throw std::runtime_error(what + " ended with " + std::to_string(end.status.code) + ":\n" + end.out + end.err);
}

/// A copy of the database with its log checkpointed into it.
std::string settled_copy(const std::string& database, const TempDir& into) {
  const auto copy = into / "settled.db";
  fs::copy_file(database, copy);
  if (fs::exists(database + "-wal")) fs::copy_file(database + "-wal", copy + "-wal");
  AppConnection app(copy);
  app.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  return copy;
}

/// The folder of the generation that was written to last.
std::string newest_generation(const std::string& replica_folder) {
  std::string newest;
  fs::file_time_type time;
  for (const auto& name : generations_of(replica_folder)) {
    const auto folder = replica_folder + "/generations/" + name;
    const auto snapshots = files_of(folder, ".snapshot");
    if (snapshots.empty()) continue;
    const auto written = fs::last_write_time(folder + "/" + snapshots.back().path);
    if (newest.empty() || written > time) {
      newest = folder;
      time = written;
    }
  }
  return newest;
}

std::uint32_t page_size_of(const Bytes& file) {
  const auto size = std::to_integer<std::uint32_t>(file[16]) << 8 | std::to_integer<std::uint32_t>(file[17]);
  return size == 1 ? 65536 : size;
}

std::optional<std::string> first_difference(const Bytes& expected, const Bytes& actual) {
  if (expected.size() < 100) return "the source is no database";
  const std::size_t page_size = page_size_of(expected);
  for (std::size_t at = 0; at < std::min(expected.size(), actual.size()); at += page_size) {
    const auto count = std::min({page_size, expected.size() - at, actual.size() - at});
    if (!std::equal(&expected[at], &expected[at] + count, &actual[at]))
      return "page " + std::to_string(at / page_size + 1) + " differs";
  }
  if (expected.size() == actual.size()) return std::nullopt;
  return std::to_string(actual.size()) + " bytes instead of " + std::to_string(expected.size());
}

}  // namespace

Finished run_lshost(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), LSHOST_TEST_PROGRAM);
  return run({.command = std::move(arguments)}, kPatience);
}

Host::Host(const std::string& config, const std::vector<std::string>& more,
           const std::map<std::string, std::string>& environment)
    : process_({.command = host_command(config, more), .environment = environment}) {}

int Host::stop_with(int signal) {
  process_.kill(signal);
  const auto end = process_.wait(kPatience);
  if (!end) throw std::runtime_error("lshost did not end after signal " + std::to_string(signal) + ":\n" + log());
  return end->code;
}

Writer::Writer(const std::string& database, std::vector<std::string> options)
    : process_({.command = writer_command(database, std::move(options))}) {}

std::vector<Writer::Acknowledged> Writer::acknowledged() const {
  std::vector<Acknowledged> all;
  std::istringstream lines(process_.out());
  for (Acknowledged one; lines >> one.commit >> one.time_ns;) all.push_back(one);
  return all;
}

std::int64_t Writer::last() const {
  const auto all = acknowledged();
  return all.empty() ? 0 : all.back().commit;
}

void Writer::wait_for_commits(std::int64_t count) {
  const auto made = [this] { return static_cast<std::int64_t>(acknowledged().size()); };
  const auto goal = made() + count;
  wait_for(std::to_string(count) + " commits", [&] {
    if (made() >= goal) return true;
    if (!process_.is_running()) throw std::runtime_error("the writer ended: " + process_.err());
    return false;
  });
}

void Writer::stop() {
  process_.kill(SIGTERM);
  finish();
}

void Writer::finish() {
  const auto end = process_.wait(kPatience);
  if (!end || end->code != 0) throw std::runtime_error("the writer had trouble: " + process_.err());
}

void Writer::kill() {
  process_.kill(SIGKILL);
  (void)process_.wait(kPatience);
}

std::string config_text(const std::vector<DatabaseSetup>& databases, const std::string& head) {
  std::ostringstream text;
  text << head << '\n';
  for (const auto& database : databases) {
    text << "[[database]]\npath = \"" << database.path << "\"\n" << database.more << '\n';
    for (const auto& replica : database.replicas) {
      text << "  [[database.replica]]\n  type = \"" << replica.type << "\"\n";
      if (!replica.path.empty()) text << "  path = \"" << replica.path << "\"\n";
      if (!replica.name.empty()) text << "  name = \"" << replica.name << "\"\n";
      text << replica.more << '\n';
    }
  }
  return text.str();
}

World::World() { configure({{.path = db(), .replicas = {{.path = replica()}}}}); }

void World::configure(const std::vector<DatabaseSetup>& databases, const std::string& head) const {
  write_text(config(), config_text(databases, head));
}

void restore(const std::string& replica_folder, const std::string& output, const std::vector<std::string>& more) {
  if (std::getenv("LSHOST_TEST_BY_HAND") != nullptr && more.empty()) {
    if (!restore_by_hand(replica_folder, output)) throw std::runtime_error("no snapshot");
    return;
  }
  std::vector<std::string> arguments = {"restore", "file://" + replica_folder, "--output", output, "--force"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const auto end = run_lshost(arguments);
  if (end.status.code != 0) fail("restore", end);
}

bool restore_by_hand(const std::string& replica_folder, const std::string& output) {
  const auto snapshots = files_of(newest_generation(replica_folder), ".snapshot");
  if (snapshots.empty()) return false;
  const auto generation = newest_generation(replica_folder);
  fs::copy_file(generation + "/" + snapshots.back().path, output, fs::copy_options::overwrite_existing);
  for (const auto& log : files_of(generation, ".wal")) {
    if (fs::path(log.path).stem() < fs::path(snapshots.back().path).stem()) continue;
    fs::copy_file(generation + "/" + log.path, output + "-wal");
    AppConnection app(output);
    app.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  return true;
}

LedgerState restored_ledger(const std::string& replica_folder, const std::vector<std::string>& more) {
  const TempDir dir;
  restore(replica_folder, dir / "restored.db", more);
  return verify_ledger(dir / "restored.db");
}

std::optional<LedgerState> try_restored_ledger(const std::string& replica_folder) {
  const TempDir dir;
  const auto end = run_lshost({"restore", "file://" + replica_folder, "--output", dir / "restored.db"});
  if (end.status.code == 0) return verify_ledger(dir / "restored.db");
  if (end.err.find("has WAL but no snapshot") != std::string::npos) return std::nullopt;
  throw std::runtime_error("restore ended with " + std::to_string(end.status.code) + ":\n" + end.err);
}

void wait_until_replicated(const std::string& replica_folder, std::int64_t commit) {
  std::int64_t reached = 0;
  std::string trouble;
  const bool there = wait_until(
      [&] {
        if (generations_of(replica_folder).empty()) return false;
        const TempDir dir;
        if (std::getenv("LSHOST_TEST_BY_HAND") != nullptr) {
          try {
            if (!restore_by_hand(replica_folder, dir / "restored.db")) return false;
            reached = verify_ledger(dir / "restored.db").commit;
            return reached >= commit;
          } catch (const std::exception& e) {
            trouble = e.what();
            return false;
          }
        }
        const auto end = run_lshost({"restore", "file://" + replica_folder, "--output", dir / "restored.db"});
        trouble = end.err;
        if (end.status.code != 0) return false;
        reached = verify_ledger(dir / "restored.db").commit;
        return reached >= commit;
      },
      kPatience);
  if (there) return;
  throw std::runtime_error("the replica reached commit " + std::to_string(reached) + ", not " + std::to_string(commit) +
                           "; the last restore said: " + trouble);
}

std::optional<std::string> difference_after_restore(const std::string& database, const std::string& replica_folder) {
  const TempDir dir;
  restore(replica_folder, dir / "restored.db");
  return first_difference(file_bytes(settled_copy(database, dir)), file_bytes(dir / "restored.db"));
}

std::vector<ReplicaFile> files_of(const std::string& replica_folder, const std::string& ending) {
  std::vector<ReplicaFile> files;
  std::error_code gone;  // files come and go while lshost works
  for (fs::recursive_directory_iterator it(replica_folder, gone), end; it != end; it.increment(gone)) {
    struct stat info{};
    if (!it->path().filename().string().ends_with(ending) || ::stat(it->path().c_str(), &info) != 0) continue;
    files.push_back({it->path().lexically_relative(replica_folder).string(), info.st_ino,
                     static_cast<std::uint64_t>(info.st_size)});
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

std::vector<std::string> generations_of(const std::string& replica_folder) {
  std::vector<std::string> names;
  std::error_code gone;
  for (fs::directory_iterator it(replica_folder + "/generations", gone), end; it != end; it.increment(gone))
    names.push_back(it->path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string read_text(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text << std::flush;
  if (!out) throw std::runtime_error("can not write " + path);
}

}  // namespace lshost::test
