#pragma once
// The commands of the program. Each adds itself, and what it does, to the command line.

#include "cli/command_line.hpp"

namespace lshost::cli {

void add_replicate(CommandLine& line);
void add_restore(CommandLine& line);
void add_listings(CommandLine& line);  ///< databases, generations, snapshots, wal
void add_config(CommandLine& line);
void add_control(CommandLine& line);  ///< status, reload
void add_plugin(CommandLine& line);
void add_plugin_new(const Command& group);    ///< behind `plugin`
void add_plugin_check(const Command& group);  ///< plugin check, added by add_plugin
void add_plugin_child(CommandLine& line);     ///< hidden
void add_verify(CommandLine& line);
void add_version(CommandLine& line);

}  // namespace lshost::cli
