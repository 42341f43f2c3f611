#include "endpoint.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <lshost/cpp/error.hpp>

namespace lshost::s3 {
namespace {

[[noreturn]] void refuse(const std::string& text, const std::string& why) {
  throw Error::Config("endpoint = \"" + text + "\" " + why + "; write it as https://host or https://host:port");
}

bool is_host_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == ':' || c == '[' || c == ']';
}

/// "host:443" of https -> "host": that is what libcurl sends as Host, and so what is signed.
std::string without_usual_port(const std::string& host, bool tls) {
  const std::string usual = tls ? ":443" : ":80";
  return host.ends_with(usual) ? host.substr(0, host.size() - usual.size()) : host;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

/// What stands between a beginning and an end: ("s3.x.y", "s3.", ".y") -> "x".
std::optional<std::string> between(const std::string& text, std::string_view begin, std::string_view end) {
  if (text.size() <= begin.size() + end.size() || !text.starts_with(begin) || !text.ends_with(end)) return std::nullopt;
  return text.substr(begin.size(), text.size() - begin.size() - end.size());
}

}  // namespace

Server parse_endpoint(const std::string& text) {
  Server server;
  std::string rest = text;
  if (const auto scheme = text.find("://"); scheme != std::string::npos) {
    const std::string name = lower(text.substr(0, scheme));
    if (name != "https" && name != "http") refuse(text, "is neither https nor http");
    server.tls = name == "https";
    rest = text.substr(scheme + 3);
  }
  while (rest.ends_with('/')) rest.pop_back();
  if (rest.empty()) refuse(text, "names no host");
  if (rest.find('@') != std::string::npos) refuse("...", "has a user in it; keys have configuration keys of their own");
  if (rest.find_first_of("/?#") != std::string::npos)
    refuse(text, "has more than a host; buckets and prefixes have keys");
  if (!std::all_of(rest.begin(), rest.end(), is_host_character)) refuse(text, "is no host name");
  server.host = without_usual_port(lower(rest), server.tls);
  return server;
}

Server amazon_server(const std::string& region) {
  const bool in_china = region.starts_with("cn-");
  return {true, "s3." + region + ".amazonaws.com" + (in_china ? ".cn" : "")};
}

std::optional<std::string> region_of(const Server& server) {
  const std::string host = server.host.substr(0, server.host.rfind(':'));
  if (host == "storage.googleapis.com" || host.ends_with(".r2.cloudflarestorage.com")) return "auto";
  if (host == "s3.amazonaws.com") return "us-east-1";
  using Form = std::pair<std::string_view, std::string_view>;
  constexpr std::array<Form, 9> kForms = {{{"s3.dualstack.", ".amazonaws.com"},
                                           {"s3-fips.", ".amazonaws.com"},
                                           {"s3.", ".amazonaws.com"},
                                           {"s3.", ".amazonaws.com.cn"},
                                           {"s3.", ".backblazeb2.com"},
                                           {"s3.", ".wasabisys.com"},
                                           {"s3.", ".scw.cloud"},
                                           {"", ".digitaloceanspaces.com"},
                                           {"", ".your-objectstorage.com"}}};
  for (const auto& [begin, end] : kForms) {
    const auto region = between(host, begin, end);
    if (region && region->find('.') == std::string::npos) return region;
  }
  return std::nullopt;
}

void check_bucket_name(const std::string& bucket) {
  const auto is_allowed = [](char c) { return is_host_character(c) && c != ':' && c != '[' && c != ']'; };
  if (!bucket.empty() && bucket.size() <= 255 && std::all_of(bucket.begin(), bucket.end(), is_allowed)) return;
  throw Error::Config(
      "bucket = \"" + bucket +
      "\" is no bucket name; it has 3 to 63 of a-z, 0-9, '-' and '.', and what lies below goes to prefix");
}

bool fits_into_host_name(const std::string& bucket, bool tls) {
  const auto is_label = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  if (bucket.size() < 3 || bucket.size() > 63 || !std::all_of(bucket.begin(), bucket.end(), is_label)) return false;
  return !tls || bucket.find('.') == std::string::npos;
}

Bucket::Bucket(Server server, std::string name, bool path_style)
    : server_(std::move(server)), name_(std::move(name)), path_style_(path_style) {
  if (!fits_into_host_name(name_, server_.tls)) path_style_ = true;
  host_ = path_style_ ? server_.host : name_ + '.' + server_.host;
}

std::string Bucket::path(std::string_view key) const {
  std::string path = path_style_ ? '/' + encode(name_) : "";
  if (!key.empty()) path += '/' + encode_path(key);
  return path.empty() ? "/" : path;
}

std::string Bucket::url(const std::string& path, const std::string& query) const {
  return (server_.tls ? "https://" : "http://") + host_ + path + (query.empty() ? "" : '?' + query);
}

std::string Bucket::describe(std::string_view key) const {
  std::string text = "s3://" + name_;
  if (!key.empty()) text.append("/").append(key);
  return text + " at " + server_.to_string();
}

}  // namespace lshost::s3
