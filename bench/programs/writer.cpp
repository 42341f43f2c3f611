// bench_writer: the application of the benchmarks. Writes stamped commits, paced or at full speed, and tells what it
// did.
//
// Every transaction's last row carries a marker (marker.hpp). Rows are half random, half constant, so that they
// compress about 2:1 as application data does. Keys wrap around at --max-rows: then rows are replaced and the database
// stops growing. The only writer of its database, therefore it can count the WAL's frames exactly, through SQLite's own
// hook.

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <optional>
#include <random>
#include <vector>

#include "clock.hpp"
#include "marker.hpp"
#include "option_parser.hpp"
#include "sqlite_db.hpp"

namespace lshost::bench {
namespace {

struct Options {
  std::string db;
  double rate_per_second = 0;  ///< 0: at full speed
  bool is_jittered = false;    ///< intervals vary by half, so that commits do not fall in step with anybody's timer
  double seconds = 0;          ///< 0: until `count`
  std::uint64_t count = 0;     ///< 0: until `seconds`
  std::uint64_t first = 1;     ///< number of the first commit
  std::uint64_t row_bytes = 100;
  std::uint64_t rows_per_commit = 1;
  std::uint64_t max_rows = 500'000;
  int autocheckpoint_pages = 1000;
  int page_size = 4096;
  std::string synchronous = "normal";
  int busy_timeout_ms = 10'000;
  bool has_reader = false;  ///< a transaction of another connection reads from the begin to the end
  std::string stamps;       ///< file: per commit its number, begin and end in ns
};

struct Stamp {
  std::uint64_t commit;
  std::int64_t begin_ns;
  std::int64_t end_ns;
};

/// Counts what the WAL receives. A smaller frame count than before means that the log was restarted.
struct WalMeter {
  int autocheckpoint_pages = 0;
  int frames_last = 0;
  std::uint64_t frames_total = 0;
  std::uint64_t restarts = 0;

  // SQLite's own autocheckpoint is this hook; taking its place means doing its work.
  static int on_commit(void* self, sqlite3* db, const char* name, int frames) {
    auto* meter = static_cast<WalMeter*>(self);
    const bool restarted = frames <= meter->frames_last;
    meter->restarts += restarted ? 1 : 0;
    meter->frames_total += static_cast<std::uint64_t>(restarted ? frames : frames - meter->frames_last);
    meter->frames_last = frames;
    if (meter->autocheckpoint_pages > 0 && frames >= meter->autocheckpoint_pages) sqlite3_wal_checkpoint(db, name);
    return SQLITE_OK;
  }
};

class Writer {
 public:
  explicit Writer(const Options& options)
      : options_(options), db_(options.db), row_(options.row_bytes, 'x'), random_(std::random_device{}()) {
    db_.exec("PRAGMA page_size=" + std::to_string(options.page_size));
    db_.exec("PRAGMA journal_mode=WAL");
    db_.exec("PRAGMA synchronous=" + options.synchronous);
    db_.exec("CREATE TABLE IF NOT EXISTS load(id INTEGER PRIMARY KEY, body BLOB, marker BLOB)");
    sqlite3_busy_timeout(db_.get(), options.busy_timeout_ms);
    meter_.autocheckpoint_pages = options.autocheckpoint_pages;
    sqlite3_wal_hook(db_.get(), &WalMeter::on_commit, &meter_);
    begin_ = db_.prepare("BEGIN IMMEDIATE");
    commit_ = db_.prepare("COMMIT");
    insert_ = db_.prepare("INSERT OR REPLACE INTO load(id, body, marker) VALUES(?1, ?2, ?3)");
    next_row_ = static_cast<std::uint64_t>(db_.integer("SELECT coalesce(max(id), 0) FROM load"));
  }

  void run() {
    if (options_.has_reader) {
      reader_.emplace(options_.db);
      reader_->exec("BEGIN; SELECT count(*) FROM load");
    }
    first_ns_ = now_ns();
    const std::int64_t end_ns = first_ns_ + static_cast<std::int64_t>(options_.seconds * double{kNsPerSecond});
    std::int64_t due_ns = first_ns_;
    for (std::uint64_t n = 0; options_.count == 0 || n < options_.count; ++n) {
      if (options_.rate_per_second > 0) sleep_until_ns(due_ns += interval_ns());
      if (options_.seconds > 0 && now_ns() >= end_ns) break;
      write(options_.first + n);
    }
    last_ns_ = now_ns();
  }

  void report() {
    write_stamps();
    std::vector<std::int64_t> latency;
    for (const Stamp& stamp : stamps_) latency.push_back(stamp.end_ns - stamp.begin_ns);
    std::sort(latency.begin(), latency.end());
    const std::uint64_t wal_bytes = meter_.frames_total * (24 + static_cast<std::uint64_t>(page_size()));
    std::printf(
        "{\"commits\": %zu, \"last_commit\": %llu, \"first_ns\": %lld, \"last_ns\": %lld, \"wal_frames\": %llu, "
        "\"wal_bytes\": %llu, \"wal_restarts\": %llu, \"refused_commits\": %llu, \"latency_us\": {\"p50\": %.1f, "
        "\"p99\": %.1f, \"p99.9\": %.1f, "
        "\"max\": %.1f}}\n",
        stamps_.size(), static_cast<unsigned long long>(stamps_.empty() ? 0 : stamps_.back().commit),
        static_cast<long long>(first_ns_), static_cast<long long>(last_ns_),
        static_cast<unsigned long long>(meter_.frames_total), static_cast<unsigned long long>(wal_bytes),
        static_cast<unsigned long long>(meter_.restarts), static_cast<unsigned long long>(refused_commits_),
        percentile_us(latency, 0.5), percentile_us(latency, 0.99), percentile_us(latency, 0.999),
        percentile_us(latency, 1));
  }

