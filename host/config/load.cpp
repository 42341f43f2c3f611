// From a file to a configuration: read, parse, expand, check; all mistakes in file order.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "config/config.hpp"
#include "config/document.hpp"
#include "config/interpolate.hpp"
#include "config/secrets.hpp"
#include "config/sections.hpp"
#include "config/source_text.hpp"

namespace lshost::config {
namespace {

constexpr std::size_t kFileSizeMax = std::size_t{16} << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

[[noreturn]] void refuse(const std::string& file, std::string_view why) {
  throw Error(ErrorCode::invalid, fmt::format("configuration {}: {}", file, why));
}

struct FileText {
  std::string text;
  std::optional<std::uint32_t> mode;
};

/// Works for pipes, too ("--config /dev/stdin"), so the size is found by reading.
FileText read_file(const std::string& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) refuse(file, std::strerror(errno));
  struct stat status{};
  if (::fstat(fd.get(), &status) == 0 && S_ISDIR(status.st_mode)) refuse(file, "is a directory; name the file in it");
  FileText read;
  if (S_ISREG(status.st_mode)) read.mode = status.st_mode & 07777;
  std::string& text = read.text;
  std::string block(std::size_t{64} << 10, '\0');
  for (;;) {
    const auto got = ::read(fd.get(), block.data(), block.size());
    if (got == 0) return read;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse(file, std::strerror(errno));
    text.append(block, 0, static_cast<std::size_t>(got));
    if (text.size() > kFileSizeMax) refuse(file, "is larger than 16 MiB; is it a configuration at all?");
  }
}

std::string absolute_path(const std::string& directory) {
  return std::filesystem::absolute(directory.empty() ? "." : directory).lexically_normal().string();
}

void read_document(Loaded& loaded, const std::string& directory, const SourceText& source) {
  auto document = parse_document(loaded.text);
  if (document.mistake) {
    loaded.secrets = suspect_secrets(source);
    loaded.mistakes.push_back(without_secrets(*document.mistake, loaded.secrets));
    return;
  }
  loaded.secrets = suspect_secrets(document.root, source);
  expand_all(document.root, source, environment, loaded.mistakes);
  loaded.config = read_sections(document.root, directory, loaded.mistakes);
}

}  // namespace

bool is_usable(const Loaded& loaded) noexcept { return std::ranges::all_of(loaded.mistakes, &Diagnostic::is_warning); }

Loaded load(const std::string& file) {
  const auto read = read_file(file);
  Loaded loaded = load_text(read.text, file, std::filesystem::absolute(file).parent_path().string());
  loaded.file_mode = read.mode;
  return loaded;
}

Loaded load_text(const std::string& text, const std::string& file, const std::string& directory) {
  Loaded loaded;
  loaded.text = text.starts_with(kByteOrderMark) ? text.substr(kByteOrderMark.size()) : text;
  const SourceText source(loaded.text);
  if (const auto bad = first_bad_utf8(loaded.text)) {
    loaded.secrets = suspect_secrets(source);
    loaded.mistakes.push_back(
        {source.location_of(*bad), "the file is not UTF-8 from here on; hint: save it as UTF-8."});
  } else {
    read_document(loaded, absolute_path(directory), source);
  }
  loaded.config.file = file;
  std::ranges::stable_sort(loaded.mistakes, {}, &Diagnostic::location);
  return loaded;
}

}  // namespace lshost::config
