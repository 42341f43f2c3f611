#include "support/sqlite_replay.hpp"

#include <stdexcept>

namespace lshost::test {

Bytes replay_with_sqlite(const Bytes& image, const std::vector<Bytes>& logs) {
  const TempDir scratch;
  const std::string database = scratch / "app.db";
  write_file(database, image);
  for (const auto& log : logs) {
    write_file(database + "-wal", log);
    AppConnection connection(database);
    if (connection.query("PRAGMA wal_checkpoint(TRUNCATE)") != "0") throw std::runtime_error("checkpoint is busy");
  }
  {
    AppConnection connection(database);
    if (connection.query("PRAGMA integrity_check") != "ok") throw std::runtime_error("integrity_check");
  }
  return file_bytes(database);
}

}  // namespace lshost::test
