#pragma once
// The host's own keys: which table knows which. The one list that reading, suggestions and the documentation share.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lshost::config {

/// The tables of the file.
enum class Scope { top, log, control, database, replica };

struct HostKey {
  Scope scope;
  std::string_view key;
  std::string_view fallback;  ///< what holds if the key is absent, as written in a file; "": nothing, or see the docs
  bool is_table = false;      ///< a table or an array of tables
};

[[nodiscard]] std::span<const HostKey> host_keys() noexcept;
[[nodiscard]] const HostKey* find_host_key(Scope scope, std::string_view key) noexcept;
[[nodiscard]] std::vector<std::string> keys_of(Scope scope);

/// "the top of the file", "[log]", "[control]", "[[database]]", "[[database.replica]]".
[[nodiscard]] std::string_view name_of(Scope scope) noexcept;

/// "unknown key 'pth'", and what may have been meant: the nearest of `known`, or a key of the host's other tables,
/// or else all of `known`.
/// `scope` is where the key stands.
[[nodiscard]] std::string unknown_key(Scope scope, const std::string& key, const std::vector<std::string>& known);

}  // namespace lshost::config
