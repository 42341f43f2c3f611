#pragma once
// Paths of the file into absolute ones, and whether two of them are the same file.

#include <string>

namespace lshost::config {

/// Absolute and without ".", ".." and double slashes. What is relative is relative to `directory`, which is absolute.
/// Symbolic links stay, but for those before a "..", which means the parent of what they point to.
/// A slash at the end stays, too: "x/" can only be a folder.
[[nodiscard]] std::string resolve_path(const std::string& directory, const std::string& path);

/// The same text for the same file: by device and inode if it exists, else by its path with symbolic links resolved.
/// Never opens the file. Never throws but bad_alloc.
[[nodiscard]] std::string identity_of(const std::string& path);

enum class PathKind { absent, folder, other };
/// `absent` also where nobody may look. Never throws.
[[nodiscard]] PathKind kind_of(const std::string& path) noexcept;

}  // namespace lshost::config
