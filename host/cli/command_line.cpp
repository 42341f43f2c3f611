#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <ostream>
#include <utility>

namespace lshost::cli {
namespace {

void apply(const OptionRules& rules, CLI::App& app, CLI::Option& option) {
  option.required(rules.is_required);
  if (!rules.choices.empty()) option.check(CLI::IsMember(rules.choices));
  if (rules.range) option.check(CLI::Range(rules.range->min, rules.range->max));
  if (!rules.excludes.empty()) option.excludes(app.get_option(rules.excludes));
  if (!rules.environment_variable.empty()) option.envname(rules.environment_variable);
  if (rules.shows_default) option.capture_default_str();
  if (rules.is_hidden) option.group("");
}

}  // namespace

Command Command::add_command(const std::string& name, const std::string& help) const {
  return {*app_->add_subcommand(name, help), *chosen_};
}

void Command::require_command() const { app_->require_subcommand(1); }

void Command::hide() const { app_->group(""); }

void Command::add_option(const std::string& names, std::string& value, const std::string& help,
                         const OptionRules& rules) const {
  apply(rules, *app_, *app_->add_option(names, value, help));
}

void Command::add_option(const std::string& names, unsigned& value, const std::string& help,
                         const OptionRules& rules) const {
  apply(rules, *app_, *app_->add_option(names, value, help));
}

void Command::add_option(const std::string& names, std::vector<std::string>& values, const std::string& help,
                         const OptionRules& rules) const {
  // One value each time: what follows is another word of the command line.
  apply(rules, *app_, *app_->add_option(names, values, help)->expected(1)->take_all()->allow_extra_args(false));
}

void Command::add_flag(const std::string& names, bool& value, const std::string& help) const {
  app_->add_flag(names, value, help);
}

void Command::run(Action action) const {
  app_->callback([chosen = chosen_, action = std::move(action)] { *chosen = action; });
}

struct CommandLine::Impl {
  CLI::App app;
  Action chosen;
  std::function<bool()> is_asked_for;
  Action without_command;
};

CommandLine::CommandLine(const std::string& summary, const std::string& program) : impl_(std::make_unique<Impl>()) {
  impl_->app.description(summary);
  impl_->app.name(program);
  impl_->app.require_subcommand(0, 1);
}

CommandLine::~CommandLine() = default;

Command CommandLine::top() const { return {impl_->app, impl_->chosen}; }

void CommandLine::run_without_command(std::function<bool()> is_asked_for, Action action) {
  impl_->is_asked_for = std::move(is_asked_for);
  impl_->without_command = std::move(action);
}

std::variant<ExitCode, Action> CommandLine::parse(int argc, const char* const* argv, std::ostream& out,
                                                  std::ostream& err) {
  CLI::App& app = impl_->app;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e, out, err) == 0 ? kDone : kWrongUsage;
  }
  if (impl_->chosen) return impl_->chosen;
  const bool is_bare = app.get_subcommands().empty();
  if (is_bare && impl_->is_asked_for && impl_->is_asked_for()) return impl_->without_command;
  err << app.help();
  return kWrongUsage;
}

}  // namespace lshost::cli
