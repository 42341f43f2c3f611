#include <fcntl.h>
#include <fmt/format.h>
#include <lshost/plugin.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <span>
#include <sstream>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/hex.hpp"
#include "base/random_id.hpp"
#include "check/cases.hpp"
#include "check/running.hpp"
#include "engine/engine.hpp"

namespace lshost::check {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// ---- the database's files ----

/// Who opens, changes or removes a file of a folder, whoever it is.
class OpenWatch {
 public:
  explicit OpenWatch(const std::string& folder) : descriptor_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    constexpr std::uint32_t kWhat = IN_OPEN | IN_DELETE | IN_MOVED_FROM | IN_ATTRIB;
    if (!descriptor_ || ::inotify_add_watch(descriptor_.get(), folder.c_str(), kWhat) < 0) {
      throw_errno("watch", folder);
    }
  }

  /// The files of the database for which something came since the last time.
  [[nodiscard]] std::set<std::string> take() {
    std::set<std::string> names;
    alignas(inotify_event) std::array<char, 16384> block{};
    for (;;) {
      const ssize_t got = ::read(descriptor_.get(), block.data(), block.size());
      if (got <= 0) return names;
      for (ssize_t at = 0; at < got;) {
        inotify_event event{};
        std::memcpy(&event, block.data() + at, sizeof event);
        const std::string name = event.len == 0 ? "" : block.data() + at + sizeof event;
        if (name == "app.db" || name == "app.db-wal" || name == "app.db-shm") names.insert(name);
        at += static_cast<ssize_t>(sizeof event + event.len);
      }
    }
  }

 private:
  UniqueFd descriptor_;
};

void require_untouched(OpenWatch& watch, const std::string& when) {
  const auto names = watch.take();
  if (!names.empty()) throw Failed(fmt::format("{}, it opened {}", when, fmt::join(names, ", ")));
}

}  // namespace

void case_hands_off(Bench& bench) {
  // The host opens the files when it attaches, and never again while nothing is checkpointed.
  Running running(bench, "a");
  OpenWatch watch(running.world.folder());
  (void)watch.take();
  running.replicator = bench.make(bench.config_at("a"), &running.world.feed(), &running.tap, running.world.work_dir());
  require_untouched(watch, "in create");
  running.world.start();
  running.world.commit(3);
  (void)watch.take();
  running.start();
  for (int i = 0; i < 10; ++i) running.wait_until_durable(running.world.commit());
  require_untouched(watch, "while it replicated");
  running.world.feed().set_snapshot_due(true);
  (void)running.tap.wait_until([](const Tap::Said& said) { return said.snapshots.size() > 1; }, kPatience);
  running.wait_until_durable(running.world.commit(3));
  require_untouched(watch, "while it took a snapshot");
  running.end();
  require_untouched(watch, "while it was stopped and destroyed");
}

// ---- secrets ----

