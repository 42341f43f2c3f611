#include "db/live_link.hpp"

#include <fmt/format.h>

#include <cinttypes>
#include <cstdio>

#include "db/line_checksum.hpp"

namespace lshost::db {

namespace {

constexpr std::string_view kMagic = "lshost-live1";

}  // namespace

std::string encode_live_link(const LiveLink& link) {
  return with_checksum(fmt::format("{} {} {} {}", kMagic, link.salt.first, link.salt.second, link.ahead));
}

std::optional<LiveLink> parse_live_link(std::string_view text) {
  const auto line = strip_checksum(text);
  if (!line) return std::nullopt;
  LiveLink link;
  char magic[16];
  // The checksum says that encode_live_link made it.
  if (std::sscanf(std::string(*line).c_str(), "%15s %" SCNu32 " %" SCNu32 " %" SCNd64, magic, &link.salt.first,
                  &link.salt.second, &link.ahead) != 4)
    return std::nullopt;
  return magic == kMagic ? std::optional(link) : std::nullopt;
}

}  // namespace lshost::db
