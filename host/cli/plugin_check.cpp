// lshost plugin check FILE: whether a plugin keeps what the ABI promises.

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/error.hpp"
#include "base/random_id.hpp"
#include "check/bench.hpp"
#include "check/report.hpp"
#include "check/runner.hpp"
#include "cli/command.hpp"
#include "config/config.hpp"
#include "plugin/plugin_file.hpp"

namespace lshost::cli {
namespace {

struct Options {
  check::Request request;
  check::Role role;
  std::string seed;
  std::vector<std::string> cases;
  bool lists = false;
  bool json = false;
};

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorCode::invalid, "plugin check: " + message); }

/// Numbers that people can read to each other, unless they gave one.
std::uint64_t seed_of(const std::string& text) {
  if (text.empty()) return random_u64() % 1'000'000'000;
  std::uint64_t seed = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (failure != std::errc{} || end != text.data() + text.size()) refuse("--seed is no whole number");
  return seed;
}

void require_known(const std::vector<std::string>& names) {
  std::vector<std::string> known;
  for (const auto& which : check::all_cases()) known.emplace_back(which.name);
  for (const auto& name : names) {
    if (check::find_case(name) != nullptr) continue;
    const auto meant = config::nearest(name, known);
    refuse(fmt::format("there is no case '{}'{}; hint: --list shows all.", name,
                       meant ? fmt::format(", did you mean '{}'?", *meant) : ""));
  }
}

/// In the order of the suite, whatever the order of the options: a case comes behind the one that it needs.
std::vector<const check::Case*> chosen(const Options& options) {
  require_known(options.cases);
  std::vector<const check::Case*> cases;
  for (const auto& which : check::all_cases()) {
    if (options.cases.empty() || std::ranges::find(options.cases, which.name) != options.cases.end()) {
      cases.push_back(&which);
    }
  }
  return cases;
}

void print_json(const nlohmann::ordered_json& json) {
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

int list(const Options& options) {
  const auto cases = chosen(options);
  if (options.json) {
    print_json(check::to_json(cases));
  } else {
    fmt::print("{}", check::list_of(cases));
  }
  return kDone;
}

int run(Options options) {
  check::Request& request = options.request;
  if (request.file.empty()) refuse("which plugin? hint: lshost plugin check ./lshost-foo.so");
  std::error_code failure;
  if (!std::filesystem::is_regular_file(request.file, failure)) refuse(request.file + " is no file");
  for (const auto& setting : request.set) {
    if (setting.find('=') == std::string::npos) refuse(fmt::format("--set {}: hint: write it as KEY=VALUE.", setting));
  }
  request.file = std::filesystem::absolute(request.file).lexically_normal().string();
  request.seed = seed_of(options.seed);
  if (!options.role.case_name.empty()) check::run_role(request, options.role);
  const auto cases = chosen(options);
  if (!options.json) fmt::print("{}, seed {}\n", request.file, request.seed);
  const auto results = check::run_cases(request, cases, [&](const check::Result& result) {
    if (options.json) return;
    fmt::print("{}", check::text_of(result));
    (void)std::fflush(stdout);
  });
  if (options.json) {
    print_json(check::to_json(request, results));
  } else {
    fmt::print("{}", check::summary_of(request, results));
  }
  return check::count(results).failed == 0 ? kDone : kFailed;
}

}  // namespace

void add_plugin_check(const Command& group) {
  const auto options = std::make_shared<Options>();
  const auto command = group.add_command("check", "check that a plugin keeps what the ABI promises, case by case");
  command.add_option("FILE", options->request.file, "the plugin, like ./lshost-foo.so");
  command.add_option("--type", options->request.type, "the type to check, if the plugin has several");
  command.add_option("--set", options->request.set,
                     "KEY=VALUE for the configuration of the replica; in a VALUE, {scratch} is a fresh folder of each "
                     "case, {unique} a fresh word, ${NAME} an environment variable");
  command.add_option("--config", options->request.config_file,
                     "take the keys of the first replica of the type from this configuration");
  command.add_option("--case", options->cases, "only this case; may be repeated");
  command.add_flag("--list", options->lists, "list the cases and what each promises");
  command.add_option("--seed", options->seed, "repeat a run with the seed that it printed");
  command.add_option("--rounds", options->request.rounds, "how often random things are tried",
                     {.range = OptionRules::Range{1, 1000}, .shows_default = true});
  command.add_flag("--json", options->json, "print JSON");
  // How the program starts itself.
  command.add_option("--as", options->role.case_name, "", {.is_hidden = true});
  command.add_option("--work", options->role.work, "", {.is_hidden = true});
  command.add_option("--part", options->role.part, "", {.is_hidden = true});
  command.run([options] { return options->lists ? list(*options) : run(*options); });
}

}  // namespace lshost::cli
