#pragma once
// Makes the project of a new plugin from one of the examples in examples/plugins, which are in the program.
//
// An example is a template: the word "shelf" in it is the name. So what `lshost plugin new` writes is what the tests
// build and run. This file knows nothing of the command line.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "os/fs.hpp"

namespace lshost::scaffold {

/// Static.
struct ProjectFile {
  std::string_view path;  ///< below the project's folder
  std::string_view text;
  bool is_executable = false;
};

/// Static.
struct Template {
  std::string_view layer;     ///< "replicator", "blob"
  std::string_view language;  ///< "c++", "c", "rust"
  std::span<const ProjectFile> files;
};

/// All that are in the program; made by cmake/templates.cmake.
[[nodiscard]] std::span<const Template> templates() noexcept;

/// The template of a layer in a language. Throws Error{invalid} that says which there are.
[[nodiscard]] const Template& find_template(std::span<const Template> all, std::string_view layer,
                                            std::string_view language);

/// Throws Error{invalid} unless `name` can be a type in a configuration, a file name and part of a CMake target.
void check_name(const std::string& name);

/// A template's text for a plugin of that name. Pure.
[[nodiscard]] std::string render(std::string_view text, std::string_view name);

/// Writes the project to `folder`, which must not be there: Error{invalid}. If a write fails, what was written is
/// removed again. `name` as check_name() wants it.
void write_project(os::Fs& fs, const Template& from, const std::string& name, const std::string& folder);

/// The one command that builds and tests such a project, in its folder.
[[nodiscard]] std::string_view command_of(const Template& from) noexcept;

}  // namespace lshost::scaffold
