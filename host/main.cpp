#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/error.hpp"
#include "cli/command.hpp"

// argv in, exit code out; everything else is in lshost_core.
int main(int argc, char** argv) {
  using namespace lshost;
  CLI::App app("lshost replicates SQLite databases, continuously, to any number of replicas.", "lshost");
  app.require_subcommand(0, 1);
  cli::Action chosen;
  cli::add_config(app, chosen);
  cli::add_listings(app, chosen);
  cli::add_replicate(app, chosen);
  cli::add_plugin(app, chosen);
  cli::add_restore(app, chosen);
  cli::add_version(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? cli::kDone : cli::kWrongUsage;
  }
  if (!chosen) {
    std::fputs(app.help().c_str(), stderr);
    return cli::kWrongUsage;
  }
  try {
    return chosen();
  } catch (const Error& e) {
    std::fprintf(stderr, "lshost: %s\n", e.what());
    return e.code() == ErrorCode::invalid ? cli::kWrongUsage : cli::kFailed;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "lshost: internal error: %s\n", e.what());
    return cli::kFailed;
  }
}
