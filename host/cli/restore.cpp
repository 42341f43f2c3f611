// lshost restore: a database as it was at a target, from a replica.

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "cli/choose_replica.hpp"
#include "cli/command.hpp"
#include "cli/configured.hpp"
#include "cli/progress_line.hpp"
#include "cli/replica_access.hpp"
#include "cli/table.hpp"
#include "os/fs.hpp"
#include "os/limits.hpp"
#include "os/signals.hpp"
#include "replica/catalog_reader.hpp"
#include "replica/restore_plan.hpp"
#include "replica/restorer.hpp"
#include "replica/time_text.hpp"

namespace lshost::cli {
namespace {

using nlohmann::ordered_json;
using replica::Refusal;
using replica::RestorePlan;

struct Options {
  ReplicaQuery query;
  std::string output;
  std::string generation;
  std::string timestamp;
  std::string position;
  std::string verify = "quick";
  unsigned threads = 0;
  bool force = false;
  bool if_db_not_exists = false;
  bool if_replica_exists = false;
  bool dry_run = false;
  bool json = false;
};

// What was asked for
// ---------------------------------------------------------------------------------------------------

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorCode::invalid, "restore: " + message); }

replica::RestoreTarget parse_position(std::string text, std::optional<std::string>& generation) {
  const std::string whole = text;
  if (const auto slash = text.find('/'); slash != std::string::npos) {
    const std::string named = text.substr(0, slash);
    if (generation && *generation != named) refuse("--generation and --position name two generations");
    generation = named;
    text.erase(0, slash + 1);
  }
  const auto place = db::parse_index_offset(text);
  if (!place) refuse(fmt::format("'{}' is no position; hint: INDEX:OFFSET in hex, as `lshost wal` prints it.", whole));
  return replica::PositionTarget{*place};
}

replica::RestoreRequest parse_request(const Options& options) {
  replica::RestoreRequest request;
  if (!options.generation.empty()) request.generation = options.generation;
  if (!options.position.empty()) request.target = parse_position(options.position, request.generation);
  if (!options.timestamp.empty()) {
    const auto ns = replica::parse_time(options.timestamp);
    if (!ns) {
      refuse(
          fmt::format("'{}' is no time; hint: 2026-01-02T03:04:05Z, with a fraction or an offset like +01:00 if "
                      "needed, or '2026-01-02 03:04:05' in local time.",
                      options.timestamp));
    }
    request.target = replica::TimeTarget{*ns};
  }
  if (request.generation && !db::is_generation(*request.generation)) {
    refuse(fmt::format("'{}' is no generation; hint: 16 lowercase hex digits.", *request.generation));
  }
  return request;
}

sqlite::CheckLevel check_level(const std::string& word) {
  if (word == "none") return sqlite::CheckLevel::none;
  return word == "full" ? sqlite::CheckLevel::full : sqlite::CheckLevel::quick;
}

/// The replicas must be those of one database, and the output must be known.
std::string output_of(const Options& options, const ReplicaAccess& access) {
  if (access.replicas().empty()) refuse("the configuration names no replica of it");
  for (const NamedReplica& replica : access.replicas()) {
    if (replica.database != access.replicas().front().database) refuse("name the database to restore");
  }
  if (!options.output.empty()) return std::filesystem::absolute(options.output).lexically_normal().string();
  const std::string& path = access.replicas().front().database_path;
  if (path.empty()) refuse("--output is needed to restore from a URL");
  return path;
}

// What is said
// ---------------------------------------------------------------------------------------------------------

ordered_json to_json(const db::Position& position) {
  return {{"position", db::to_string(position)},
          {"generation", position.generation},
          {"index", position.index},
          {"offset", position.offset}};
}

ordered_json time_json(UnixNanos ns) { return ns == 0 ? ordered_json(nullptr) : ordered_json(replica::time_text(ns)); }

