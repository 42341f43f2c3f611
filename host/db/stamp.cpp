#include "db/stamp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/error.hpp"
#include "db/line_checksum.hpp"
#include "os/fs.hpp"

namespace lshost::db {

namespace {

constexpr std::string_view kMagic = "lshost-stamp1";
constexpr UnixNanos kSecond = 1'000'000'000;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

std::string read_boot_id() {
  try {
    auto text = os::read_small_file(os::posix_fs(), "boot", "/proc/sys/kernel/random/boot_id").value_or("");
    std::erase(text, '\n');
    return text;
  } catch (const Error&) {
    return "";
  }
}

}  // namespace

std::optional<std::chrono::nanoseconds> settles_in(const FileState& file, UnixNanos now) noexcept {
  if (file.modified_ns % kSecond == 0 && file.changed_ns % kSecond == 0) return std::nullopt;
  const UnixNanos age = now - std::max(file.modified_ns, file.changed_ns);
  return std::chrono::nanoseconds(std::max<UnixNanos>(0, kStampAge.count() - age));
}

std::string encode_stamp(const Stamp& stamp) {
  return with_checksum(fmt::format("{} {} {} {} {} {} {} {} {} {}", kMagic, stamp.position.generation,
                                   stamp.position.index, stamp.position.offset, stamp.file.device, stamp.file.inode,
                                   stamp.file.size_bytes, stamp.file.modified_ns, stamp.file.changed_ns, stamp.boot));
}

std::optional<Stamp> parse_stamp(std::string_view text) {
  const auto line = strip_checksum(text);
  if (!line) return std::nullopt;
  const auto words = words_of(*line);
  if (words.size() != 10 || words[0] != kMagic) return std::nullopt;
  Stamp stamp;
  stamp.position.generation = words[1];
  stamp.boot = words[9];
  const bool is_read = read_number(words[2], stamp.position.index) && read_number(words[3], stamp.position.offset) &&
                       read_number(words[4], stamp.file.device) && read_number(words[5], stamp.file.inode) &&
                       read_number(words[6], stamp.file.size_bytes) && read_number(words[7], stamp.file.modified_ns) &&
                       read_number(words[8], stamp.file.changed_ns);
  if (!is_read || !is_generation(stamp.position.generation) || stamp.boot.empty()) return std::nullopt;
  return stamp;
}

const std::string& boot_id() {
  static const std::string id = read_boot_id();
  return id;
}

}  // namespace lshost::db
