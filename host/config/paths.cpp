#include "config/paths.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <optional>

namespace lshost::config {
namespace {

namespace fs = std::filesystem;

std::optional<struct stat> status_of(const std::string& path) noexcept {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

constexpr int kLinksMax = 40;  // as the kernel has it

/// What a symbolic link at the end of the path points to, even if nothing is there yet.
fs::path follow_last_link(fs::path path) {
  for (int links = 0; links < kLinksMax; ++links) {
    std::error_code failure;
    const auto target = fs::read_symlink(path, failure);
    if (failure) break;
    path = path.parent_path() / target;  // an absolute target replaces it all
  }
  return path;
}

/// With symbolic links resolved as far as the path exists.
fs::path real_path(const fs::path& path) {
  std::error_code failure;
  auto real = fs::weakly_canonical(path, failure);
  return failure ? path.lexically_normal() : real;
}

}  // namespace

std::string resolve_path(const std::string& directory, const std::string& path) {
  const fs::path whole = fs::path(directory) / path;
  fs::path up_to_last_parent;
  fs::path so_far;
  fs::path rest;
  for (const auto& part : whole) {
    so_far /= part;
    rest /= part;
    if (part != "..") continue;
    up_to_last_parent = so_far;
    rest.clear();
  }
  const auto resolved = up_to_last_parent.empty() ? whole : real_path(up_to_last_parent) / rest;
  return resolved.lexically_normal().string();
}

std::string identity_of(const std::string& path) {
  if (const auto status = status_of(path)) return fmt::format("{}:{}", status->st_dev, status->st_ino);
  return real_path(follow_last_link(path)).string();
}

PathKind kind_of(const std::string& path) noexcept {
  const auto status = status_of(path);
  if (!status) return PathKind::absent;
  return S_ISDIR(status->st_mode) ? PathKind::folder : PathKind::other;
}

}  // namespace lshost::config
