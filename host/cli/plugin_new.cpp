// lshost plugin new NAME: writes the project of a new plugin.

#include <fmt/format.h>

#include <memory>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "os/fs.hpp"
#include "plugin/plugin_registry.hpp"
#include "scaffold/project.hpp"

namespace lshost::cli {
namespace {

struct Options {
  std::string name;
  std::string layer = "blob";
  std::string language = "c++";
  std::string folder;
};

int make_plugin(const Options& options) {
  scaffold::check_name(options.name);
  const auto& from = scaffold::find_template(scaffold::templates(), options.layer, options.language);
  if (const auto taken = plugin::PluginRegistry({}).find(options.name)) {
    throw Error(ErrorCode::invalid,
                fmt::format("plugin new: there is a plugin of type '{}' already: {}; hint: take another "
                            "name, as a configuration could mean either",
                            options.name, taken->path));
  }
  const std::string folder = options.folder.empty() ? "lshost-" + options.name : options.folder;
  scaffold::write_project(os::posix_fs(), from, options.name, folder);
  fmt::print("{} holds a plugin that works: a {} in {}. Build and test it:\n\n    cd {} && {}\n", folder, options.layer,
             options.language, folder, scaffold::command_of(from));
  return kDone;
}

}  // namespace

void add_plugin_new(const Command& group) {
  const auto options = std::make_shared<Options>();
  const auto command = group.add_command("new", "write a small project for a plugin of your own, ready to be built");
  command.add_option("NAME", options->name, "its type, as it will stand behind type = in a configuration",
                     {.is_required = true});
  command.add_option("--layer", options->layer,
                     "blob: write put, get, list and remove, the host does the rest; replicator: write the loop, too",
                     {.choices = {"blob", "replicator"}, .shows_default = true});
  command.add_option("--lang", options->language, "what it is written in",
                     {.choices = {"c++", "c", "rust"}, .shows_default = true});
  command.add_option("--output", options->folder, "the folder to make; default: lshost-NAME");
  command.run([options] { return make_plugin(*options); });
}

}  // namespace lshost::cli
