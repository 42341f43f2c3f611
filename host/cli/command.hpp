#pragma once
// The commands of the program. Each adds itself to the parser; the one that was chosen leaves what is to be run.

#include <functional>

namespace CLI {
class App;
}

namespace lshost::cli {

/// Exit codes of every command.
enum ExitCode : int {
  kDone = 0,
  kFailed = 1,
  kWrongUsage = 2,  ///< command line or configuration
  kNothingToRestore = 3,
};

/// Set by the chosen command's callback; returns an ExitCode. Throwing Error is allowed: main prints it, and exits with
/// kWrongUsage for ErrorCode::invalid and kFailed for the rest.
using Action = std::function<int()>;

void add_replicate(CLI::App& app, Action& chosen);
void add_restore(CLI::App& app, Action& chosen);
void add_listings(CLI::App& app, Action& chosen);  ///< databases, generations, snapshots, wal
void add_config(CLI::App& app, Action& chosen);
void add_plugin(CLI::App& app, Action& chosen);
void add_version(CLI::App& app, Action& chosen);

}  // namespace lshost::cli
