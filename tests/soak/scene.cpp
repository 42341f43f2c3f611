#include "soak/scene.hpp"

#include <filesystem>
#include <utility>

namespace lshost::test {
namespace {

std::string made(const std::string& folder) {
  std::filesystem::create_directories(folder);
  return folder;
}

std::string lines(const SceneOptions& options) {
  std::string text = options.database_more;
  if (!options.meta_folder.empty()) text += "meta-path = \"" + options.meta_folder + "\"\n";
  return text;
}

}  // namespace

Scene::Scene(SceneOptions options)
    : options_(std::move(options)),
      data_(made(own_ / "data")),
      database_((options_.database_folder.empty() ? data_ : options_.database_folder) + "/app.db"),
      replica_((options_.replica_folder.empty() ? data_ : options_.replica_folder) + "/replica"),
      config_(own_ / "replicas.toml"),
      socket_(own_ / "socket") {
  const auto head =
      std::string("plugin-path = [\"") + LSHOST_TEST_PLUGINS_DIR + "\"]\n[control]\nsocket = \"" + socket_ + "\"\n";
  write_text(config_,
             config_text({{.path = database_,
                           .replicas = {{.path = replica_, .type = options_.type, .more = options_.replica_more}},
                           .more = lines(options_)}},
                         head));
}

void Scene::start_host(const std::map<std::string, std::string>& environment) {
  end_host();
  host_ = std::make_unique<Host>(config_, std::vector<std::string>{}, environment);
  promises_ = std::make_unique<Promises>(socket_);
}

void Scene::end_host() {
  if (!host_) return;
  host_->kill();
  if (const auto newest = promises_->newest()) promised_ = newest;
  promises_.reset();
  logs_.push_back(host_->log());
  if (logs_.size() > 4) logs_.erase(logs_.begin());
  host_.reset();
}

void Scene::kill_host() { end_host(); }

void Scene::start_writer(std::vector<std::string> options) {
  if (writer_) kill_writer();
  options.insert(options.end(), options_.writer.begin(), options_.writer.end());
  writer_ = std::make_unique<Writer>(database_, std::move(options));
}

void Scene::wait_for_commits(std::int64_t count) {
  const auto made = [&] { return static_cast<std::int64_t>(writer_->acknowledged().size()); };
  const auto goal = made() + count;
  wait_for(std::to_string(count) + " commits", [&] {
    if (made() >= goal || (host_ && !host_->is_running())) return true;
    if (!writer_->process().is_running()) throw std::runtime_error("the writer ended: " + writer_->process().err());
    return false;
  });
}

void Scene::wait_until_struck(std::chrono::milliseconds limit) {
  (void)wait_until([&] { return !host_->is_running() || struck(host_->log()); }, limit);
}

void Scene::kill_writer() {
  if (writer_) writer_->kill();
  writer_.reset();
}

void Scene::stop_writer() {
  if (writer_) writer_->stop();
  writer_.reset();
}

void Scene::finish_writer() {
  if (writer_) writer_->finish();
  writer_.reset();
}

void Scene::forget_processes() {
  end_host();
  kill_writer();
}

std::optional<std::string> Scene::where_struck() const {
  return struck(host_ ? host_->log() : logs_.empty() ? "" : logs_.back());
}

void Scene::check() {
  check_newest();
  check_promise();
}

void Scene::check_newest() {
  RestoreAnswer answer;
  try {
    answer = reader_.restore(options_.type, replica_);
  } catch (const std::exception& e) {
    throw Wrong(Wrong::Kind::restore, std::string("the newest restore is no commit: ") + e.what());
  }
  ++restores_;
  if (!answer.ledger) {
    // Before its first snapshot a replica has nothing to give; a new generation takes the place of an old one only
    // with its snapshot, and meanwhile nothing older is given in its place.
    if (answer.is_too_early()) return;
    throw Wrong(Wrong::Kind::durable, "the newest restore is refused: " + answer.refusal);
  }
  const auto at = db::to_string(answer.target);
  const auto found = *answer.ledger;
  if (found != ledger_at(database_, found.commit))
    throw Wrong(Wrong::Kind::restore, "the restore of " + at + " is commit " + std::to_string(found.commit) +
                                          " of another history than the database's");
  if (found.commit < newest_restored_)
    throw Wrong(Wrong::Kind::durable, "the restore of " + at + " is commit " + std::to_string(found.commit) +
                                          ", and a restore before gave " + std::to_string(newest_restored_));
  newest_restored_ = found.commit;
}

void Scene::check_promise() {
  if (promises_) {
    if (const auto newest = promises_->newest()) promised_ = newest;
  }
  if (!promised_) return;
  const auto at = db::to_string(*promised_);
  RestoreAnswer answer;
  try {
    answer = reader_.restore(options_.type, replica_, promised_);
  } catch (const std::exception& e) {
    throw Wrong(Wrong::Kind::restore, "the restore of " + at + ", which was durable, is no commit: " + e.what());
  }
  ++restores_;
  if (!answer.ledger) throw Wrong(Wrong::Kind::durable, at + " was durable and is refused: " + answer.refusal);
  if (*answer.ledger != ledger_at(database_, answer.ledger->commit))
    throw Wrong(Wrong::Kind::restore, "the restore of " + at + ", which was durable, is of another history");
}

void Scene::wait_for_snapshot() {
  wait_for("a snapshot", [&] { return !reader_.snapshots(options_.type, replica_).empty(); });
}

void Scene::check_snapshots() {
  for (const auto& at : reader_.snapshots(options_.type, replica_)) {
    const auto where = "the snapshot of " + db::to_string(at) + ", alone, ";
    RestoreAnswer answer;
    try {
      answer = reader_.restore(options_.type, replica_, at);
    } catch (const std::exception& e) {
      throw Wrong(Wrong::Kind::restore, where + "is no commit: " + e.what());
    }
    ++restores_;
    if (!answer.ledger) throw Wrong(Wrong::Kind::restore, where + "is refused: " + answer.refusal);
    if (*answer.ledger != ledger_at(database_, answer.ledger->commit))
      throw Wrong(Wrong::Kind::restore, where + "is of another history");
  }
}

void Scene::wait_until_caught_up() {
  const auto last = newest_commit(database_);
  std::string trouble;
  const bool is_there = wait_until(
      [&] {
        if (!host_->is_running()) return true;
        const auto answer = reader_.restore(options_.type, replica_);
        trouble = answer.ledger ? "commit " + std::to_string(answer.ledger->commit) : answer.refusal;
        return answer.ledger && answer.ledger->commit >= last;
      },
      kPatience);
  if (!host_->is_running()) throw Wrong(Wrong::Kind::other, "the host ended by itself");
  if (!is_there)
    throw Wrong(Wrong::Kind::other,
                "the host never caught up with commit " + std::to_string(last) + "; the last restore: " + trouble);
}

void Scene::settle() {
  stop_writer();
  if (!has_host()) start_host();
  wait_until_caught_up();
  // The replica may have been complete before: a process that has not come to its first line does not know SIGTERM yet.
  wait_for("the host's first words", [&] { return host_->log().find("lshost: started") != std::string::npos; });
  const int code = host_->terminate();
  end_host();
  if (code != 0) throw Wrong(Wrong::Kind::other, "the host ended with " + std::to_string(code));
  check();
  if (options_.type == "file") {
    if (const auto difference = difference_after_restore(database_, replica_))
      throw Wrong(Wrong::Kind::restore, "in the end: " + *difference);
  }
  const auto last = newest_commit(database_);
  if (newest_restored_ != last)
    throw Wrong(Wrong::Kind::durable, "in the end the replica has commit " + std::to_string(newest_restored_) +
                                          ", the database " + std::to_string(last));
}

std::string Scene::story() const {
  std::string text;
  for (const auto& log : logs_) text += "---- a host said:\n" + log;
  if (host_) text += "---- the host says:\n" + host_->log();
  return text;
}

std::vector<std::string> random_writer(std::mt19937_64& random) {
  static const std::vector<std::string> modes = {"passive", "full", "restart", "truncate"};
  std::vector<std::string> options = {"payload=" + std::to_string(between(random, 10, 5000)),
                                      "every=" + std::to_string(between(random, 3, 30)),
                                      "autocheckpoint=" + std::to_string(between(random, 0, 1) * 30),
                                      "pause_us=" + std::to_string(between(random, 0, 1000))};
  if (between(random, 0, 2) == 0)
    options.push_back("checkpoint=" + modes[static_cast<std::size_t>(between(random, 0, 3))]);
  if (between(random, 0, 5) == 0) options.push_back("vacuum=1");
  if (between(random, 0, 5) == 0) options.push_back("reopen=1");
  return options;
}

}  // namespace lshost::test
