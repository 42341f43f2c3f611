// An application that commits to a ledger at full speed, and does what applications do to replicators: checkpoints of
// any mode, VACUUM, closing and opening again.
//
//   ledger_writer DATABASE [key=value]...
//     writer=1          its number in the rows
//     commits=0         ends after so many commits; 0: at SIGTERM
//     payload=400       bytes of random payload per commit, at most
//     page_size=4096    of a new database
//     wal=1             0: leaves journal_mode=DELETE
//     checkpoint=MODE   passive, full, restart or truncate, every `every` commits
//     every=10          see checkpoint, vacuum, reopen
//     vacuum=0          1: VACUUM every 20 * `every` commits
//     reopen=0          1: closes and opens again every `every` commits
//     autocheckpoint=1000
//     sync=off          PRAGMA synchronous
//     pause_us=0        between two commits
//     busy_ms=60000     how long it waits for a lock; 0: not at all, and a refused commit is tried again
//
// Prints "COMMIT NANOSECONDS" after each commit, so that a test knows what was acknowledged, and when; at the end
// "refused N" to standard error, the commits that were busy. Ends with 0 after SIGTERM, the database closed; with 1 and
// a sentence when SQLite says anything but "busy".

#include <poll.h>
#include <sqlite3.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>

#include "support/ledger.hpp"

namespace {

using Options = std::map<std::string, std::string>;

volatile std::sig_atomic_t the_stop = 0;

std::int64_t number(const Options& options, const std::string& name, std::int64_t otherwise) {
  const auto found = options.find(name);
  return found == options.end() ? otherwise : std::stoll(found->second);
}

std::string text(const Options& options, const std::string& name, const std::string& otherwise) {
  const auto found = options.find(name);
  return found == options.end() ? otherwise : found->second;
}

Options parse(int count, char** arguments) {
  Options options;
  for (int i = 2; i < count; ++i) {
    const std::string argument = arguments[i];
    const auto equals = argument.find('=');
    if (equals == std::string::npos) throw std::runtime_error("not of the form key=value: " + argument);
    options[argument.substr(0, equals)] = argument.substr(equals + 1);
  }
  return options;
}

/// Waits up to `limit_ms` for a lock, asking each millisecond. (SQLite's own handler soon asks every 100 ms only, which
/// beside a writer that never pauses can be in vain for minutes: then a test waits, and its files grow meanwhile.)
void wait_for_locks(sqlite3* db, int limit_ms) {
  const auto wait = [](void* limit, int tries) {
    if (tries >= static_cast<int>(reinterpret_cast<std::intptr_t>(limit))) return 0;
    (void)::poll(nullptr, 0, 1);
    return 1;
  };
  (void)sqlite3_busy_handler(db, wait, reinterpret_cast<void*>(std::intptr_t{limit_ms}));
}

sqlite3* open(const std::string& path, const Options& options) {
  sqlite3* db = nullptr;
  if (sqlite3_open(path.c_str(), &db) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(db));
  wait_for_locks(db, static_cast<int>(number(options, "busy_ms", 60'000)));
  (void)sqlite3_wal_autocheckpoint(db, static_cast<int>(number(options, "autocheckpoint", 1000)));
  const auto sync = "PRAGMA synchronous=" + text(options, "sync", "off");
  if (sqlite3_exec(db, sync.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    throw std::runtime_error(sqlite3_errmsg(db));
  return db;
}

/// Busy is an answer as good as any; everything else is not.
void expect(sqlite3* db, int code, const std::string& what) {
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY && (code & 0xff) != SQLITE_LOCKED)
    throw std::runtime_error(what + ": " + sqlite3_errmsg(db));
}

void checkpoint(sqlite3* db, const std::string& mode, int busy_ms) {
  static const std::map<std::string, int> modes = {{"passive", SQLITE_CHECKPOINT_PASSIVE},
                                                   {"full", SQLITE_CHECKPOINT_FULL},
                                                   {"restart", SQLITE_CHECKPOINT_RESTART},
                                                   {"truncate", SQLITE_CHECKPOINT_TRUNCATE}};
  wait_for_locks(db, 20);  // a checkpoint that the host holds back must not hold the ledger back
  expect(db, sqlite3_wal_checkpoint_v2(db, nullptr, modes.at(mode), nullptr, nullptr), mode);
  wait_for_locks(db, busy_ms);
}

void print_commit(std::int64_t commit) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto line = std::to_string(commit) + " " +
                    std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()) + "\n";
  (void)!::write(STDOUT_FILENO, line.data(), line.size());  // a line that is lost loses a test, not the ledger
}

void rest(std::chrono::microseconds pause) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(pause);
  const timespec time{seconds.count(), std::chrono::nanoseconds(pause - seconds).count()};
  (void)::ppoll(nullptr, 0, &time, nullptr);  // a signal ends it
}

void work(const std::string& path, const Options& options) {
  const auto commits = number(options, "commits", 0);
  const auto every = number(options, "every", 10);
  const auto payload_max = static_cast<std::uint64_t>(number(options, "payload", 400));
  const auto pause = std::chrono::microseconds(number(options, "pause_us", 0));
  const auto mode = text(options, "checkpoint", "");
  sqlite3* db = open(path, options);
  lshost::test::create_ledger(db, static_cast<std::uint32_t>(number(options, "page_size", 4096)),
                              number(options, "wal", 1) == 1);
  std::int64_t done = 0;
  std::int64_t refused = 0;
  while (the_stop == 0 && (commits == 0 || done < commits)) {
    std::uint64_t random = 0;
    sqlite3_randomness(sizeof random, &random);
    const auto commit = lshost::test::append_to_ledger(
        db, number(options, "writer", 1), static_cast<std::size_t>(random % payload_max + 1), done % 64 == 63);
    if (commit == 0) {
      ++refused;
      continue;
    }
    ++done;
    print_commit(commit);
    if (!mode.empty() && done % every == 0) checkpoint(db, mode, static_cast<int>(number(options, "busy_ms", 60'000)));
    if (number(options, "vacuum", 0) == 1 && done % (20 * every) == 0)
      expect(db, sqlite3_exec(db, "VACUUM", nullptr, nullptr, nullptr), "VACUUM");
    if (number(options, "reopen", 0) == 1 && done % every == 0) {
      (void)sqlite3_close(db);
      db = open(path, options);
    }
    if (pause.count() > 0) rest(pause);
  }
  (void)sqlite3_close(db);
  (void)std::fprintf(stderr, "refused %lld\n", static_cast<long long>(refused));
}

}  // namespace

int main(int count, char** arguments) {
  (void)std::signal(SIGTERM, [](int) { the_stop = 1; });
  try {
    if (count < 2) throw std::runtime_error("usage: ledger_writer DATABASE [key=value]...");
    work(arguments[1], parse(count, arguments));
    return 0;
  } catch (const std::exception& e) {
    (void)std::fprintf(stderr, "ledger_writer: %s\n", e.what());
    return 1;
  }
}
