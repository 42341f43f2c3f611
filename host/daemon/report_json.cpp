#include "daemon/report_json.hpp"

#include <nlohmann/json.hpp>

#include "replica/time_text.hpp"

namespace lshost::daemon {

namespace {

using nlohmann::ordered_json;

ordered_json time_or_null(UnixNanos time) {
  return time == 0 ? ordered_json() : ordered_json(replica::time_text(time));
}

ordered_json text_or_null(const std::string& text) { return text.empty() ? ordered_json() : ordered_json(text); }

ordered_json position_or_null(const db::Position& position) {
  return position.is_none() ? ordered_json() : ordered_json(db::to_string(position));
}

ordered_json to_json(const plugin::PluginInfo& plugin) {
  return {{"name", plugin.name}, {"version", plugin.version}, {"file", plugin.path}};
}

ordered_json to_json(const plugin::PluginChange& change) {
  return {{"type", change.type},
          {"file", change.reason.empty() ? change.found.path : change.loaded.path},
          {"loaded_version", change.loaded.version},
          {"found_version", text_or_null(change.found.version)},
          {"message", plugin::sentence(change)}};
}

ordered_json to_json(const std::vector<plugin::PluginChange>& changes) {
  auto array = ordered_json::array();
  for (const auto& change : changes) array.push_back(to_json(change));
  return array;
}

/// What was proven last, and what keeps more from being proven.
ordered_json to_json(const VerifyHistory& history, std::chrono::nanoseconds interval) {
  ordered_json json;
  json["result"] = history.verdict ? ordered_json(replica::to_string(*history.verdict)) : ordered_json();
  json["position"] = position_or_null(history.position);
  json["time"] = time_or_null(history.judged_ns);
  json["detail"] = text_or_null(history.detail);
  json["being_sent_again"] = history.is_being_sent();
  json["failures_in_a_row"] = history.lies;
  json["sent_again"] = time_or_null(history.sent_again_ns);
  json["last_verified_position"] = position_or_null(history.verified);
  json["last_verified"] = time_or_null(history.verified_ns);
  json["could_not_be_verified"] = text_or_null(history.why_not);
  json["interval_seconds"] = std::chrono::duration<double>(interval).count();
  return json;
}

ordered_json to_json(const ReplicaReport& replica) {
  const ReplicaStatus& status = replica.status;
  ordered_json json = {{"name", replica.name}, {"type", replica.type}};
  json["plugin"] = replica.plugin ? to_json(*replica.plugin) : ordered_json();
  json["since"] = time_or_null(replica.made_ns);
  json["state"] = plugin::to_string(status.state);
  json["detail"] = text_or_null(status.detail);
  json["position"] = position_or_null(replica.durable);
  json["lag_bytes"] = replica.lag_bytes ? ordered_json(*replica.lag_bytes) : ordered_json();
  json["last_snapshot"] = time_or_null(status.last_snapshot_ns);
  json["last_error"] = text_or_null(status.last_error);
  json["errors_in_a_row"] = status.errors_in_a_row;
  json["verification"] = to_json(replica.verification, replica.verify_interval);
  return json;
}

ordered_json to_json(const DatabaseReport& database) {
  ordered_json json = {{"path", database.path}, {"since", time_or_null(database.made_ns)}};
  json["state"] = db::to_string(database.status.state);
  json["detail"] = text_or_null(database.status.detail);
  json["times_let_go"] = database.status.times_let_go;
  json["generation"] = text_or_null(database.status.tip.generation);
  json["position"] = position_or_null(database.status.tip);
  json["replicas"] = ordered_json::array();
  for (const auto& replica : database.replicas) json["replicas"].push_back(to_json(replica));
  return json;
}

ordered_json to_json(const ReloadAction& action) {
  ordered_json json = {{"what", action.what}, {"database", action.database}};
  json["replica"] = text_or_null(action.replica);
  json["error"] = text_or_null(action.error);
  return json;
}

ordered_json to_json(const config::Diagnostic& mistake) {
  return {{"line", mistake.location.line},
          {"column", mistake.location.column},
          {"severity", mistake.is_warning ? "warning" : "error"},
          {"message", mistake.message}};
}

ordered_json to_json(const VerifyAnswer& answer) {
  const auto verdict = answer.result.verdict;
  return {{"database", answer.path},
          {"replica", answer.replica},
          {"result", answer.is_nothing_there ? "nothing to verify" : replica::to_string(verdict)},
          {"position", position_or_null(answer.position)},
          {"time", time_or_null(answer.time_ns)},
          {"pages", verdict == replica::Verdict::verified ? ordered_json(answer.result.pages) : ordered_json()},
          {"detail", text_or_null(answer.result.detail)},
          {"sent_again", answer.is_sent_again}};
}

}  // namespace

ordered_json to_json(const HostReport& report) {
  ordered_json json = {{"version", report.version},
                       {"pid", report.pid},
                       {"config", report.config_file},
                       {"started", time_or_null(report.started_ns)},
                       {"uptime_seconds", (report.now_ns - report.started_ns) / 1'000'000'000}};
  json["databases"] = ordered_json::array();
  for (const auto& database : report.databases) json["databases"].push_back(to_json(database));
  json["replaced_plugins"] = to_json(report.replaced);
  return json;
}

ordered_json to_json(const std::vector<VerifyAnswer>& answers, int pid) {
  ordered_json json = {{"by", "host"}, {"pid", pid}, {"replicas", ordered_json::array()}};
  for (const auto& answer : answers) json["replicas"].push_back(to_json(answer));
  return json;
}

ordered_json to_json(const ReloadReport& report) {
  ordered_json json = {{"file", report.file}, {"refused", report.is_refused}, {"failed", report.has_failed()}};
  json["mistakes"] = ordered_json::array();
  for (const auto& mistake : report.mistakes) json["mistakes"].push_back(to_json(mistake));
  json["text"] = report.text;
  json["actions"] = ordered_json::array();
  for (const auto& action : report.actions) json["actions"].push_back(to_json(action));
  json["settings"] = report.settings;
  json["needs_restart"] = report.needs_restart;
  json["new_types"] = report.new_types;
  json["replaced_plugins"] = to_json(report.replaced);
  return json;
}

}  // namespace lshost::daemon
