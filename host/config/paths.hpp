#pragma once
// Paths of the file into absolute ones, and whether two of them are the same file.

#include <string>

namespace lshost::config {

/// Absolute and without ".", ".." and double slashes. What is relative is relative to `directory`, which is absolute.
/// Symbolic links stay, but for those before a "..", which means the parent of what they point to.
[[nodiscard]] std::string resolve_path(const std::string& directory, const std::string& path);

/// The same text for the same file: by device and inode if it exists, else by its path with symbolic links resolved.
/// Never opens the file. Never throws but bad_alloc.
[[nodiscard]] std::string identity_of(const std::string& path);

[[nodiscard]] bool is_directory(const std::string& path);

}  // namespace lshost::config
