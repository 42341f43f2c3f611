// bench_generate: makes the replica that the restore of many parts is measured with, by SQLite alone.
//
// A database, then a long history of updates in which the WAL is restarted after every part; each lifetime of the WAL
// is kept as one index of a replica, in the layout of lshost's file plugin (raw, with the descriptions that its restore
// insists on) or of Litestream v0.3 (LZ4 frames). Both are made from the same history, and the database at its end is
// kept beside them to compare a restore with.

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "file_layout.hpp"
#include "option_parser.hpp"
#include "sqlite_db.hpp"
#ifdef LSHOST_BENCH_LZ4
#include <lz4frame.h>
#endif

namespace lshost::bench {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kRowBytes = 1000;
constexpr std::uint64_t kRowsPerCommit = 20;
constexpr const char* kGeneration = "00000000beefcafe";
// Made up, and the same in each run: the snapshot's time, and a second for each part.
constexpr std::int64_t kSnapshotNs = 1'767'225'600'000'000'000;
constexpr std::int64_t kPartNs = 1'000'000'000;
using Bytes = std::vector<char>;

struct Options {
  std::string dir;
  std::uint64_t db_bytes = 200'000'000;
  std::uint64_t wal_bytes = 500'000'000;
  std::uint64_t parts = 2000;
};

Bytes read_file(const fs::path& path, std::uint64_t size) {
  Bytes bytes(size);
  std::ifstream in(path, std::ios::binary);
  if (!in.read(bytes.data(), static_cast<std::streamsize>(size)))
    throw std::runtime_error(path.string() + ": is short");
  return bytes;
}

void write_file(const fs::path& path, std::span<const char> bytes) {
  std::ofstream out(path, std::ios::binary);
  if (!out.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush()) {
    throw std::runtime_error(path.string() + ": can not write");
  }
}

#ifdef LSHOST_BENCH_LZ4
// The frame as Litestream writes it: independent blocks of up to 4 MB, checksum of the content.
Bytes compress(std::span<const char> bytes) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockSizeID = LZ4F_max4MB;
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;
  preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  Bytes out(LZ4F_compressFrameBound(bytes.size(), &preferences));
  const std::size_t size = LZ4F_compressFrame(out.data(), out.size(), bytes.data(), bytes.size(), &preferences);
  if (LZ4F_isError(size) != 0) throw std::runtime_error(std::string("lz4: ") + LZ4F_getErrorName(size));
  out.resize(size);
  return out;
}
#endif

/// One replica folder in one of the two layouts.
class Replica {
 public:
  Replica(const fs::path& root, bool is_litestream)
      : generation_(root / "generations" / kGeneration), is_litestream_(is_litestream) {
    fs::create_directories(generation_ / "snapshots");
    fs::create_directories(generation_ / "wal");
  }

  void put_snapshot(const Bytes& image) const {
#ifdef LSHOST_BENCH_LZ4
    if (is_litestream_) return write_file(path("snapshots", "%08llx.snapshot.lz4", 0), compress(image));
#endif
    write_file(path("snapshots", "%016llx.snapshot", 0), image);
    write_file(path("snapshots", "%016llx.info", 0), snapshot_info(kGeneration, image, kSnapshotNs));
  }

  void put_wal(const WalIndex& part) const {
#ifdef LSHOST_BENCH_LZ4
    if (is_litestream_) return write_file(path("wal", "%08llx_00000000.wal.lz4", part.index), compress(part.wal));
#endif
    write_file(path("wal", "%016llx.wal", part.index), part.wal);
    write_file(path("wal", "%016llx.commits", part.index), commit_journal(kGeneration, part));
  }

 private:
  [[nodiscard]] fs::path path(const char* kind, const char* format, std::uint64_t index) const {
    char name[64];
    std::snprintf(name, sizeof name, format, static_cast<unsigned long long>(index));
    return generation_ / kind / name;
  }

  fs::path generation_;
  [[maybe_unused]] bool is_litestream_;
};

/// The application whose history is kept.
class History {
 public:
  explicit History(const Options& options) : options_(options), path_((fs::path(options.dir) / "source.db").string()) {
    fs::create_directories(options.dir);
    replicas_.emplace_back(fs::path(options.dir) / "file", false);
#ifdef LSHOST_BENCH_LZ4
    replicas_.emplace_back(fs::path(options.dir) / "litestream", true);
#endif
  }

