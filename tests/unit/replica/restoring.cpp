#include "unit/replica/restoring.hpp"

#include <fmt/format.h>

#include <utility>

#include "replica/scratch_file.hpp"

namespace lshost::test {

using namespace lshost::replica;

RestorePlan plan_for(FakeReplica& replica, RestoreTarget target) {
  const auto result = plan_restore(read_catalog(replica), {std::move(target), std::nullopt},
                                   [&](const Item& item) { return replica.commit_times(item); });
  if (const auto* refusal = std::get_if<Refusal>(&result)) FAIL("refused: " << refusal->reason);
  return std::get<RestorePlan>(result);
}

Bytes assemble_bytes(FakeReplica& replica, const RestorePlan& plan, AssembleCase how) {
  const TempDir directory;
  ScratchFile file(directory.path());
  RestoreProgress progress;
  AssembleOptions options;
  options.threads = how.threads;
  options.index_memory_bytes = how.index_memory_bytes;
  options.kept_indexes_max = how.kept_indexes_max;
  options.spool_directory = directory.path();
  const Assembled assembled = assemble(replica, plan, options, file, progress);
  REQUIRE(progress.done_bytes == progress.total_bytes);
  Bytes bytes = file_bytes(file.path());
  REQUIRE(bytes.size() == assembled.size_bytes);
  return bytes;
}

std::string difference(const Bytes& got, const Bytes& wanted, std::uint32_t page_size) {
  if (got.size() != wanted.size()) return fmt::format("{} bytes, wanted {}", got.size(), wanted.size());
  std::string pages;
  for (std::size_t at = 0; at < got.size(); at += page_size) {
    const auto begin = static_cast<std::ptrdiff_t>(at);
    const auto end = static_cast<std::ptrdiff_t>(at + page_size);
    if (!std::equal(got.begin() + begin, got.begin() + end, wanted.begin() + begin)) {
      pages += fmt::format(" {}", at / page_size + 1);
    }
  }
  return pages;
}

void live_through(History& history, std::uint32_t page_size) {
  const std::string blob = fmt::format("randomblob({})", page_size / 3);
  const auto insert = [&](int rows) {
    history.run(
        fmt::format("WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<{}) "
                    "INSERT INTO t(v) SELECT {} FROM n",
                    rows, blob));
  };
  history.take_snapshot();
  history.run("CREATE TABLE t(id INTEGER PRIMARY KEY, v BLOB); CREATE INDEX tv ON t(v)");
  insert(20);
  insert(1);
  history.take_snapshot();
  history.run("UPDATE t SET v = " + blob + " WHERE id % 3 = 0");
  history.restart();
  insert(30);
  history.cut_segment();
  history.run("DELETE FROM t WHERE id > 10");
  history.run("PRAGMA incremental_vacuum");
  history.run("VACUUM");
  history.cut_segment();
  insert(5);
  history.restart();
  history.run("CREATE TABLE u(x); INSERT INTO u SELECT v FROM t");
  history.take_snapshot();
  history.run("DROP TABLE t");
  history.run("CREATE TABLE t(id INTEGER PRIMARY KEY, v BLOB)");
  history.restart();
  insert(40);
  history.run("BEGIN; DELETE FROM t; INSERT INTO t(v) VALUES(zeroblob(100000)); COMMIT");
  history.run("VACUUM");
  history.restart();
  insert(3);
  history.restart();
  insert(1);
}

}  // namespace lshost::test
