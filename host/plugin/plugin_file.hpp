#pragma once
// A plugin's file: where it is looked for, whether it may be trusted, and who it says it is. No code of it runs here.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "plugin/identity.hpp"

namespace lshost::plugin {

/// True for what may stand as a type in a configuration: [a-z0-9-]+, not longer than fits a file name.
[[nodiscard]] bool is_type_name(const std::string& text) noexcept;

/// The folders in which plugins are looked for, in that order: `configured`, LSHOST_PLUGIN_PATH (separated by colons;
/// ignored where the program has more rights than who started it), and ../lib/lshost/plugins beside the program.
[[nodiscard]] std::vector<std::string> search_path(const std::vector<std::string>& configured);

/// Which file it is: a file that was written to or replaced is another one.
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size_bytes = 0;
  UnixNanos modified_ns = 0;
  bool operator==(const FileId&) const = default;
};

/// An open file that was checked: it and all folders on the way to it belong to root or to us, nobody else can write to
/// them (or they are sticky, as /tmp is), links on the way lead to such folders only, and it holds a plugin for this
/// machine and ABI. What was checked is what is loaded: the descriptor, not the name.
struct PluginFile {
  std::string path;
  UniqueFd descriptor;
  FileId id;
  Identity identity;
};

/// Opens and checks a file. Throws Error{denied} where it may not be trusted, {unsupported} where it is no plugin that
/// this host can load, {not_found}; each "/folder/lshost-foo.so: refused: why; hint: what to do".
[[nodiscard]] PluginFile open_plugin_file(const std::string& path);

/// The file that `path` names now; nullopt: none that can be looked at.
[[nodiscard]] std::optional<FileId> file_id(const std::string& path);

/// The first file of the folders that is named as a plugin of `type` is; nullopt: there is none.
[[nodiscard]] std::optional<std::string> find_plugin_file(const std::vector<std::string>& folders,
                                                          const std::string& type);

/// A file that is named as a plugin is, by its type.
struct Candidate {
  std::string type;
  std::string path;
};

/// All of them, sorted by type; where folders have the same type, the first folder's.
[[nodiscard]] std::vector<Candidate> find_candidates(const std::vector<std::string>& folders);

}  // namespace lshost::plugin