 private:
  void write(std::uint64_t commit) {
    const std::int64_t begin_ns = now_ns();
    bool is_refused = false;
    while (!db_.try_run(begin_)) {
      if (options_.busy_timeout_ms > 0) throw std::runtime_error(options_.db + ": locked for longer than the timeout");
      is_refused = true;
    }
    refused_commits_ += is_refused ? 1 : 0;
    for (std::uint64_t row = 1; row <= options_.rows_per_commit; ++row) {
      insert(row == options_.rows_per_commit ? make_marker(commit) : Marker{});
    }
    db_.run(commit_);
    stamps_.push_back({commit, begin_ns, now_ns()});
  }

  void insert(const Marker& marker) {
    fill_row();
    next_row_ = next_row_ % options_.max_rows + 1;
    sqlite3_bind_int64(insert_.get(), 1, static_cast<sqlite3_int64>(next_row_));
    sqlite3_bind_blob(insert_.get(), 2, row_.data(), static_cast<int>(row_.size()), SQLITE_STATIC);
    sqlite3_bind_blob(insert_.get(), 3, marker.data(), static_cast<int>(marker.size()), SQLITE_STATIC);
    db_.run(insert_);
  }

  void fill_row() {
    for (std::size_t at = 0; at + 8 <= row_.size() / 2; at += 8) {
      const std::uint64_t word = random_();
      std::memcpy(row_.data() + at, &word, sizeof word);
    }
  }

  [[nodiscard]] std::int64_t interval_ns() {
    const double factor = options_.is_jittered ? std::uniform_real_distribution<>(0.5, 1.5)(random_) : 1.0;
    return static_cast<std::int64_t>(factor * double{kNsPerSecond} / options_.rate_per_second);
  }

  [[nodiscard]] std::int64_t page_size() { return db_.integer("PRAGMA page_size"); }

  [[nodiscard]] static double percentile_us(const std::vector<std::int64_t>& sorted, double fraction) {
    if (sorted.empty()) return 0;
    const auto at = static_cast<std::size_t>(fraction * static_cast<double>(sorted.size() - 1) + 0.5);
    return static_cast<double>(sorted[at]) / 1000;
  }

  void write_stamps() const {
    if (options_.stamps.empty()) return;
    std::ofstream out(options_.stamps);
    for (const Stamp& stamp : stamps_) out << stamp.commit << ' ' << stamp.begin_ns << ' ' << stamp.end_ns << '\n';
    if (!out.flush()) throw std::runtime_error(options_.stamps + ": can not write the stamps");
  }

  const Options options_;
  Db db_;
  WalMeter meter_;
  std::vector<unsigned char> row_;
  std::mt19937_64 random_;
  std::vector<Stamp> stamps_;
  Statement begin_;
  Statement commit_;
  Statement insert_;
  std::optional<Db> reader_;
  std::uint64_t refused_commits_ = 0;
  std::uint64_t next_row_ = 0;
  std::int64_t first_ns_ = 0;
  std::int64_t last_ns_ = 0;
};

int main_with(int argc, char** argv) {
  Options options;
  OptionParser parser("Writes stamped commits to a SQLite database, and tells in JSON what it did.", "bench_writer");
  parser.add("--db", options.db, "database; made if it does not exist", Need::required);
  parser.add("--rate", options.rate_per_second, "commits per second; 0: at full speed");
  parser.add_flag("--jitter", options.is_jittered, "vary the intervals by half");
  parser.add("--seconds", options.seconds, "stop after this time");
  parser.add("--count", options.count, "stop after so many commits");
  parser.add("--first", options.first, "number of the first commit");
  parser.add("--row-bytes", options.row_bytes, "size of a row");
  parser.add("--rows", options.rows_per_commit, "rows per transaction");
  parser.add("--max-rows", options.max_rows, "keys wrap around here");
  parser.add("--autocheckpoint", options.autocheckpoint_pages, "as the pragma; 0: never");
  parser.add("--page-size", options.page_size, "of a new database");
  parser.add("--synchronous", options.synchronous, "as the pragma");
  parser.add("--busy-timeout", options.busy_timeout_ms,
             "milliseconds that SQLite waits for a lock; 0: try again at once");
  parser.add_flag("--reader", options.has_reader, "keep a reading transaction open in another connection");
  parser.add("--stamps", options.stamps, "file for number, begin and end of each commit");
  if (const auto exit_code = parser.parse(argc, argv)) return *exit_code;
  if (options.seconds <= 0 && options.count == 0) throw std::runtime_error("give --seconds or --count");
  Writer writer(options);
  writer.run();
  writer.report();
  return 0;
}

}  // namespace
}  // namespace lshost::bench

int main(int argc, char** argv) {
  try {
    return lshost::bench::main_with(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_writer: %s\n", e.what());
    return 1;
  }
}
