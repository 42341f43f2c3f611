#include "names.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include <lshost/cpp/error.hpp>

namespace lshost::sftp {
namespace {

constexpr std::size_t kNameSizeMax = 255;  // of every file system that matters
constexpr std::string_view kMark = ".tmp-";
constexpr std::size_t kRandomDigits = 16;

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-' || c == '/';
}

[[noreturn]] void refuse(const std::string& key, const char* why) {
  throw Error(LSHOST_E_INVALID, "'" + key + "' can not be the name of a file on the server: " + why);
}

void check_part(const std::string& key, std::string_view part) {
  if (part.empty()) refuse(key, "a part of it is empty");
  if (part == "." || part == "..") refuse(key, "it leads to another folder");
  if (is_temporary(part)) refuse(key, "files that are being written have such names");
}

}  // namespace

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string_view last_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string join(const std::string& folder, std::string_view name) {
  std::string path = folder.ends_with('/') ? folder : folder + "/";
  return path.append(name);
}

void check_key(const std::string& key) {
  if (!std::all_of(key.begin(), key.end(), is_key_character)) refuse(key, "it has other characters than A-Za-z0-9._-/");
  std::string_view rest = key;
  for (auto slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
    check_part(key, rest.substr(0, slash));
    rest.remove_prefix(slash + 1);
  }
  check_part(key, rest);
}

bool is_key(const std::string& key) {
  try {
    check_key(key);
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::string temporary_path(const std::string& path, std::uint64_t random) {
  std::array<char, kRandomDigits + 1> digits{};
  (void)std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(random));
  constexpr std::size_t kRoom = kNameSizeMax - 1 - kMark.size() - kRandomDigits;
  const std::string_view name = last_of(path);
  std::string temporary = path.substr(0, path.size() - name.size());
  temporary.append(".").append(name.substr(0, kRoom)).append(kMark).append(digits.data());
  return temporary;
}

bool is_temporary(std::string_view name) noexcept {
  if (!name.starts_with('.') || name.size() < 1 + kMark.size() + kRandomDigits) return false;
  const std::string_view digits = name.substr(name.size() - kRandomDigits);
  const std::string_view before = name.substr(0, name.size() - kRandomDigits);
  return before.ends_with(kMark) && digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

PrefixPlace place_of(const std::string& prefix) {
  const auto split = prefix.rfind('/') + 1;
  return {prefix.substr(0, split), prefix.substr(split)};
}

}  // namespace lshost::sftp
