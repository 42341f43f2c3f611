#include "config/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/config.hpp"
#include "config/source_text.hpp"

namespace lshost::config {
namespace {

constexpr std::array kHostKeys{
    HostKey{Scope::top, "plugin-path", "[]"},
    HostKey{Scope::top, "shutdown-timeout", "30s"},
    HostKey{Scope::top, "log", "", true},
    HostKey{Scope::top, "control", "", true},
    HostKey{Scope::top, "database", "", true},
    HostKey{Scope::log, "level", "info"},
    HostKey{Scope::log, "format", "text"},
    HostKey{Scope::control, "socket", ""},
    HostKey{Scope::database, "path", ""},
    HostKey{Scope::database, "meta-path", ""},
    HostKey{Scope::database, "verify-path", ""},
    HostKey{Scope::database, "checkpoint-interval", "1m"},
    HostKey{Scope::database, "min-checkpoint-pages", "1000"},
    HostKey{Scope::database, "shadow-wal-limit", "4GiB"},
    HostKey{Scope::database, "exclusive-checkpoints", "true"},
    HostKey{Scope::database, "replica", "", true},
    HostKey{Scope::replica, "type", ""},
    HostKey{Scope::replica, "name", ""},
    HostKey{Scope::replica, "snapshot-interval", "24h"},
    HostKey{Scope::replica, "retention", "168h"},
    HostKey{Scope::replica, "verify-interval", "0"},
    HostKey{Scope::replica, "isolation", "none"},
    HostKey{Scope::replica, "isolation-memory-limit", ""},
};

/// A key in the wrong table is most often one that was written behind a header which it should stand before.
const HostKey* find_elsewhere(std::string_view key) noexcept {
  const auto found = std::ranges::find(kHostKeys, key, &HostKey::key);
  return found == kHostKeys.end() ? nullptr : &*found;
}

}  // namespace

std::span<const HostKey> host_keys() noexcept { return kHostKeys; }

const HostKey* find_host_key(Scope scope, std::string_view key) noexcept {
  for (const auto& known : kHostKeys) {
    if (known.scope == scope && known.key == key) return &known;
  }
  return nullptr;
}

std::vector<std::string> keys_of(Scope scope) {
  std::vector<std::string> keys;
  for (const auto& known : kHostKeys) {
    if (known.scope == scope) keys.emplace_back(known.key);
  }
  return keys;
}

std::string_view name_of(Scope scope) noexcept {
  switch (scope) {
    case Scope::top:
      return "the top of the file";
    case Scope::log:
      return "[log]";
    case Scope::control:
      return "[control]";
    case Scope::database:
      return "[[database]]";
    case Scope::replica:
      return "[[database.replica]]";
  }
  return "";
}

std::string unknown_key(Scope scope, const std::string& key, const std::vector<std::string>& known) {
  const auto what = fmt::format("unknown key {}", quoted(key));
  if (const auto* elsewhere = find_elsewhere(key); elsewhere != nullptr && elsewhere->scope != scope)
    return fmt::format("{}; it belongs to {}, not to {}", what, name_of(elsewhere->scope), name_of(scope));
  if (const auto meant = nearest(key, known)) return fmt::format("{}; did you mean '{}'?", what, *meant);
  return fmt::format("{}; known here: {}", what, fmt::join(known, ", "));
}

}  // namespace lshost::config
