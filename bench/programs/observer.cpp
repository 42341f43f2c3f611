// bench_observer: watches a replica folder from outside, and tells when each stamped commit was there.
//
// It trusts no tool's word: a commit is there when its marker is in the bytes of a file that belongs to the replica.
// Whether those bytes are synced is another question; --sync answers it by calling fdatasync itself, which returns when
// the bytes are durable (an upper bound), and bench/suite/strace.py answers it from outside with strace.

#include <cstdio>
#include <string>
#include <unordered_set>
#include <vector>

#include "clock.hpp"
#include "option_parser.hpp"
#include "replica_files.hpp"
#include "tree_watch.hpp"

namespace lshost::bench {
namespace {

struct Options {
  std::string dir;
  std::uint64_t until_commit = 0;
  double timeout_seconds = 60;
  bool is_syncing = false;
  std::uint64_t tail_bytes = UINT64_MAX;
};

struct Sighting {
  std::uint64_t commit;
  std::int64_t seen_ns;
  std::int64_t durable_ns;  ///< 0: not known here
  std::string path;
};

/// One line per commit, for when it was first seen: number, seen_ns, durable_ns, file. All are printed at the end,
/// because a full pipe that nobody reads yet would stop the watching.
class Observer {
 public:
  explicit Observer(const Options& options) : options_(options), watch_(options.dir), files_(options.tail_bytes) {}

  /// True if the awaited commit was seen in time.
  bool run() {
    const std::int64_t deadline_ns =
        now_ns() + static_cast<std::int64_t>(options_.timeout_seconds * double{kNsPerSecond});
    for (const std::string& path : watch_.wait(0)) take(path);
    std::puts("ready");
    std::fflush(stdout);
    while (!is_done() && now_ns() < deadline_ns) {
      for (const std::string& path : watch_.wait(100)) take(path);
    }
    report();
    return is_done();
  }

 private:
  void take(const std::string& path) {
    if (!ReplicaFiles::is_wal(path)) return;
    const std::int64_t seen_ns = now_ns();
    const Finding finding = files_.look(path);
    std::int64_t durable_ns = finding.was_published_whole ? seen_ns : 0;
    for (const std::uint64_t commit : finding.commits) {
      if (!seen_.insert(commit).second) continue;
      if (options_.is_syncing && durable_ns == 0) {
        ReplicaFiles::sync(path);
        durable_ns = now_ns();
      }
      sightings_.push_back({commit, seen_ns, durable_ns, path});
    }
  }

  void report() const {
    for (const Sighting& sighting : sightings_) {
      std::printf("%llu %lld %lld %s\n", static_cast<unsigned long long>(sighting.commit),
                  static_cast<long long>(sighting.seen_ns), static_cast<long long>(sighting.durable_ns),
                  sighting.path.c_str());
    }
  }

  [[nodiscard]] bool is_done() const { return seen_.count(options_.until_commit) > 0; }

  const Options options_;
  TreeWatch watch_;
  ReplicaFiles files_;
  std::unordered_set<std::uint64_t> seen_;
  std::vector<Sighting> sightings_;
};

int main_with(int argc, char** argv) {
  Options options;
  OptionParser parser("Tells when each stamped commit came to be in a replica.", "bench_observer");
  parser.add("--dir", options.dir, "replica folder", Need::required);
  parser.add("--until", options.until_commit, "stop when this commit was seen", Need::required);
  parser.add("--timeout", options.timeout_seconds, "give up after so many seconds");
  parser.add_flag("--sync", options.is_syncing, "make what was seen durable, and tell when it was");
  parser.add("--tail", options.tail_bytes, "of files that are there already, read only so much at the end");
  if (const auto exit_code = parser.parse(argc, argv)) return *exit_code;
  return Observer(options).run() ? 0 : 1;
}

}  // namespace
}  // namespace lshost::bench

int main(int argc, char** argv) {
  try {
    return lshost::bench::main_with(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_observer: %s\n", e.what());
    return 2;
  }
}