namespace {

/// Everything that is printed by this process from now on, in a file.
class Printed {
 public:
  explicit Printed(std::string path) : path_(std::move(path)) {
    const UniqueFd file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!file || ::dup2(file.get(), STDOUT_FILENO) < 0 || ::dup2(file.get(), STDERR_FILENO) < 0) {
      throw_errno("open", path_);
    }
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

bool file_contains(const std::string& path, const std::string& text) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  return all.str().find(text) != std::string::npos;
}

/// Where a secret can be found; "": nowhere.
std::string place_of(const std::string& secret, const Tap::Said& said, const std::vector<std::string>& folders,
                     const std::string& printed) {
  for (const auto& text : said.texts) {
    if (text.find(secret) == std::string::npos) continue;
    const auto at = text.find(secret);
    return "a log line, an error or a state: '" + text.substr(0, at) + "***" + text.substr(at + secret.size()) + "'";
  }
  if (file_contains(printed, secret)) return "what it printed";
  for (const auto& folder : folders) {
    if (!fs::exists(folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file() && file_contains(entry.path(), secret)) return "the file " + entry.path().string();
    }
  }
  return "";
}

/// Lets the plugin work with a configuration for a moment, whatever becomes of it.
void let_it_try(Running& running, const config::ReplicaConfig& config, std::string& errors) {
  const auto note = [&](const std::exception& e) { errors += std::string(e.what()) + "\n"; };
  try {
    running.replicator = running.bench.make(config, &running.world.feed(), &running.tap, running.world.work_dir());
    running.replicator->start();
    const auto tip = running.world.commit(2);
    const auto is_known = [&](const Tap::Said& said) {
      return !said.errors.empty() || (!said.durable.empty() && said.durable.back() == tip) ||
             (!said.states.empty() && said.states.back() == LSHOST_STATE_FAILED);
    };
    (void)running.tap.wait_until(is_known, milliseconds(3'000));
  } catch (const Error& e) {
    note(e);
  }
  if (running.replicator == nullptr) return;
  try {
    running.replicator->probe(milliseconds(3'000));
  } catch (const Error& e) {
    note(e);
  }
  try {
    (void)running.replicator->list(replica::ItemKind::generation, "");
  } catch (const Error& e) {
    note(e);
  }
  running.end();
}

void require_hidden(Running& running, const std::string& key, const std::string& secret, const std::string& errors,
                    const std::string& printed, bool looks_at_destination) {
  const auto at = errors.find(secret);
  if (at != std::string::npos) {
    throw Failed(fmt::format("the value of '{}' stands in an error: {}***{}", key, errors.substr(0, at),
                             errors.substr(at + secret.size())));
  }
  std::vector<std::string> folders = {running.world.work_dir()};
  if (looks_at_destination) folders.push_back(running.bench.path("at-" + running.place));
  const std::string where = place_of(secret, running.tap.said(), folders, printed);
  if (!where.empty()) throw Failed(fmt::format("the value of '{}' stands in {}", key, where));
}

/// The texts in a value that are long enough to be looked for.
std::vector<std::string> texts_in(const config::Value& value) {
  std::vector<std::string> texts;
  if (const auto* text = std::get_if<std::string>(&value.data); text != nullptr && text->size() >= 6) {
    texts.push_back(*text);
  }
  if (const auto* list = std::get_if<std::vector<config::Value>>(&value.data)) {
    for (const auto& element : *list) {
      for (auto& text : texts_in(element)) texts.push_back(std::move(text));
    }
  }
  return texts;
}

/// Without those of the host's engine: what it says is not the plugin's business.
std::vector<config::KeySpec> own_keys(std::vector<config::KeySpec> keys) {
  const lshost_config_schema& engine = engine::engine_keys();
  std::erase_if(keys, [&](const config::KeySpec& key) {
    return std::ranges::any_of(std::span(engine.keys, engine.count),
                               [&](const lshost_config_key* theirs) { return key.key == theirs->key; });
  });
  return keys;
}

}  // namespace

void case_secrets(Bench& bench) {
  if (!bench.keys()) throw Skipped("the type declares no keys (" LSHOST_EXT_CONFIG_SCHEMA ")");
  const auto keys = own_keys(*bench.keys());
  const Printed printed(bench.path("printed"));
  unsigned tried = 0;
  for (const auto& key : keys) {
    if (!key.secret || key.type != config::KeyType::string) continue;
    // A secret that is wrong: errors are where such things are told.
    const std::string marker = "lshostcheck" + to_hex16(random_u64());
    const std::string place = fmt::format("wrong-{}", tried++);
    bench.doing(fmt::format("the plugin worked with a wrong value of '{}'", key.key));
    Running running(bench, place);
    running.world.start();
    auto config = bench.config_at(place);
    config::Value value{marker};
    if (key.list) value = {std::vector{config::Value{marker}}};
    set_value(config, key.key, value);
    std::string errors;
    let_it_try(running, config, errors);
    require_hidden(running, key.key, marker, errors, printed.path(), true);
  }
  if (tried == 0) throw Skipped("the type declares no secret keys");

  bench.doing("the plugin worked with the given secrets");
  Running running(bench, "right");
  running.world.start();
  const auto config = bench.config_at("right");
  std::string errors;
  let_it_try(running, config, errors);
  for (const auto& key : keys) {
    const auto* entry = find_entry(config, key.key);
    if (!key.secret || entry == nullptr) continue;
    for (const auto& secret : texts_in(entry->value)) {
      require_hidden(running, key.key, secret, errors, printed.path(), true);
    }
  }
}

}  // namespace lshost::check
