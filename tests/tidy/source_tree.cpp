#include "tidy/source_tree.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace fs = std::filesystem;

namespace lshost::test {

namespace {

const fs::path kRepository = LSHOST_TEST_SOURCE_DIR;

bool is_skipped_folder(const fs::path& path) {
  const auto name = path.filename().string();
  return name.front() == '.' || name.rfind("build", 0) == 0;
}

bool ends_in_one_of(const std::string& name, const std::vector<std::string>& endings) {
  return std::any_of(endings.begin(), endings.end(), [&](const auto& ending) { return name.ends_with(ending); });
}

std::vector<std::string> read_lines(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

std::vector<SourceFile> source_files(const std::string& folder, const std::vector<std::string>& endings) {
  std::vector<SourceFile> files;
  for (fs::recursive_directory_iterator it(kRepository / folder), end; it != end; ++it) {
    if (it->is_directory() && is_skipped_folder(it->path())) it.disable_recursion_pending();
    if (!it->is_regular_file() || !ends_in_one_of(it->path().filename().string(), endings)) continue;
    files.push_back({fs::relative(it->path(), kRepository).generic_string(), read_lines(it->path())});
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

bool exists_in_source_tree(const std::string& path) { return fs::exists(kRepository / path); }

std::string place(const SourceFile& file, std::size_t line) {
  return file.path + ":" + std::to_string(line + 1) + ": " + file.lines[line];
}

}  // namespace lshost::test