ordered_json to_json(const RestorePlan& plan, const NamedReplica& replica, const std::string& output) {
  ordered_json snapshot = to_json(plan.snapshot.position);
  snapshot["size_bytes"] = plan.snapshot.size_bytes;
  snapshot["created"] = time_json(plan.snapshot.created_ns);
  ordered_json wal = {{"indexes", plan.steps.size()}, {"size_bytes", plan.wal_bytes()}};
  if (!plan.steps.empty()) {
    wal["first_index"] = plan.steps.front().index;
    wal["last_index"] = plan.steps.back().index;
  }
  return {{"database", replica.database},
          {"replica", replica.config.name},
          {"type", replica.config.type},
          {"snapshot", snapshot},
          {"wal", wal},
          {"target", to_json(plan.target)},
          {"as_of", time_json(plan.as_of_ns)},
          {"note", plan.note},
          {"output", output}};
}

void print_plan(const RestorePlan& plan, const NamedReplica& replica, const std::string& output) {
  fmt::print("restore of {} from replica '{}'\n", replica.database, replica.config.name);
  fmt::print("  snapshot  {}, {}, {}\n", db::to_string(plan.snapshot.position), size_text(plan.snapshot.size_bytes),
             replica::time_text(plan.snapshot.created_ns));
  if (plan.steps.empty()) {
    fmt::print("  wal       none\n");
  } else {
    fmt::print("  wal       index {:08x} to {:08x}, {}\n", plan.steps.front().index, plan.steps.back().index,
               size_text(plan.wal_bytes()));
  }
  fmt::print("  target    {}, committed by {}\n", db::to_string(plan.target), replica::time_text(plan.as_of_ns));
  fmt::print("  output    {}\n", output);
  if (!plan.note.empty()) fmt::print("  note      {}\n", plan.note);
}

/// Nothing was restored, and that is all right.
int leave(const Options& options, const std::string& why) {
  if (options.json) {
    fmt::print("{}\n", json_text({{"restored", false}, {"reason", why}}));
  } else {
    fmt::print("nothing was restored: {}\n", why);
  }
  return kDone;
}

// The command
// ----------------------------------------------------------------------------------------------------------

bool holds_nothing(const std::vector<Candidate>& candidates) {
  for (const Candidate& candidate : candidates) {
    if (!candidate.failure.empty()) return false;
    for (const auto& generation : candidate.catalog.generations) {
      if (!generation.is_empty()) return false;
    }
  }
  return true;
}

/// Plans. A gap can be an artefact of listing while the replica grows, so it is believed at the second look only.
replica::PlanResult plan(Candidate& candidate, const replica::RestoreRequest& request) {
  const auto commit_times = [&](const replica::Item& item) { return candidate.replicator->commit_times(item); };
  auto result = replica::plan_restore(candidate.catalog, request, commit_times);
  const auto* refusal = std::get_if<Refusal>(&result);
  if (refusal == nullptr || refusal->missing.is_none()) return result;
  candidate.catalog = replica::read_catalog(*candidate.replicator);
  return replica::plan_restore(candidate.catalog, request, commit_times);
}

int refuse_plan(const NamedReplica& from, const Refusal& refusal, const std::string& other_replicas) {
  fmt::print(stderr, "lshost: restore {} (replica {}): {}{}{}{}\n", from.database, from.config.name, refusal.reason,
             refusal.hint.empty() ? "" : "; hint: ", refusal.hint, other_replicas);
  return refusal.nothing_to_restore ? kNothingToRestore : kFailed;
}

void print_report(const Options& options, ordered_json json, const RestorePlan& plan,
                  const replica::RestoreReport& report, const std::string& output, double seconds) {
  if (options.json) {
    json["restored"] = true;
    json["size_bytes"] = report.size_bytes;
    json["page_size"] = report.page_size;
    json["wal_frames"] = report.wal_frames;
    json["verify"] = options.verify;
    json["verify_note"] = report.check_note;
    json["elapsed_seconds"] = seconds;
    fmt::print("{}\n", json_text(json));
    return;
  }
  fmt::print("restored {}: {} as of {}, committed by {}, in {:.2f} s\n", output, size_text(report.size_bytes),
             db::to_string(plan.target), replica::time_text(plan.as_of_ns), seconds);
  if (!plan.note.empty()) fmt::print("note: {}\n", plan.note);
  if (!report.check_note.empty()) fmt::print("note: {}\n", report.check_note);
}

