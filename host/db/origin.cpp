#include "db/origin.hpp"

#include <nlohmann/json.hpp>
#include <type_traits>

#include "base/error.hpp"

namespace lshost::db {

using nlohmann::json;

namespace {

/// Takes a whole number that T has, and no other: json would make one of 1e300, too.
template <class T>
T whole(const json& value) {
  const bool is_whole = std::is_signed_v<T> ? value.is_number_integer() : value.is_number_unsigned();
  if (!is_whole) throw Error(ErrorCode::corrupt, "origin: a number is none");
  return value.get<T>();
}

}  // namespace

std::size_t Origin::passed(const std::string& replica) const {
  const auto found = passed_.find(replica);
  return found == passed_.end() ? 0 : found->second;
}

bool Origin::is_confirmed(const std::string& replica) const { return passed(replica) == bridges_.size(); }

bool Origin::confirm(const std::string& replica) {
  if (is_confirmed(replica)) return false;
  passed_[replica] = bridges_.size();
  return true;
}

bool Origin::is_ours(const std::string& replica, const Position& position) const {
  if (is_confirmed(replica) || position.generation != generation_) return true;
  return IndexOffset{position.index, position.offset} <= bridges_[passed(replica)];
}

std::string Origin::encode() const {
  json bridges = json::array();
  for (const auto& at : bridges_) bridges.push_back({{"index", at.index}, {"offset", at.offset}});
  const json text{{"generation", generation_},
                  {"inode", file_.inode},
                  {"born_ns", file_.born_ns},
                  {"bridges", std::move(bridges)},
                  {"passed", passed_}};
  return text.dump(2) + "\n";
}

std::optional<Origin> Origin::parse(std::string_view text) {
  try {
    const json read = json::parse(text);
    Origin origin(read.at("generation").get<std::string>(),
                  {whole<std::uint64_t>(read.at("inode")), whole<std::int64_t>(read.at("born_ns"))});
    for (const auto& at : read.at("bridges")) {
      origin.bridges_.push_back({whole<std::uint64_t>(at.at("index")), whole<std::uint64_t>(at.at("offset"))});
    }
    for (const auto& [replica, count] : read.at("passed").items()) {
      origin.passed_[replica] = whole<std::size_t>(count);
      if (origin.passed_[replica] > origin.bridges_.size()) return std::nullopt;
    }
    return origin;
  } catch (const json::exception&) {
    return std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace lshost::db
