#pragma once
// An application with a database in WAL mode, whose n-th transaction depends on nothing but a seed and n: so whoever
// knows both knows what a database must hold that was restored to the state after it.

#include <cstdint>
#include <string>

struct sqlite3;

namespace lshost::check {

/// The n-th transaction (from 1), as SQL: rows of all sizes come, change and go, an index is made and dropped, pages
/// become free. The last statement notes n.
[[nodiscard]] std::string transaction(std::uint64_t seed, std::uint64_t n);

/// One connection. One thread at a time. Errors: Error.
class Application {
 public:
  /// Opens or makes the database `path`; ":memory:" is one that nobody else sees.
  explicit Application(const std::string& path, std::uint32_t page_size = 4096);
  ~Application();
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  void exec(const std::string& sql);
  /// The first column of the first row; "" if there is none.
  [[nodiscard]] std::string query(const std::string& sql);

  /// Commits the next `count` transactions.
  void commit(std::uint64_t seed, unsigned count = 1);
  /// How many have been committed.
  [[nodiscard]] std::uint64_t committed();
  /// A hash of all that the transactions wrote.
  [[nodiscard]] std::uint64_t digest();

  /// The database as a file would have it without its log.
  void write_image(const std::string& path);

 private:
  sqlite3* db_ = nullptr;
};

/// What digest() is after n transactions.
/// Threads: one at a time. Cost: runs the transactions up to n, and goes on from there the next time.
class Expected {
 public:
  explicit Expected(std::uint64_t seed) : seed_(seed), replay_(":memory:") {}
  [[nodiscard]] std::uint64_t digest_after(std::uint64_t n);

 private:
  const std::uint64_t seed_;
  Application replay_;
};

}  // namespace lshost::check
