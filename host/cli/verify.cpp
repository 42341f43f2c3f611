// lshost verify: whether replicas hold what they should, by the running host or, where none runs, by this command
// itself.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/configured.hpp"
#include "cli/host_socket.hpp"
#include "cli/replica_access.hpp"
#include "cli/replica_url.hpp"
#include "cli/table.hpp"
#include "cli/verify_here.hpp"
#include "config/config.hpp"
#include "control/client.hpp"
#include "os/fs.hpp"
#include "os/limits.hpp"
#include "os/signals.hpp"
#include "replica/time_text.hpp"
#include "sqlite/connection.hpp"

namespace lshost::cli {
namespace {

using nlohmann::ordered_json;

struct Options {
  ReplicaQuery query;
  std::string socket;
  std::string scratch;
  bool json = false;
};

// ---- asking the host ----

/// A path as the host knows it; the name of a file as it is.
std::string as_host_knows(const std::string& database) {
  if (database.find('/') == std::string::npos) return database;
  return std::filesystem::absolute(database).lexically_normal().string();
}

bool has_no_socket(const Options& options) {
  if (!options.socket.empty() || options.query.config_file.empty()) return false;
  const auto configured = config::load(options.query.config_file).config.control_socket;
  return configured && configured->empty();
}

/// nullopt: no host can be asked.
std::optional<ordered_json> ask_host(const Options& options) {
  const bool is_url = parse_replica_url(options.query.database).has_value();
  if (is_url || has_no_socket(options)) return std::nullopt;
  if (options.socket.empty() && options.query.config_file.empty())
    throw Error(ErrorCode::invalid, "verify: no configuration; hint: pass --config FILE or set LSHOST_CONFIG");
  const auto socket = host_socket(options.socket, options.query.config_file);
  try {
    return control::ask(socket,
                        {control::Command::verify, as_host_knows(options.query.database), options.query.replica});
  } catch (const Error& e) {
    if (e.code() != ErrorCode::not_found || !options.socket.empty()) throw;
    return std::nullopt;
  }
}

// ---- doing it here ----

/// Beside the metadata of the database, as a host would; for a URL where temporary files go.
std::string scratch_for(const Options& options, const NamedReplica& named, const config::Config& config) {
  std::string directory = options.scratch;
  for (const auto& database : config.databases) {
    if (directory.empty() && !named.database_path.empty() && database.path == named.database_path)
      directory = database.verify_path;
  }
  if (directory.empty()) directory = std::filesystem::temp_directory_path().string();
  os::posix_fs().create_directories("verify", directory, 0700);
  return directory;
}

ordered_json to_json(const NamedReplica& named, const HereResult& result) {
  const auto text_or_null = [](const std::string& text) { return text.empty() ? ordered_json() : ordered_json(text); };
  return {{"database", named.database},
          {"replica", named.config.name},
          {"result", to_string(result.proof)},
          {"position", result.position.is_none() ? ordered_json() : ordered_json(db::to_string(result.position))},
          {"time", replica::time_text(system_clock().unix_now())},
          {"pages", result.pages == 0 ? ordered_json() : ordered_json(result.pages)},
          {"detail", text_or_null(result.detail)},
          {"sent_again", false}};
}

std::optional<ordered_json> verify_all_here(const Options& options) {
  const os::Signals signals;  // before any thread
  os::raise_open_files_limit();
  const auto access = ReplicaAccess::find(options.query);
  if (!access) return std::nullopt;
  sqlite::configure_library();
  config::Config config;
  if (!options.query.config_file.empty()) config = config::load(options.query.config_file).config;
  ordered_json answer = {{"by", "command"}, {"pid", nullptr}, {"replicas", ordered_json::array()}};
  for (const NamedReplica& named : access->replicas()) {
    HereResult result;
    try {
      const auto scratch = scratch_for(options, named, config);
      result = verify_here(named, *access->open(named), scratch, signals.stop_token());
    } catch (const Error& e) {
      if (e.code() == ErrorCode::cancelled) throw;
      result.detail = e.what();  // not verified
    }
    answer["replicas"].push_back(to_json(named, result));
  }
  return answer;
}

// ---- what is said ----

std::string text_of(const ordered_json& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

bool is_bad(const std::string& result) {
  return result == "differs" || result == "damaged" || result == "not verified";
}

/// What the host does about a replica that failed, or what a person can.
std::string consequence(const ordered_json& replica, bool by_host) {
  const auto result = text_of(replica.at("result"));
  if (result != "differs" && result != "damaged") return "";
  if (replica.at("sent_again").get<bool>()) return "; the host began a new generation and sends everything again";
  if (by_host) return "; it was sent again before and fails still, so the host waits before it sends it once more";
  return "; hint: start lshost: it verifies replicas that have a verify-interval, and sends this one again";
}

void print_answer(const ordered_json& answer) {
  const bool by_host = answer.at("by") == "host";
  if (by_host) {
    fmt::print(
        "verified by the running host, pid {}: each replica was restored and compared with the database at the "
        "same position\n\n",
        text_of(answer.at("pid")));
  } else {
    fmt::print(
        "no host was asked: the newest state of each replica was restored here and compared with the database "
        "as it is now\n\n");
  }
  Table table({{"database", "DATABASE"},
               {"replica", "REPLICA"},
               {"result", "RESULT"},
               {"position", "POSITION"},
               {"pages", "PAGES", true}});
  for (const auto& replica : answer.at("replicas")) {
    table.add({text_cell(text_of(replica.at("database"))), text_cell(text_of(replica.at("replica"))),
               text_cell(text_of(replica.at("result"))), text_cell(text_of(replica.at("position"))),
               text_cell(text_of(replica.at("pages")))});
  }
  fmt::print("{}", table.as_text());
  for (const auto& replica : answer.at("replicas")) {
    if (replica.at("detail").is_null()) continue;
    fmt::print("\n{} replica {}: {}{}\n", text_of(replica.at("database")), text_of(replica.at("replica")),
               text_of(replica.at("detail")), consequence(replica, by_host));
  }
}

int exit_code(const ordered_json& answer) {
  bool is_anything = false;
  for (const auto& replica : answer.at("replicas")) {
    const auto result = text_of(replica.at("result"));
    if (is_bad(result)) return kFailed;
    is_anything = is_anything || result != "nothing to verify";
  }
  return is_anything ? kDone : kNothingToRestore;
}

int verify(const Options& options) {
  auto answer = ask_host(options);
  if (!answer) answer = verify_all_here(options);
  if (!answer) return kWrongUsage;
  try {
    if (options.json) {
      fmt::print("{}\n", json_text(*answer));
    } else {
      print_answer(*answer);
    }
    return exit_code(*answer);
  } catch (const ordered_json::exception& e) {
    throw Error(ErrorCode::corrupt, std::string("the answer has another form than expected (") + e.what() +
                                        "); is the host another version of lshost?");
  }
}

}  // namespace

void add_verify(CommandLine& line) {
  const auto command =
      line.top().add_command("verify", "prove that replicas hold the database: restore them and compare");
  const auto options = std::make_shared<Options>();
  command.add_option("database", options->query.database,
                     "a database of the configuration, or the URL of a replica: file:///folder, s3://bucket/prefix, "
                     "...; all if not given");
  add_config_option(command, options->query.config_file);
  command.add_option("--replica", options->query.replica, "only the replica of this name");
  command.add_option("--socket", options->socket,
                     "the control socket of the host, where the configuration does not lead to it");
  command.add_option("--scratch", options->scratch,
                     "where no host runs: the folder to restore to for a while; verify-path if not given");
  command.add_flag("--json", options->json, "print as JSON");
  command.run([options] { return verify(*options); });
}

}  // namespace lshost::cli
