#pragma once
// What a person does with a snapshot and WAL files: puts each log beside the database and lets SQLite move it there.

#include <vector>

#include "support/app_database.hpp"

namespace lshost::test {

/// The database after all logs, checked by SQLite. Throws if SQLite does, or its integrity check finds something.
[[nodiscard]] Bytes replay_with_sqlite(const Bytes& image, const std::vector<Bytes>& logs);

}  // namespace lshost::test
