// An application of SQLite that does what it is told, one line at a time. See line_protocol.hpp.

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

#include "support/programs/line_protocol.hpp"
#include "support/stepping_vfs.hpp"

namespace {

using lshost::test::Fields;

sqlite3* connection = nullptr;
std::map<std::string, int> pauses;  // step -> how many times from now

void say(const Fields& fields) { std::cout << lshost::test::to_line(fields) << std::endl; }

/// The next request; the process ends with its parent.
Fields hear() {
  std::string line;
  if (!std::getline(std::cin, line)) std::_Exit(0);
  return lshost::test::from_line(line);
}

void arm(const Fields& request) { pauses[request.at(1)] = std::stoi(request.at(2)); }

void pause_before(const std::string& step) {
  const auto armed = pauses.find(step);
  if (armed == pauses.end() || --armed->second > 0) return;
  pauses.erase(armed);
  say({"paused", step});
  for (Fields request = hear(); request.at(0) != "go"; request = hear()) arm(request);
}

void answer(int code) {
  if (code == SQLITE_OK) {
    say({"ok"});
  } else {
    say({"error", std::to_string(code), connection == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(connection)});
  }
}

int print_row(void*, int columns, char** values, char**) {
  Fields row = {"row"};
  for (int i = 0; i < columns; ++i) row.emplace_back(values[i] == nullptr ? "" : values[i]);
  say(row);
  return 0;
}

int open_database(const std::string& path) {
  const int code = sqlite3_open(path.c_str(), &connection);
  (void)sqlite3_extended_result_codes(connection, 1);
  return code;
}

int close_database() {
  sqlite3* closing = connection;
  connection = nullptr;
  return sqlite3_close(closing);
}

/// Opens and closes a file behind SQLite's back.
int touch(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return SQLITE_CANTOPEN;
  (void)::close(fd);
  return SQLITE_OK;
}

void serve(const Fields& request) {
  const std::string& verb = request.at(0);
  if (verb == "pause") {
    arm(request);
    answer(SQLITE_OK);
  } else if (verb == "open") {
    answer(open_database(request.at(1)));
  } else if (verb == "close") {
    answer(close_database());
  } else if (verb == "hurry") {
    lshost::test::skip_sleeps();
    answer(SQLITE_OK);
  } else if (verb == "touch") {
    answer(touch(request.at(1)));
  } else if (verb == "sql") {
    answer(sqlite3_exec(connection, request.at(1).c_str(), print_row, nullptr, nullptr));
  } else {
    std::cerr << "sqlite_process: unknown request " << verb << "\n";
    std::_Exit(2);
  }
}

}  // namespace

int main() {
  lshost::test::install_stepping_vfs([](const std::string& step) {
    pause_before(step);
    return SQLITE_OK;
  });
  for (;;) serve(hear());
}
