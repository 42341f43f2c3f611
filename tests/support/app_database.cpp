#include "support/app_database.hpp"

#include <sqlite3.h>

#include <fstream>
#include <iterator>

#include "base/error.hpp"
#include "sqlite/result_code.hpp"

namespace lshost::test {

Bytes file_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw_errno("open", path);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

void write_file(const std::string& path, ByteSpan bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  out.flush();
  if (!out) throw_errno("write", path);
}

AppConnection::AppConnection(const std::string& path) {
  const int code = sqlite3_open(path.c_str(), &db_);
  sqlite::check(db_, code, path);
}

AppConnection::~AppConnection() { (void)sqlite3_close_v2(db_); }

void AppConnection::exec(const std::string& sql) {
  sqlite::check(db_, sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr), sql);
}

std::string AppConnection::query(const std::string& sql) {
  std::string first;
  bool seen = false;
  const auto take_first = [&](int columns, char** values) {
    if (!seen && columns > 0 && values[0] != nullptr) first = values[0];
    seen = true;
    return 0;
  };
  const auto call = [](void* context, int columns, char** values, char**) {
    return (*static_cast<decltype(take_first)*>(context))(columns, values);
  };
  sqlite::check(db_,
                sqlite3_exec(db_, sql.c_str(), call, const_cast<void*>(static_cast<const void*>(&take_first)), nullptr),
                sql);
  return first;
}

AppDatabase::AppDatabase(std::uint32_t page_size) : path_(directory_ / "app.db"), app_(path_) {
  exec("PRAGMA page_size=" + std::to_string(page_size));
  exec("PRAGMA journal_mode=WAL");
  exec("PRAGMA wal_autocheckpoint=0");
}

}  // namespace lshost::test
