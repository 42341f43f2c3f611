#pragma once
// From keys to paths on the server, and the names of files that are still being written. Pure.

#include <cstdint>
#include <string>
#include <string_view>

namespace lshost::sftp {

/// "/a/b" -> "/a"; "/a" -> "/"; "a" -> ".".
[[nodiscard]] std::string parent_of(const std::string& path);
/// "/a/b" -> "b".
[[nodiscard]] std::string_view last_of(std::string_view path);
/// "/a" and "b" -> "/a/b".
[[nodiscard]] std::string join(const std::string& folder, std::string_view name);

/// Throws Error{INVALID} for a key that is no file below a folder: empty parts, "." and "..", foreign characters, and
/// names that temporary files have.
void check_key(const std::string& key);
/// Whether check_key() would take it.
[[nodiscard]] bool is_key(const std::string& key);

/// The name under which a file is written before it gets its own: in the same folder, hidden, never longer than a name
/// may be.
[[nodiscard]] std::string temporary_path(const std::string& path, std::uint64_t random);
/// Whether a name is one of those.
[[nodiscard]] bool is_temporary(std::string_view name) noexcept;

/// Where the keys that begin with a prefix are: below `folder`, in what begins with `name_prefix`.
struct PrefixPlace {
  std::string folder;       ///< "" or "a/b/": the part of the prefix up to its last '/'
  std::string name_prefix;  ///< the rest
};
[[nodiscard]] PrefixPlace place_of(const std::string& prefix);

}  // namespace lshost::sftp
