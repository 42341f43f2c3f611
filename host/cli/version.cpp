#include <sqlite3.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/command.hpp"

namespace lshost::cli {

void add_version(CLI::App& app, Action& chosen) {
  app.add_subcommand("version", "print the version of lshost and of its SQLite library")->callback([&chosen] {
    chosen = [] {
      std::printf("lshost %s (sqlite %s)\n", LSHOST_VERSION, sqlite3_libversion());
      return kDone;
    };
  });
}

}  // namespace lshost::cli
