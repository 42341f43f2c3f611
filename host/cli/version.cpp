#include <sqlite3.h>

#include <cstdio>

#include "cli/command.hpp"

namespace lshost::cli {

void add_version(CommandLine& line) {
  line.top().add_command("version", "print the version of lshost and of its SQLite library").run([] {
    std::printf("lshost %s (sqlite %s)\n", LSHOST_VERSION, sqlite3_libversion());
    return kDone;
  });
}

}  // namespace lshost::cli
