#include "cli/replica_url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/error.hpp"
#include "config/interpolate.hpp"
#include "config/schema.hpp"
#include "config/source_text.hpp"
#include "config/value_of_text.hpp"

namespace lshost::cli {
namespace {

using config::KeySpec;
using config::UrlPart;

[[noreturn]] void refuse(const ReplicaUrl& url, const std::string& why) {
  throw Error(ErrorCode::invalid, fmt::format("{}: {}", url.shown, why));
}

// ---- text to parts ----

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Undoes %xx; what is no escape stays.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : hex_digit(text[i + 2]);
    if (low < 0) {
      out += text[i];
    } else {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

/// Cuts `text` before the first of `marks`; what was cut off, with its mark.
std::string_view cut(std::string_view& text, std::string_view marks) {
  const auto at = std::min(text.find_first_of(marks), text.size());
  const std::string_view rest = text.substr(at);
  text = text.substr(0, at);
  return rest;
}

bool is_type(std::string_view text) {
  return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

void read_authority(ReplicaUrl& url, std::string_view authority) {
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    std::string_view user = authority.substr(0, at);
    url.has_password = !cut(user, ":").empty();
    url.user = percent_decoded(user);
    authority.remove_prefix(at + 1);
  }
  url.host = percent_decoded(authority);
}

void read_query(ReplicaUrl& url, std::string_view query) {
  while (!query.empty()) {
    query.remove_prefix(1);  // the '?', or a '&'
    std::string_view pair = query;
    query = cut(pair, "&");
    if (pair.empty()) continue;
    std::string_view value = cut(pair, "=");
    if (value.empty()) refuse(url, fmt::format("'{}' has no value; write {}=VALUE", pair, pair));
    url.query.emplace_back(percent_decoded(pair), percent_decoded(value.substr(1)));
  }
}

// ---- parts to keys ----

const KeySpec* find_key(const std::vector<KeySpec>& keys, const std::string& name) {
  const auto found = std::ranges::find(keys, name, &KeySpec::key);
  return found == keys.end() ? nullptr : &*found;
}

const KeySpec* find_key(const std::vector<KeySpec>& keys, UrlPart part) {
  const auto found = std::ranges::find(keys, part, &KeySpec::url);
  return found == keys.end() ? nullptr : &*found;
}

/// "${NAME}" and nothing else.
bool is_only_a_variable(std::string_view text) {
  return text.starts_with("${") && text.find('}') == text.size() - 1 && text.size() > 3;
}

/// A URL and its keys become entries.
class Mapping {
 public:
  Mapping(const ReplicaUrl& url, const std::vector<KeySpec>& keys, const Environment& environment)
      : url_(url), keys_(keys), environment_(environment), form_(form_of_url(url.scheme, keys)) {}

  config::ReplicaConfig run() {
    if (form_.empty()) {
      refuse(url_, fmt::format("replicas of type '{}' have no URLs; hint: name the database and pass --config.",
                               url_.scheme));
    }
    replica_.type = replica_.name = url_.scheme;
    if (url_.has_password) refuse_secret("password");
    add_part(UrlPart::user, "user", url_.user);
    add_part(UrlPart::host, "host", url_.host);
    add_part(UrlPart::path, "path", url_.path);
    for (const auto& [name, value] : url_.query) add_query(name, value);
    check();
    return std::move(replica_);
  }

 private:
  void add_part(UrlPart part, std::string_view what, const std::string& value) {
    if (value.empty()) return;
    const KeySpec* key = find_key(keys_, part);
    if (key == nullptr) refuse(url_, fmt::format("there is no {} in {}", what, form_));
    add(*key, value, /*is_private=*/false);
  }

  void add_query(const std::string& name, const std::string& text) {
    const KeySpec* key = find_key(keys_, name);
    if (key == nullptr) refuse_unknown(name);
    if (key->secret && !is_only_a_variable(text)) refuse_secret(name);
    const auto expanded = config::expand(text, environment_);
    if (!expanded.faults.empty()) refuse(url_, fmt::format("{}: {}", name, expanded.faults.front().message));
    add(*key, expanded.text, expanded.is_expanded);
  }

  void add(const KeySpec& key, const std::string& text, bool is_private) {
    if (text.find('\0') != std::string::npos) refuse(url_, fmt::format("'{}' has a NUL in it", key.key));
    config::Value value = config::value_of_text(key.type, text);
    value.is_private = is_private || key.secret;
    auto& entries = replica_.entries;
    const auto earlier = std::ranges::find(entries, key.key, &config::Entry::key);
    if (earlier == entries.end()) {
      if (key.list) value = {std::vector{std::move(value)}};
      entries.push_back({.key = key.key, .value = std::move(value)});
    } else if (auto* list = std::get_if<std::vector<config::Value>>(&earlier->value.data); list != nullptr) {
      list->push_back(std::move(value));
    } else {
      refuse(url_, fmt::format("'{}' is there twice; the form is {}", key.key, form_));
    }
  }

  void check() const {
    std::vector<config::Diagnostic> mistakes;
    config::check_entries(replica_, keys_, mistakes);
    for (const auto& mistake : mistakes) {
      if (!mistake.is_warning) refuse(url_, fmt::format("{}; the form is {}", mistake.message, form_));
    }
  }

  [[noreturn]] void refuse_unknown(const std::string& name) const {
    if (config::find_host_key(config::Scope::replica, name) != nullptr) {
      refuse(url_, fmt::format("'{}' says nothing about reading a replica; leave it out", name));
    }
    std::vector<std::string> names;
    for (const KeySpec& key : keys_) names.push_back(key.key);
    const auto meant = config::nearest(name, names);
    refuse(url_, fmt::format("unknown key {}{}", config::quoted(name),
                             meant ? fmt::format("; did you mean '{}'?", *meant)
                                   : fmt::format("; known here: {}", fmt::join(names, ", "))));
  }

  [[noreturn]] void refuse_secret(const std::string& name) const {
    const KeySpec* key = find_key(keys_, name);
    const std::string help = key == nullptr || key->help.empty() ? "" : fmt::format(" ({}: {})", name, key->help);
    refuse(url_, fmt::format("no secret belongs in a URL, which everybody on this machine can see{}; hint: "
                             "'...?{}=${{NAME}}' in single quotes takes it from the environment.",
                             help, name));
  }

  const ReplicaUrl& url_;
  const std::vector<KeySpec>& keys_;
  const Environment& environment_;
  const std::string form_;
  config::ReplicaConfig replica_;
};

}  // namespace

std::optional<ReplicaUrl> parse_replica_url(const std::string& text) {
  const auto end = text.find("://");
  if (end == std::string::npos || !is_type(std::string_view(text).substr(0, end))) return std::nullopt;
  ReplicaUrl url;
  url.scheme = text.substr(0, end);
  std::string_view rest = std::string_view(text).substr(end + 3);
  const std::string_view query = cut(rest, "?");
  const std::string_view path = cut(rest, "/");
  read_authority(url, rest);
  url.path = percent_decoded(path);
  const std::string_view user = rest.substr(0, std::min(rest.find(':'), rest.rfind('@')));
  url.shown =
      fmt::format("{}://{}{}{}", url.scheme, rest.find('@') == std::string_view::npos ? "" : fmt::format("{}@", user),
                  rest.substr(rest.rfind('@') + 1), path);
  read_query(url, query);
  return url;
}

config::ReplicaConfig replica_of_url(const ReplicaUrl& url, const std::vector<KeySpec>& keys,
                                     const Environment& environment) {
  return Mapping(url, keys, environment).run();
}

std::string form_of_url(const std::string& type, const std::vector<KeySpec>& keys) {
  const bool has_user = find_key(keys, UrlPart::user) != nullptr;
  const bool has_host = find_key(keys, UrlPart::host) != nullptr;
  const bool has_path = find_key(keys, UrlPart::path) != nullptr;
  if (!has_user && !has_host && !has_path) return "";
  return fmt::format("{}://{}{}{}", type, has_user ? "USER@" : "", has_host ? "HOST" : "", has_path ? "/PATH" : "");
}

}  // namespace lshost::cli
