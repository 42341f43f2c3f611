#include <iostream>
#include <string>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/process.hpp"

// argv in, exit code out; everything else is in lshost_core.
int main(int argc, char** argv) {
  using namespace lshost;
  cli::prepare_process();
  cli::CommandLine line("lshost replicates SQLite databases, continuously, to any number of replicas.", "lshost");
  cli::add_config(line);
  cli::add_control(line);
  cli::add_listings(line);
  cli::add_replicate(line);
  cli::add_plugin(line);
  cli::add_plugin_child(line);
  cli::add_restore(line);
  cli::add_verify(line);
  cli::add_version(line);
  const auto parsed = line.parse(argc, argv, std::cout, std::cerr);
  if (const auto* code = std::get_if<cli::ExitCode>(&parsed)) return *code;
  try {
    return std::get<cli::Action>(parsed)();
  } catch (const Error& e) {
    cli::print_failure(e.what());
    return e.code() == ErrorCode::invalid ? cli::kWrongUsage : cli::kFailed;
  } catch (const std::exception& e) {
    cli::print_failure(std::string("internal error: ") + e.what());
    return cli::kFailed;
  }
}
