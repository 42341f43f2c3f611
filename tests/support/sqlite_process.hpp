#pragma once
// An application of SQLite in a process of its own, moved step by step by a test.
//
// Processes take their turns by requests and answers, and can be stopped before any step of their VFS, so that an
// interleaving is written down instead of hoped for.

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "support/programs/line_protocol.hpp"

namespace lshost::test {

/// Example: a commit that is in the file and not yet published.
///     SqliteProcess app(path);
///     app.pause_before("wal.sync");
///     app.start("INSERT INTO t VALUES(1)");
///     app.wait_until_paused();
///     ...                              // the frames are in the log
///     app.go_on();
///     app.finish();
///
/// Ownership: owns the process; the destructor kills it. Threads: one at a time.
/// Errors:    throws std::runtime_error if the process does not behave as the call expects, or does not answer
///            within the deadline.
class SqliteProcess {
 public:
  struct Result {
    int code = 0;         ///< extended result code; 0 is SQLITE_OK
    std::string message;  ///< SQLite's, if code is not 0
    std::vector<Fields> rows;
  };

  /// Starts the process; with a path, also opens the database (created if missing).
  SqliteProcess();
  explicit SqliteProcess(const std::string& path);
  ~SqliteProcess();
  SqliteProcess(SqliteProcess&& other) noexcept;
  SqliteProcess& operator=(SqliteProcess&&) = delete;

  void open(const std::string& path);
  [[nodiscard]] Result try_open(const std::string& path);
  void close();
  /// Opens `path` as a plain file and closes it.
  void touch(const std::string& path);

  /// From now on its SQLite does not wait when it waits: what it does after ten seconds, it does at once.
  void hurry();

  void exec(const std::string& sql);  ///< must succeed
  [[nodiscard]] Result run(const std::string& sql);
  [[nodiscard]] int code_of(const std::string& sql) { return run(sql).code; }
  /// All values of the first row, joined by "|" as the sqlite3 tool prints them; "" without a row. Must succeed.
  [[nodiscard]] std::string query(const std::string& sql);

  /// Sends a statement without waiting for its end; finish() waits.
  void start(const std::string& sql);
  [[nodiscard]] Result finish();

  /// The `count`-th time from now that the process comes to `step` (names in stepping_vfs.hpp), it stops before it.
  /// May be called while the process is paused.
  void pause_before(const std::string& step, int count = 1);
  void wait_until_paused();
  void go_on();

  void kill();  ///< SIGKILL, and waits for the end
  void signal(int number);
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  void send(const Fields& request);
  [[nodiscard]] Fields receive();
  [[nodiscard]] Result request(const Fields& fields);
  void expect_ok(const Result& result, const std::string& what) const;

  pid_t pid_ = -1;
  UniqueFd to_;
  UniqueFd from_;
  std::string received_;  ///< bytes after the last whole line
  bool paused_ = false;
  std::chrono::seconds deadline_{60};
};

}  // namespace lshost::test
