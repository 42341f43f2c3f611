#include <lshost/plugin.h>

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "check/cases.hpp"
#include "check/process_state.hpp"

namespace lshost::check {
namespace {

using config::KeySpec;
using config::KeyType;
using config::ReplicaConfig;
using config::Value;

/// What create says to a configuration: its sentence, nullopt where it takes it.
std::optional<std::string> refusal_of(Bench& bench, const ReplicaConfig& config, Tap* tap = nullptr) {
  try {
    (void)bench.make(config, nullptr, tap);
    return std::nullopt;
  } catch (const Error& e) {
    return e.what();
  }
}

void require_named(const std::string& refusal, const std::string& key, const std::string& mistake) {
  if (refusal.find(key) != std::string::npos) return;
  throw Failed(fmt::format("{}: the error does not name the key '{}': {}", mistake, key, refusal));
}

/// A value that no conversion makes one of the type.
Value wrong_value(const KeySpec& key) {
  if (key.type == KeyType::string) return {std::int64_t{17}};
  return {"lshost-check-no-such-value"};
}

std::string_view name_of(KeyType type) {
  constexpr std::string_view kNames[] = {"a string", "an integer", "a boolean", "a number", "a duration", "a size"};
  return kNames[static_cast<std::size_t>(type)];
}

}  // namespace

void case_create(Bench& bench) {
  const auto config = bench.config_at("a");
  const auto& type = bench.type();
  const auto before = look_at_process();
  bench.doing("create was called");
  const auto replicator = bench.make(config, nullptr, nullptr);
  const auto after = look_at_process();
  if (replicator->type() != type.table.type) {
    throw Failed(fmt::format("the replicator's type is '{}', not '{}'", replicator->type(), type.table.type));
  }
  if (replicator->name().empty()) throw Failed("the replicator has no name");
  const std::string changed = changes(before, after);
  if (!changed.empty()) throw Failed("create has to read the configuration and nothing more: " + changed);
  bench.doing("destroy was called");
}

void case_config_unknown(Bench& bench) {
  const std::string key = "lshost-check-unknown";
  auto config = bench.config_at("a");
  set_value(config, key, {std::int64_t{1}});
  const auto refusal = refusal_of(bench, config);
  if (!refusal) throw Failed(fmt::format("create accepts the key '{}', which it can not know", key));
  require_named(*refusal, key, "an unknown key");
}

void case_config_types(Bench& bench) {
  const Keys& keys = bench.keys();
  if (!keys) throw Skipped("the type declares no keys (" LSHOST_EXT_CONFIG_SCHEMA ")");
  for (const KeySpec& key : *keys) {
    auto config = bench.config_at("a");
    set_value(config, key.key, wrong_value(key));
    bench.doing(fmt::format("create got a value for '{}' that is not {}", key.key, name_of(key.type)));
    Tap tap;
    const auto refusal = refusal_of(bench, config, &tap);
    if (refusal) {
      require_named(*refusal, key.key, "a value of the wrong type");
      continue;
    }
    // A key that it did not ask for in this configuration is the schema's to check.
    const auto refused = tap.said().refused_values;
    if (std::ranges::find(refused, key.key) != refused.end()) {
      throw Failed(
          fmt::format("config_get told create that '{}' is not {}, and create went on", key.key, name_of(key.type)));
    }
  }
}

void case_config_missing(Bench& bench) {
  const Keys& keys = bench.keys();
  if (!keys) throw Skipped("the type declares no keys (" LSHOST_EXT_CONFIG_SCHEMA ")");
  unsigned required = 0;
  for (const KeySpec& key : *keys) {
    if (!key.required) continue;
    ++required;
    auto config = bench.config_at("a");
    std::erase_if(config.entries, [&](const config::Entry& entry) { return entry.key == key.key; });
    bench.doing(fmt::format("create did not get '{}'", key.key));
    const auto refusal = refusal_of(bench, config);
    if (!refusal) throw Failed(fmt::format("create goes on without '{}', which its schema calls required", key.key));
    require_named(*refusal, key.key, "a missing key");
  }
  if (required == 0) throw Skipped("none of its keys is required");
}

}  // namespace lshost::check
