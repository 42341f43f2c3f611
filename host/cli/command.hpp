#pragma once
// The commands of the program. Each adds itself, and what it does, to the command line.

#include "cli/command_line.hpp"

namespace lshost::cli {

void add_replicate(CommandLine& line);
void add_restore(CommandLine& line);
void add_listings(CommandLine& line);  ///< databases, generations, snapshots, wal
void add_config(CommandLine& line);
void add_plugin(CommandLine& line);
void add_version(CommandLine& line);

}  // namespace lshost::cli