int restore(const Options& options) {
  const os::Signals signals;  // before any thread
  os::raise_open_files_limit();
  const auto request = parse_request(options);
  const auto access = ReplicaAccess::find(options.query);
  if (!access) return kWrongUsage;
  const std::string output = output_of(options, *access);
  if (options.if_db_not_exists && os::posix_fs().stat("restore.stat", output))
    return leave(options, output + " exists");

  auto candidates = read_candidates(*access);
  if (options.if_replica_exists && holds_nothing(candidates)) return leave(options, "the replica holds no data");
  const std::size_t chosen = with_context("restore", [&] { return choose_newest(candidates); });
  Candidate& candidate = candidates[chosen];
  const std::string others = hint_at_others(candidates, chosen);
  const auto planned = plan(candidate, request);
  if (const auto* refusal = std::get_if<Refusal>(&planned)) return refuse_plan(*candidate.named, *refusal, others);
  const auto& restore_plan = std::get<RestorePlan>(planned);
  ordered_json json = to_json(restore_plan, *candidate.named, output);
  if (options.dry_run) {
    json["restored"] = false;
    options.json ? fmt::print("{}\n", json_text(json)) : print_plan(restore_plan, *candidate.named, output);
    return kDone;
  }

  replica::RestoreOptions restore_options;
  restore_options.output = output;
  restore_options.force = options.force;
  restore_options.check = check_level(options.verify);
  restore_options.threads = options.threads;
  restore_options.stop = signals.stop_token();
  replica::RestoreProgress progress;
  const auto start = std::chrono::steady_clock::now();
  try {
    const auto report = [&] {
      const ProgressLine line(progress);
      return replica::restore_database(*candidate.replicator, restore_plan, restore_options, os::posix_fs(), progress);
    }();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    print_report(options, std::move(json), restore_plan, report, output, elapsed.count());
    return kDone;
  } catch (const Error& e) {
    const bool is_replica_at_fault = e.code() == ErrorCode::corrupt || e.code() == ErrorCode::not_found;
    throw Error(e.code(), fmt::format("restore: {}{}", e.what(), is_replica_at_fault ? others : ""));
  }
}

}  // namespace

void add_restore(CommandLine& line) {
  const auto command = line.top().add_command("restore", "restore a database from a replica");
  const auto o = std::make_shared<Options>();
  command.add_option(
      "database", o->query.database,
      "a database of the configuration, or the URL of a replica: file:///folder, s3://bucket/prefix, ...",
      {.is_required = true});
  add_config_option(command, o->query.config_file);
  command.add_option("-o,--output", o->output, "where to restore to; the database's own path if not given");
  command.add_option("--replica", o->query.replica, "the replica to restore from; the newest if not given");
  command.add_option("--generation", o->generation, "the generation to restore; chosen by the target if not given");
  command.add_option("--timestamp", o->timestamp, "restore what was committed by then: RFC 3339, or local time");
  command.add_option("--position", o->position, "restore this very transaction: INDEX:OFFSET, its end",
                     {.excludes = "--timestamp"});
  command.add_flag("--force", o->force, "replace what lies at the output");
  command.add_flag("--if-db-not-exists", o->if_db_not_exists, "do nothing and succeed if the output exists");
  command.add_flag("--if-replica-exists", o->if_replica_exists, "do nothing and succeed if the replica holds no data");
  command.add_flag("--dry-run", o->dry_run, "print what would be restored, and restore nothing");
  command.add_option("--verify", o->verify, "check the result: none, quick or full",
                     {.choices = {"none", "quick", "full"}, .shows_default = true});
  command.add_option("--threads", o->threads,
                     "threads to read and write with; by the destination and the number of cores if not given",
                     {.range = {{.min = 1, .max = 256}}});
  command.add_flag("--json", o->json, "print the result as JSON");
  command.run([o] { return restore(*o); });
}

}  // namespace lshost::cli
