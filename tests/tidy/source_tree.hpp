#pragma once
// The files of the repository, read as text, for tests that look at the code instead of running it.

#include <string>
#include <vector>

namespace lshost::test {

struct SourceFile {
  std::string path;  ///< relative to the repository, with '/'
  std::vector<std::string> lines;
};

/// All files below `folder` ("" is the repository, without build/ and what begins with a dot) whose names end in one of
/// `endings`, sorted by path. Throws std::filesystem::filesystem_error if the folder is not there.
[[nodiscard]] std::vector<SourceFile> source_files(const std::string& folder, const std::vector<std::string>& endings);

/// Whether `path`, relative to the repository, exists.
[[nodiscard]] bool exists_in_source_tree(const std::string& path);

/// "path:line: text", the form in which all of these tests name a place; `line` counts from 0.
[[nodiscard]] std::string place(const SourceFile& file, std::size_t line);

}  // namespace lshost::test
