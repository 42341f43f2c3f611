#include "os/fs.hpp"

#include <algorithm>
#include <span>

#include "base/error.hpp"

namespace lshost::os {

std::string parent_directory(const std::string& path) {
  const auto last = path.find_last_not_of('/');
  if (last == std::string::npos) return path.empty() ? "." : "/";
  const auto slash = path.find_last_of('/', last);
  if (slash == std::string::npos) return ".";
  const auto end = path.find_last_not_of('/', slash);
  return end == std::string::npos ? "/" : path.substr(0, end + 1);
}

std::optional<std::string> read_small_file(Fs& fs, std::string_view op, const std::string& path, std::size_t size_max) {
  std::unique_ptr<ReadableFile> file;
  try {
    file = fs.open_read(op, path);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::not_found) return std::nullopt;
    throw;
  }
  // Read, rather than asked for its size: a file that grows meanwhile is noticed too.
  std::string content(static_cast<std::size_t>(std::min<std::uint64_t>(file->size(op), size_max)) + 1, '\0');
  for (std::size_t done = 0;;) {
    done += file->read_at(op, done, std::as_writable_bytes(std::span(content).subspan(done)));
    if (done > size_max) {
      throw Error(ErrorCode::corrupt, std::string(op) + " " + path + ": larger than the " + std::to_string(size_max) +
                                          " bytes that such a file may have");
    }
    if (done < content.size()) {
      content.resize(done);
      return content;
    }
    content.resize(std::min(size_max, content.size() * 2) + 1);
  }
}

void remove_tree(Fs& fs, std::string_view op, const std::string& directory) {
  const auto info = fs.stat(op, directory);
  if (info && info->is_directory && !info->is_link) {
    for (const auto& name : fs.list(op, directory).value_or(std::vector<std::string>{})) {
      remove_tree(fs, op, directory + "/" + name);
    }
  }
  fs.remove(op, directory);
}

}  // namespace lshost::os
