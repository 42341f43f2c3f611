#include "check/bench.hpp"

#include <xxhash.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/error.hpp"
#include "plugin/library.hpp"
#include "plugin/plugin_file.hpp"

namespace lshost::check {
namespace {

namespace fs = std::filesystem;

std::string only_type(const plugin::Identity& identity, const std::string& asked) {
  if (!asked.empty()) return asked;
  if (identity.types.size() == 1) return identity.types.front();
  std::string names;
  for (const auto& type : identity.types) names += (names.empty() ? "" : ", ") + type;
  throw Error(ErrorCode::invalid, "the plugin has several types (" + names + "); hint: choose one with --type.");
}

std::string made(std::string folder) {
  fs::create_directories(folder);
  return folder;
}

}  // namespace

std::vector<std::string> arguments_of(const Request& request, const Role& role) {
  std::vector<std::string> words = {"plugin",
                                    "check",
                                    request.file,
                                    "--seed",
                                    std::to_string(request.seed),
                                    "--rounds",
                                    std::to_string(request.rounds)};
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) words.insert(words.end(), {option, value});
  };
  add("--type", request.type);
  add("--config", request.config_file);
  for (const auto& setting : request.set) add("--set", setting);
  add("--as", role.case_name);
  add("--work", role.work);
  add("--part", role.part);
  return words;
}

Bench::Bench(Request request, Role role)
    : request_(std::move(request)),
      role_(std::move(role)),
      folder_(made(role_.work + "/" + role_.case_name)),
      seed_(XXH3_64bits_withSeed(role_.case_name.data(), role_.case_name.size(), request_.seed)) {}

void Bench::doing(const std::string& what) {
  doing_ = what;
  if (role_.part.empty()) send_line(encode({what, std::nullopt}));
}

const plugin::PluginType& Bench::type() {
  if (!type_) {
    const std::string before = doing_;
    doing("the plugin was being loaded");
    auto file = plugin::open_plugin_file(request_.file);
    const std::string name = only_type(file.identity, request_.type);
    type_ = plugin::find_type(plugin::load_library(std::move(file)), name);
    doing(before);
  }
  return *type_;
}

const Keys& Bench::keys() {
  if (!keys_) keys_ = plugin::schema_of(type());
  return *keys_;
}

config::ReplicaConfig Bench::config_at(const std::string& place) {
  const auto replica = replica_of(request_, std::string(type().table.type), keys(), is_store());
  // The folder of the run has a name that nobody used before.
  const std::string run = fs::path(role_.work).filename().string();
  return placed(replica, path("at-" + place), run + "-" + role_.case_name + "-" + place);
}

std::shared_ptr<plugin::Instance> Bench::make_instance(const config::ReplicaConfig& config, db::Feed* feed, Tap* tap,
                                                       const std::string& work_dir) {
  plugin::ReplicaSetup setup;
  setup.config = config;
  setup.database = "app.db";
  setup.work_dir = work_dir;
  setup.feed = feed;
  setup.services = tap;
  return std::make_shared<plugin::Instance>(type(), std::move(setup));
}

std::unique_ptr<plugin::ReplicatorAdapter> Bench::make(const config::ReplicaConfig& config, db::Feed* feed, Tap* tap,
                                                       const std::string& work_dir) {
  return std::make_unique<plugin::ReplicatorAdapter>(make_instance(config, feed, tap, work_dir));
}

std::unique_ptr<Child> Bench::start_part(const std::string& part) const {
  Role role = role_;
  role.part = part;
  return std::make_unique<Child>(arguments_of(request_, role), path("output-of-parts"), Group::same);
}

void end(plugin::ReplicatorAdapter& replicator, std::chrono::milliseconds limit) noexcept {
  try {
    replicator.stop(limit);
  } catch (const std::exception&) {
    // It is given up: nothing of it reaches the feed any more.
  }
}

}  // namespace lshost::check
