#pragma once
// The words behind `lshost`: which commands and options there are, and what they ask for.
//
// It knows nothing of what a command does. The library that parses and prints the help stays in command_line.cpp: its
// headers take longer to compile than all commands together.

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

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

/// What a command does; returns an ExitCode. Throwing Error is allowed: main prints it, and exits with kWrongUsage for
/// ErrorCode::invalid and kFailed for the rest.
using Action = std::function<int()>;

/// What an option's value may be, and where else it may come from.
struct OptionRules {
  struct Range {
    int min = 0;
    int max = 0;  ///< included
  };
  bool is_required = false;
  std::vector<std::string> choices = {};      ///< the only values that are allowed; empty: all are
  std::optional<Range> range = std::nullopt;  ///< the numbers that are allowed
  std::string excludes = {};                  ///< an option, added before, that can not be given together with it
  std::string environment_variable = {};      ///< read if the option is not given
  bool shows_default = false;                 ///< the value that the variable has when it is added is in the help
  bool is_hidden = false;                     ///< not in the help: how the program speaks to itself
};

/// A command, or what is said before any: adds to it what can follow.
///
/// Names are as in "-o,--output"; without a dash it is a positional. A variable keeps its value if the option is not
/// given, may be shared by several options, and must live until CommandLine::parse() has returned. Whoever keeps it in
/// an object that the command's action owns has that.
///
/// Ownership: a handle, to be copied; must not outlive its CommandLine.
/// Threads:   one at a time, together with all others of the same CommandLine.
/// Errors:    a name that is taken or malformed, or rules that name no option, are mistakes of the program: they throw
///            what is not an Error.
class Command {
 public:
  [[nodiscard]] Command add_command(const std::string& name, const std::string& help) const;
  /// One of the commands that are added to this one must be named.
  void require_command() const;
  /// The help does not name it.
  void hide() const;

  void add_option(const std::string& names, std::string& value, const std::string& help,
                  const OptionRules& rules = {}) const;
  void add_option(const std::string& names, unsigned& value, const std::string& help,
                  const OptionRules& rules = {}) const;
  /// May be given again and again.
  void add_option(const std::string& names, std::vector<std::string>& values, const std::string& help,
                  const OptionRules& rules = {}) const;
  void add_flag(const std::string& names, bool& value, const std::string& help) const;

  /// What is to be run if this command is the one that was named.
  void run(Action action) const;

 private:
  friend class CommandLine;
  Command(CLI::App& app, Action& chosen) : app_(&app), chosen_(&chosen) {}

  CLI::App* app_;
  Action* chosen_;
};

/// All of the command line.
///
/// Example:
///     CommandLine line("lshost replicates SQLite databases.", "lshost");
///     line.top().add_command("version", "print the version").run([] { return print_version(); });
///     const auto parsed = line.parse(argc, argv, std::cout, std::cerr);
///     if (const auto* code = std::get_if<ExitCode>(&parsed)) return *code;
///     return std::get<Action>(parsed)();
///
/// Ownership: owns the actions that were added; parse() returns a copy of one.
/// Threads:   one at a time.
/// Errors:    a wrong command line is printed and becomes kWrongUsage; nothing is thrown for it.
class CommandLine {
 public:
  CommandLine(const std::string& summary, const std::string& program);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// What can be said before a command, and the commands themselves.
  [[nodiscard]] Command top() const;

  /// What is to be run if no command was named but `is_asked_for`, called after the options were read, says so.
  void run_without_command(std::function<bool()> is_asked_for, Action action);

  /// What is to be run, or the exit code if there is nothing to: kDone after the help was printed to `out`, kWrongUsage
  /// after a mistake, or the help because nothing was asked for, was printed to `err`. REQUIRES: called once.
  [[nodiscard]] std::variant<ExitCode, Action> parse(int argc, const char* const* argv, std::ostream& out,
                                                     std::ostream& err);

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace lshost::cli
