#include <cstdio>
#include <iostream>

#include "base/error.hpp"
#include "cli/command.hpp"

// argv in, exit code out; everything else is in lshost_core.
int main(int argc, char** argv) {
  using namespace lshost;
  cli::CommandLine line("lshost replicates SQLite databases, continuously, to any number of replicas.", "lshost");
  cli::add_config(line);
  cli::add_listings(line);
  cli::add_replicate(line);
  cli::add_plugin(line);
  cli::add_restore(line);
  cli::add_version(line);
  const auto parsed = line.parse(argc, argv, std::cout, std::cerr);
  if (const auto* code = std::get_if<cli::ExitCode>(&parsed)) return *code;
  try {
    return std::get<cli::Action>(parsed)();
  } catch (const Error& e) {
    std::fprintf(stderr, "lshost: %s\n", e.what());
    return e.code() == ErrorCode::invalid ? cli::kWrongUsage : cli::kFailed;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "lshost: internal error: %s\n", e.what());
    return cli::kFailed;
  }
}
