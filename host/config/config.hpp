#pragma once
// The configuration as plain values: what replicas.toml says, with defaults filled in.

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lshost::config {

/// Where something stands in the file, both from 1; 0: nowhere (a default). A column is a code point, not a byte.
struct Location {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  friend auto operator<=>(const Location&, const Location&) = default;
};

/// A value of a plugin's key as written, variables expanded. Durations and sizes are strings until somebody asks.
/// An array holds no arrays.
struct Value {
  std::variant<std::string, std::int64_t, double, bool, std::vector<Value>> data;
  Location location = {};
  Location end = {};        ///< just behind it
  bool is_private = false;  ///< holds text from the environment, which nobody prints
};

/// The keys of one replica that are not the host's own, in file order.
struct Entry {
  std::string key;
  Value value;
  Location key_location = {};
  bool is_broken = false;  ///< a mistake about the value is already reported: the value means nothing
};

/// Where a replica's plugin runs.
enum class Isolation {
  none,     ///< in the host's own process
  process,  ///< in a process of its own
};

/// A duration of 0 means "never" for snapshot_interval and verify_interval, and "for ever" for retention.
struct ReplicaConfig {
  std::string type;
  std::string name;  ///< the type if none is set; unique per database
  std::chrono::nanoseconds snapshot_interval = std::chrono::hours(24);
  std::chrono::nanoseconds retention = std::chrono::hours(168);
  std::chrono::nanoseconds verify_interval{0};
  Isolation isolation = Isolation::none;
  std::uint64_t isolation_memory_limit_bytes = 0;  ///< of the plugin's process; 0: none
  std::vector<Entry> entries;
  Location location;       ///< of [[database.replica]]
  Location type_location;  ///< of the value of `type`
};

struct DatabaseConfig {
  std::string path;         ///< absolute, normalized; the file need not exist yet
  std::string meta_path;    ///< absolute; ".<name>-lshost" beside the database if not set
  std::string verify_path;  ///< absolute; "verify" in meta_path if not set
  std::chrono::nanoseconds checkpoint_interval = std::chrono::minutes(1);
  std::uint32_t min_checkpoint_pages = 1000;
  std::uint64_t shadow_wal_limit_bytes = std::uint64_t{4} << 30;
  bool exclusive_checkpoints = true;  ///< key "exclusive-checkpoints": the host is the only checkpointer while attached
  std::vector<ReplicaConfig> replicas;
  Location location;
};

enum class LogLevel { trace, debug, info, warn, error };
enum class LogFormat { text, json };

struct Config {
  std::string file;  ///< as named on the command line
  std::vector<std::string> plugin_path;
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;
  std::chrono::nanoseconds shutdown_timeout = std::chrono::seconds(30);
  std::optional<std::string> control_socket;  ///< absolute; "": none is made; nullopt: where lshost puts it by itself
  std::vector<DatabaseConfig> databases;
};

/// One key that a plugin knows; the C++ form of lshost_config_key.
enum class KeyType { string, integer, boolean, real, duration, size };
enum class UrlPart { none, user, host, path };
struct KeySpec {
  std::string key;
  KeyType type = KeyType::string;
  bool required = false;
  bool secret = false;
  bool list = false;
  bool deprecated = false;
  std::optional<std::string> default_value = {};
  std::string help = {};
  std::vector<std::string> choices = {};
  UrlPart url = UrlPart::none;  ///< which part of a replica's URL is its value
};

/// One mistake, with what a person needs to mend it.
struct Diagnostic {
  Location location;
  std::string message;      ///< "unknown key 'pth'; did you mean 'path'?"
  bool is_warning = false;  ///< worth saying; the configuration is good all the same
};

/// A run of the text that is never shown: the value of a key that holds a secret.
struct Secret {
  Location begin;
  Location end;
  bool is_declared = false;  ///< by the plugin; else its name alone tells of it
};

/// What loading found: a configuration, or all mistakes at once, in file order.
/// With a mistake that is more than a warning, `config` is what could be made of the rest: for more checks, not for
/// use.
struct Loaded {
  Config config;
  std::string text;  ///< of the file, to show lines from
  std::vector<Diagnostic> mistakes;
  std::vector<Secret> secrets;
  std::optional<std::uint32_t> file_mode;  ///< permission bits; nullopt: it is no file
};

/// Whether `loaded.config` may be used: there is no mistake but warnings.
[[nodiscard]] bool is_usable(const Loaded& loaded) noexcept;

/// Reads, parses and checks `file` as far as that needs no plugin. Throws Error{invalid} only where the file can not be
/// read: it is missing, denied, a directory, or larger than 16 MiB.
[[nodiscard]] Loaded load(const std::string& file);
/// The same for a text; `directory` is what relative paths in it are relative to.
[[nodiscard]] Loaded load_text(const std::string& text, const std::string& file, const std::string& directory);

/// Checks a replica's entries against what its plugin knows; appends to `mistakes`.
void check_entries(const ReplicaConfig& replica, const std::vector<KeySpec>& keys, std::vector<Diagnostic>& mistakes);

/// What the plugin of a replica's type knows. nullopt: it can not be asked; the reason, if it is a mistake, was
/// appended. Asked once for each type that has an answer.
using SchemaOf = std::function<std::optional<std::vector<KeySpec>>(const ReplicaConfig&, std::vector<Diagnostic>&)>;
/// check_entries for every replica of `loaded`; values of secret keys join loaded.secrets; file order is kept. Warns of
/// a file that holds a secret and can be read by others, and of one that others can write to.
void check_all(Loaded& loaded, const SchemaOf& schema_of);

/// "replicas.toml:12:3: unknown key 'pth'; did you mean 'path'?", the line, and a caret below the place. Values in
/// loaded.secrets are shown as "***". Ends in a newline.
[[nodiscard]] std::string format_diagnostic(const Loaded& loaded, const Diagnostic& diagnostic);
/// All of loaded.mistakes, one after the other; O(text + mistakes).
[[nodiscard]] std::string format_mistakes(const Loaded& loaded);

/// "1s", "24h", "1h30m", "250ms", "0"; units d h m s ms us ns, each at most once and in this order. nullopt: not of
/// that form (no sign, fraction or space), or more than 292 years.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept;
/// "4GiB", "64MB", "1024", "512KiB"; binary units KiB MiB GiB TiB, decimal KB MB GB TB, B.
/// nullopt: not of that form (no sign, fraction or space), or 2^64 or more.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;

/// The nearest of `known` to `word`, if one is near enough to be meant.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace lshost::config
