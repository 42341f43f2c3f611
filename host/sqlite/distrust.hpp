#pragma once
// What a connection to a database that may be somebody's trap is not allowed to do.

struct sqlite3;

namespace lshost::sqlite {

/// The schema of a database is a program: triggers, views, expressions of indexes and columns, names of modules. After
/// this, SQLite runs nothing of it that is not known to be harmless: no trigger, no view, no function or virtual table
/// that was not declared innocuous, no extension, no write to the schema or to shadow tables, no other database.
/// Reads no schema and costs no memory. What a library is too old for, or was built without, is passed over.
/// REQUIRES: freshly opened.
void distrust_schema(sqlite3* db) noexcept;

}  // namespace lshost::sqlite
