#include "check/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "config/interpolate.hpp"
#include "config/source_text.hpp"
#include "config/value_of_text.hpp"

namespace lshost::check {
namespace {

using config::Entry;
using config::KeySpec;
using config::KeyType;
using config::ReplicaConfig;
using config::Value;

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::invalid, why); }

const KeySpec* find_key(const Keys& keys, const std::string& name) {
  if (!keys) return nullptr;
  const auto found = std::ranges::find(*keys, name, &KeySpec::key);
  return found == keys->end() ? nullptr : &*found;
}

/// Without a schema, what a value looks like is what it is.
Value guessed(const std::string& text) {
  for (const KeyType type : {KeyType::boolean, KeyType::integer}) {
    Value value = config::value_of_text(type, text);
    if (!std::holds_alternative<std::string>(value.data)) return value;
  }
  return {text};
}

/// The first replica of that type.
ReplicaConfig from_file(const std::string& file, const std::string& type) {
  const auto loaded = config::load(file);
  if (!config::is_usable(loaded)) refuse(config::format_mistakes(loaded));
  for (const auto& database : loaded.config.databases) {
    for (const auto& replica : database.replicas) {
      if (replica.type == type) return replica;
    }
  }
  refuse(fmt::format("{} has no replica of type '{}'", file, type));
}

void add_setting(ReplicaConfig& replica, const std::string& setting, const Keys& keys, std::vector<std::string>& seen) {
  const auto equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    refuse(fmt::format("--set {}: hint: write it as KEY=VALUE.", config::quoted(setting)));
  }
  const std::string name = setting.substr(0, equals);
  const auto expanded = config::expand(setting.substr(equals + 1), config::environment);
  if (!expanded.faults.empty()) refuse(fmt::format("--set {}: {}", name, expanded.faults.front().message));
  const KeySpec* key = find_key(keys, name);
  Value value = key == nullptr ? guessed(expanded.text) : config::value_of_text(key->type, expanded.text);
  const bool is_repeated = std::ranges::find(seen, name) != seen.end();
  seen.push_back(name);
  if (key != nullptr && key->list) {
    const Entry* earlier = is_repeated ? find_entry(replica, name) : nullptr;
    std::vector<Value> list;
    if (earlier != nullptr) list = std::get<std::vector<Value>>(earlier->value.data);
    list.push_back(std::move(value));
    value = {std::move(list)};
  } else if (is_repeated) {
    refuse(fmt::format("--set {} is there twice", name));
  }
  set_value(replica, name, std::move(value));
}

/// The place that nobody named.
void add_place(ReplicaConfig& replica, const Keys& keys) {
  if (!keys || has_placeholder(replica)) return;
  for (const KeySpec& key : *keys) {
    if (key.url != config::UrlPart::path || find_entry(replica, key.key) != nullptr) continue;
    set_value(replica, key.key, {std::string(key.required ? kScratch : kUnique)});
  }
}

void check_against(const ReplicaConfig& replica, const Keys& keys) {
  if (!keys) return;
  std::vector<config::Diagnostic> mistakes;
  config::check_entries(replica, *keys, mistakes);
  std::string all;
  for (const auto& mistake : mistakes) {
    if (!mistake.is_warning) all += (all.empty() ? "" : "; ") + mistake.message;
  }
  if (!all.empty()) refuse(fmt::format("{}; hint: --set KEY=VALUE gives the plugin what it needs.", all));
}

void replace_all(std::string& text, std::string_view from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

/// Calls `fn` for every text in a value.
template <class V, class Fn>
void each_text(V& value, const Fn& fn) {
  if (auto* text = std::get_if<std::string>(&value.data)) fn(*text);
  if (auto* list = std::get_if<std::vector<Value>>(&value.data)) {
    for (auto& element : *list) each_text(element, fn);
  }
}

}  // namespace

ReplicaConfig replica_of(const Request& request, const std::string& type, const Keys& keys, bool is_store) {
  ReplicaConfig replica;
  if (!request.config_file.empty()) replica = from_file(request.config_file, type);
  replica.type = type;
  replica.name = "check";
  std::vector<std::string> seen;
  for (const auto& setting : request.set) add_setting(replica, setting, keys, seen);
  add_place(replica, keys);
  // Commits that are waited for should not wait for the next second.
  if (is_store && find_entry(replica, "sync-interval") == nullptr) set_value(replica, "sync-interval", {"10ms"});
  check_against(replica, keys);
  return replica;
}

bool has_placeholder(const ReplicaConfig& replica) {
  bool found = false;
  for (const auto& entry : replica.entries) {
    each_text(entry.value, [&](const std::string& text) {
      found = found || text.find(kScratch) != std::string::npos || text.find(kUnique) != std::string::npos;
    });
  }
  return found;
}

ReplicaConfig placed(ReplicaConfig replica, const std::string& scratch, const std::string& unique) {
  for (auto& entry : replica.entries) {
    each_text(entry.value, [&](std::string& text) {
      replace_all(text, kScratch, scratch);
      replace_all(text, kUnique, unique);
    });
  }
  return replica;
}

void set_value(ReplicaConfig& replica, const std::string& key, Value value) {
  const auto found = std::ranges::find(replica.entries, key, &Entry::key);
  if (found != replica.entries.end()) {
    found->value = std::move(value);
  } else {
    replica.entries.push_back({.key = key, .value = std::move(value)});
  }
}

const Entry* find_entry(const ReplicaConfig& replica, const std::string& key) {
  const auto found = std::ranges::find(replica.entries, key, &Entry::key);
  return found == replica.entries.end() ? nullptr : &*found;
}

}  // namespace lshost::check
