// lshost plugin-child: what the host starts for a replica with isolation = "process". Not for people, so not in the
// help.

#include <memory>

#include "cli/command.hpp"
#include "isolation/plugin_child.hpp"

namespace lshost::cli {

void add_plugin_child(CommandLine& line) {
  const auto descriptor = std::make_shared<unsigned>(0);
  const auto command = line.top().add_command("plugin-child", "the process of one plugin; started by lshost itself");
  command.hide();
  command.add_option("--fd", *descriptor, "the socket to the host", {.is_required = true});
  command.run([descriptor]() -> int { isolation::run_plugin_child(static_cast<int>(*descriptor)); });
}

}  // namespace lshost::cli