  void make() {
    fill();
    snapshot();
    Db db(path_);
    db.exec("PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-65536");
    sqlite3_wal_hook(
        db.get(),
        [](void* frames, sqlite3*, const char*, int now) { return *static_cast<int*>(frames) = now, SQLITE_OK; },
        &frames_);
    const Statement update = db.prepare("UPDATE load SET body=?2 WHERE id=?1");
    for (std::uint64_t part = 0; part < options_.parts; ++part) {
      // What one part has too much, the next has less: all together have the size that was asked for.
      const std::uint64_t wanted_bytes = options_.wal_bytes / options_.parts * (part + 1);
      do {
        commit(db, update);
        commit_ends_.push_back(wal_size());
      } while (kept_bytes_ + wal_size() < wanted_bytes);
      keep(part);
      kept_bytes_ += wal_size();
      db.exec("PRAGMA wal_checkpoint(RESTART)");
      frames_ = 0;
      commit_ends_.clear();
    }
  }

 private:
  // Closing the last connection checkpoints everything and removes the WAL.
  void fill() {
    Db db(path_);
    db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF");
    db.exec("CREATE TABLE load(id INTEGER PRIMARY KEY, body BLOB)");
    const Statement insert = db.prepare("INSERT INTO load(body) VALUES(?1)");
    rows_ = options_.db_bytes / (kRowBytes + 24);
    db.exec("BEGIN");
    for (std::uint64_t row = 1; row <= rows_; ++row) {
      bind_body(insert, 1);
      db.run(insert);
      if (row % 10'000 == 0) db.exec("COMMIT; BEGIN");
    }
    db.exec("COMMIT");
  }

  void snapshot() const {
    const Bytes bytes = read_file(path_, fs::file_size(path_));
    for (const Replica& replica : replicas_) replica.put_snapshot(bytes);
  }

  void commit(Db& db, const Statement& update) {
    db.exec("BEGIN IMMEDIATE");
    for (std::uint64_t row = 0; row < kRowsPerCommit; ++row) {
      sqlite3_bind_int64(update.get(), 1, static_cast<sqlite3_int64>(random_() % rows_ + 1));
      bind_body(update, 2);
      db.run(update);
    }
    db.exec("COMMIT");
  }

  void keep(std::uint64_t part) const {
    const Bytes bytes = read_file(path_ + "-wal", wal_size());
    const WalIndex index{part, bytes, commit_ends_, kSnapshotNs + kPartNs * static_cast<std::int64_t>(part + 1),
                         part + 1 < options_.parts};
    for (const Replica& replica : replicas_) replica.put_wal(index);
  }

  void bind_body(const Statement& statement, int at) {
    for (std::size_t i = 0; i + 8 <= body_.size() / 2; i += 8) {
      const std::uint64_t word = random_();
      std::memcpy(body_.data() + i, &word, sizeof word);
    }
    sqlite3_bind_blob(statement.get(), at, body_.data(), static_cast<int>(body_.size()), SQLITE_STATIC);
  }

  [[nodiscard]] std::uint64_t wal_size() const {
    return frames_ == 0 ? 0 : 32 + static_cast<std::uint64_t>(frames_) * (24 + 4096);
  }

  const Options options_;
  std::string path_;
  std::vector<Replica> replicas_;
  std::mt19937_64 random_{1};
  std::vector<char> body_ = std::vector<char>(kRowBytes, 'x');
  std::uint64_t rows_ = 0;
  std::uint64_t kept_bytes_ = 0;  // of all parts so far
  int frames_ = 0;
  std::vector<std::uint64_t> commit_ends_;  // in the WAL as it is now
};

int main_with(int argc, char** argv) {
  Options options;
  OptionParser parser("Makes a replica of many parts, and the database that a restore of it must give.",
                      "bench_generate");
  parser.add("--dir", options.dir, "folder: source.db, file/ and litestream/ are made in it", Need::required);
  parser.add("--db-bytes", options.db_bytes, "size of the snapshot");
  parser.add("--wal-bytes", options.wal_bytes, "size of all parts together");
  parser.add("--parts", options.parts, "number of parts");
  if (const auto exit_code = parser.parse(argc, argv)) return *exit_code;
  History(options).make();
  return 0;
}

}  // namespace
}  // namespace lshost::bench

int main(int argc, char** argv) {
  try {
    return lshost::bench::main_with(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_generate: %s\n", e.what());
    return 1;
  }
}
