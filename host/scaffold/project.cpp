#include "scaffold/project.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace lshost::scaffold {
namespace {

constexpr std::string_view kNameInTemplates = "shelf";
constexpr std::size_t kLongestName = 24;  // "lshost-" and it have to fit into the identity of a plugin

std::string list_of(std::span<const Template> all) {
  std::vector<std::string> pairs;
  for (const Template& one : all) pairs.push_back(fmt::format("{} in {}", one.layer, one.language));
  return fmt::format("{}", fmt::join(pairs, ", "));
}

bool is_name_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

/// The folders that files lie in, outermost first.
std::set<std::string> folders_of(const Template& from) {
  std::set<std::string> folders;
  for (const ProjectFile& file : from.files) {
    for (auto slash = file.path.find('/'); slash != std::string_view::npos; slash = file.path.find('/', slash + 1)) {
      folders.insert(std::string(file.path.substr(0, slash)));
    }
  }
  return folders;
}

void write_files(os::Fs& fs, const Template& from, const std::string& name, const std::string& folder) {
  fs.create_directories("plugin.new", folder, 0755);
  for (const auto& inner : folders_of(from)) fs.create_directories("plugin.new", folder + "/" + inner, 0755);
  for (const ProjectFile& file : from.files) {
    const std::string text = render(file.text, name);
    const auto out = fs.create("plugin.new", fmt::format("{}/{}", folder, file.path), file.is_executable ? 0755 : 0644);
    out->append("plugin.new", std::as_bytes(std::span(text)));
    out->close("plugin.new");
  }
}

/// What can not be removed stays; the failure that led here is what is told.
void remove_files(os::Fs& fs, const Template& from, const std::string& folder) noexcept {
  try {
    for (const ProjectFile& file : from.files) fs.remove("plugin.new", fmt::format("{}/{}", folder, file.path));
    const auto folders = folders_of(from);
    for (auto it = folders.rbegin(); it != folders.rend(); ++it) fs.remove("plugin.new", folder + "/" + *it);
    fs.remove("plugin.new", folder);
  } catch (const std::exception&) {
    return;
  }
}

}  // namespace

const Template& find_template(std::span<const Template> all, std::string_view layer, std::string_view language) {
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Template& one) { return one.layer == layer && one.language == language; });
  if (found != all.end()) return *found;
  throw Error(ErrorCode::invalid,
              fmt::format("plugin new: there is no {} in {}; there are: {}", layer, language, list_of(all)));
}

void check_name(const std::string& name) {
  const bool is_good = !name.empty() && name.size() <= kLongestName && name.front() >= 'a' && name.front() <= 'z' &&
                       name.back() != '-' && std::all_of(name.begin(), name.end(), is_name_character);
  if (is_good) return;
  throw Error(
      ErrorCode::invalid,
      fmt::format("plugin new: '{}' can not be the name of a plugin: it begins with a letter, has a-z, 0-9 and - "
                  "only, does not end in -, and has at most {} characters",
                  name, kLongestName));
}

std::string render(std::string_view text, std::string_view name) {
  std::string rendered;
  std::size_t from = 0;
  for (auto at = text.find(kNameInTemplates); at != std::string_view::npos; at = text.find(kNameInTemplates, from)) {
    rendered.append(text.substr(from, at - from)).append(name);
    from = at + kNameInTemplates.size();
  }
  return rendered.append(text.substr(from));
}

void write_project(os::Fs& fs, const Template& from, const std::string& name, const std::string& folder) {
  if (const auto there = fs.stat("plugin.new", folder)) {
    throw Error(ErrorCode::invalid,
                fmt::format("plugin new: {} exists; hint: name another folder with --output", folder));
  }
  try {
    write_files(fs, from, name, folder);
  } catch (const Error&) {
    remove_files(fs, from, folder);
    throw;
  }
}

std::string_view command_of(const Template& from) noexcept {
  const bool has_presets = std::any_of(from.files.begin(), from.files.end(),
                                       [](const ProjectFile& file) { return file.path == "CMakePresets.json"; });
  return has_presets ? "cmake --workflow --preset default" : "make check";
}

}  // namespace lshost::scaffold
