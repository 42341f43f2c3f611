// lshost status, lshost reload: what a running host does, and that it reads its configuration again.

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/host_socket.hpp"
#include "cli/table.hpp"
#include "control/client.hpp"

namespace lshost::cli {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string config_file;
  std::string socket;
  bool json = false;
};

// ---- status ----

std::string text_of(const ordered_json& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string duration_text(std::int64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min", seconds / 60);
  if (seconds < 86'400) return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{} d {} h", seconds / 86'400, seconds / 3600 % 24);
}

/// "state: why", on one line and not longer than a terminal is wide.
std::string with_reason(const std::string& state, const ordered_json& reason) {
  constexpr std::size_t kLengthMax = 120;
  if (reason.is_null()) return state;
  std::string text = state + ": " + text_of(reason);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  if (text.size() > kLengthMax) text = text.substr(0, kLengthMax) + "...";
  return text;
}

Cell lag_cell(const ordered_json& lag) { return lag.is_null() ? missing_cell() : size_cell(lag.get<std::uint64_t>()); }

/// When it was last proven good; in capitals what is not good.
std::string verified_text(const ordered_json& verification) {
  const std::string last = text_of(verification.at("last_verified"));
  const std::string result = text_of(verification.at("result"));
  const bool is_bad = result == "differs" || result == "damaged";
  if (!is_bad) return last;
  std::string text = result == "differs" ? "DIFFERS" : "DAMAGED";
  text += " at " + text_of(verification.at("time"));
  if (verification.at("being_sent_again").get<bool>()) text += ", being sent again";
  return text;
}

/// What a person has to know about a replica that is not what it said.
void print_failed_verifications(const ordered_json& status) {
  for (const auto& database : status.at("databases")) {
    for (const auto& replica : database.at("replicas")) {
      const auto& verification = replica.at("verification");
      if (verification.at("failures_in_a_row").get<std::uint64_t>() == 0) continue;
      fmt::print("\n{} replica {}: the verification at {} failed: {}; last verified: {}\n",
                 text_of(database.at("path")), text_of(replica.at("name")), text_of(verification.at("position")),
                 text_of(verification.at("detail")), text_of(verification.at("last_verified")));
    }
  }
}

/// What a person has to know about a log whose states between were not captured.
void print_logs_let_go(const ordered_json& status) {
  for (const auto& database : status.at("databases")) {
    const auto times = database.at("times_let_go").get<std::uint64_t>();
    if (times == 0) continue;
    fmt::print(
        "\n{}: its log was let go {} since the start, because capture did not keep up; the host's log says why\n",
        text_of(database.at("path")), times == 1 ? "once" : fmt::format("{} times", times));
  }
}

void add_replica(Table& table, const ordered_json& database, const ordered_json& replica) {
  const auto& plugin = replica.at("plugin");
  const auto plugin_text = plugin.is_null() ? "-" : text_of(plugin.at("name")) + " " + text_of(plugin.at("version"));
  table.add({text_cell(text_of(database.at("path"))), text_cell(text_of(replica.at("name"))),
             text_cell(text_of(replica.at("type"))), text_cell(plugin_text), text_cell(text_of(replica.at("position"))),
             lag_cell(replica.at("lag_bytes")), text_cell(verified_text(replica.at("verification"))),
             text_cell(with_reason(text_of(replica.at("state")), replica.at("last_error")))});
}

void print_status(const ordered_json& status) {
  fmt::print("lshost {}, pid {}, up {}, {}\n\n", text_of(status.at("version")), text_of(status.at("pid")),
             duration_text(status.at("uptime_seconds").get<std::int64_t>()), text_of(status.at("config")));
  Table databases({{"database", "DATABASE"}, {"position", "POSITION"}, {"state", "STATE"}});
  Table replicas({{"database", "DATABASE"},
                  {"replica", "REPLICA"},
                  {"type", "TYPE"},
                  {"plugin", "PLUGIN"},
                  {"position", "POSITION"},
                  {"lag", "LAG", true},
                  {"verified", "VERIFIED"},
                  {"state", "STATE"}});
  for (const auto& database : status.at("databases")) {
    databases.add({text_cell(text_of(database.at("path"))), text_cell(text_of(database.at("position"))),
                   text_cell(with_reason(text_of(database.at("state")), database.at("detail")))});
    for (const auto& replica : database.at("replicas")) add_replica(replicas, database, replica);
  }
  fmt::print("{}\n{}", databases.as_text(), replicas.as_text());
  print_failed_verifications(status);
  print_logs_let_go(status);
  for (const auto& change : status.at("replaced_plugins")) fmt::print("\n{}\n", text_of(change.at("message")));
}

/// An answer of another version may lack what is asked for here.
template <class Print>
void print_or_explain(const ordered_json& answer, bool json, Print print) {
  try {
    if (json) {
      fmt::print("{}\n", json_text(answer));
    } else {
      print(answer);
    }
  } catch (const ordered_json::exception& e) {
    throw Error(ErrorCode::corrupt, std::string("the answer has another form than expected (") + e.what() +
                                        "); is the host another version of lshost? hint: --json prints it as it is");
  }
}

int show_status(const Options& options) {
  print_or_explain(control::ask(host_socket(options.socket, options.config_file), {control::Command::status}),
                   options.json, print_status);
  return kDone;
}

// ---- reload ----

void print_reload(const ordered_json& reload) {
  fmt::print(stderr, "{}", text_of(reload.at("text")));
  if (reload.at("refused").get<bool>()) {
    fmt::print(stderr, "lshost: reload: the configuration has mistakes; nothing was changed\n");
  }
  for (const auto& action : reload.at("actions")) {
    const auto& error = action.at("error");
    const auto& replica = action.at("replica");
    fmt::print("{}{} {}{}{}\n", error.is_null() ? "" : "NOT ", text_of(action.at("what")),
               text_of(action.at("database")), replica.is_null() ? "" : " replica " + text_of(replica),
               error.is_null() ? "" : ": " + text_of(error));
  }
  for (const auto& key : reload.at("settings")) fmt::print("changed {}\n", text_of(key));
  for (const auto& type : reload.at("new_types")) fmt::print("found the new plugin type '{}'\n", text_of(type));
  for (const auto& change : reload.at("replaced_plugins")) fmt::print("{}\n", text_of(change.at("message")));
  for (const auto& key : reload.at("needs_restart"))
    fmt::print("{}: the new value holds after a restart of lshost\n", text_of(key));
  const bool is_nothing = reload.at("actions").empty() && reload.at("settings").empty() &&
                          reload.at("needs_restart").empty() && !reload.at("refused").get<bool>();
  if (is_nothing) fmt::print("nothing in the configuration has changed\n");
}

int reload(const Options& options) {
  const auto answer = control::ask(host_socket(options.socket, options.config_file), {control::Command::reload});
  print_or_explain(answer, options.json, print_reload);
  if (answer.value("refused", false)) return kWrongUsage;
  return answer.value("failed", false) ? kFailed : kDone;
}

void add_common(const Command& command, Options& options) {
  command.add_option("--config", options.config_file, "the configuration of the host that is meant",
                     {.environment_variable = "LSHOST_CONFIG"});
  command.add_option("--socket", options.socket, "its control socket, where the configuration does not lead to it");
  command.add_flag("--json", options.json, "print JSON");
}

}  // namespace

void add_control(CommandLine& line) {
  const auto options = std::make_shared<Options>();
  const auto status = line.top().add_command("status", "show what a running host replicates, and how far it is");
  add_common(status, *options);
  status.run([options] { return show_status(*options); });
  const auto command = line.top().add_command("reload", "let a running host apply its changed configuration");
  add_common(command, *options);
  command.run([options] { return reload(*options); });
}

}  // namespace lshost::cli
