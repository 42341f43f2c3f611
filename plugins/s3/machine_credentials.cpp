// The container's and the instance's endpoint: keys that belong to the machine, handed out over plain HTTP.

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include <lshost/cpp/error.hpp>

#include "connection.hpp"
#include "credentials.hpp"
#include "endpoint.hpp"

namespace lshost::s3 {
namespace {

constexpr const char* kContainerHost = "http://169.254.170.2";
constexpr const char* kInstanceHost = "http://169.254.169.254";
constexpr const char* kRolePath = "/latest/meta-data/iam/security-credentials/";
constexpr std::uint32_t kOperatorRetry = LSHOST_ERR_RETRYABLE | LSHOST_ERR_OPERATOR;

/// "": the reply has no such text.
std::string text_of(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string first_line_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  while (line.ends_with('\r') || line.ends_with(' ')) line.pop_back();
  return line;
}

/// Keys must not go to, nor come from, somebody else's plain-HTTP server.
bool is_trustworthy(const std::string& url) {
  if (url.starts_with("https://")) return true;
  constexpr std::array<std::string_view, 5> kHosts = {"http://localhost", "http://127.0.0.1", "http://[::1]",
                                                      "http://169.254.170.2", "http://169.254.170.23"};
  return std::any_of(kHosts.begin(), kHosts.end(), [&](std::string_view host) {
    return url.starts_with(host) && (url.size() == host.size() || url[host.size()] == ':' || url[host.size()] == '/');
  });
}

std::string container_url(const Environment& environment) {
  if (const auto path = get(environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); !path.empty()) {
    return kContainerHost + path;
  }
  return get(environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

std::string container_token(const Environment& environment) {
  const auto file = get(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");  // it is changed now and then
  return file.empty() ? get(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN") : first_line_of(file);
}

std::string instance_host(const Environment& environment) {
  std::string host = get(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
  while (host.ends_with('/')) host.pop_back();
  return host.empty() ? kInstanceHost : host;
}

HttpRequest metadata_request(std::string method, std::string url, Headers headers) {
  HttpRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.headers = std::move(headers);
  request.ignore_proxy = true;
  return request;
}

}  // namespace

std::optional<TimedCredentials> parse_credentials_reply(const std::string& json) {
  const auto object = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return std::nullopt;
  TimedCredentials found;
  found.keys.access_key_id = text_of(object, "AccessKeyId");
  found.keys.secret_access_key = Secret(text_of(object, "SecretAccessKey"));
  found.keys.session_token = Secret(text_of(object, "Token"));
  if (const auto ns = parse_iso_time(text_of(object, "Expiration"))) {
    found.expires = SystemTime(std::chrono::duration_cast<SystemTime::duration>(std::chrono::nanoseconds(*ns)));
  }
  if (found.keys.access_key_id.empty() || found.keys.secret_access_key.empty()) return std::nullopt;
  return found;
}

std::optional<TimedCredentials> credentials_from_container(const Environment& environment, const Fetch& fetch) {
  const std::string url = container_url(environment);
  if (url.empty()) return std::nullopt;
  const auto fail = [&](const std::string& why) -> Error {
    return {LSHOST_E_DENIED, "no credentials from the container's endpoint " + url + ": " + why, kOperatorRetry};
  };
  if (!is_trustworthy(url))
    throw fail("it is neither https nor this machine; AWS_CONTAINER_CREDENTIALS_FULL_URI is wrong");
  Headers headers;
  if (auto token = container_token(environment); !token.empty())
    headers.emplace_back("authorization", std::move(token));
  try {
    const HttpReply reply = fetch(metadata_request("GET", url, std::move(headers)));
    if (!reply.ok()) throw fail("it answers with status " + std::to_string(reply.status));
    auto found = parse_credentials_reply(reply.body);
    if (!found) throw fail("its answer has no keys in it");
    found->source = "the container's endpoint";
    return found;
  } catch (const HttpFailure& failure) {
    throw fail(failure.what());
  }
}

std::optional<TimedCredentials> credentials_from_instance(const Environment& environment, const Fetch& fetch) {
  if (get(environment, "AWS_EC2_METADATA_DISABLED") == "true") return std::nullopt;
  const std::string host = instance_host(environment);
  try {
    const HttpReply token =
        fetch(metadata_request("PUT", host + "/latest/api/token", {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}}));
    if (!token.ok() || token.body.empty()) return std::nullopt;
    const Headers proof = {{"x-aws-ec2-metadata-token", token.body}};
    const HttpReply roles = fetch(metadata_request("GET", host + kRolePath, proof));
    const std::string role = roles.body.substr(0, roles.body.find('\n'));
    if (!roles.ok() || role.empty()) return std::nullopt;
    const HttpReply reply = fetch(metadata_request("GET", host + kRolePath + encode(role), proof));
    auto found = reply.ok() ? parse_credentials_reply(reply.body) : std::nullopt;
    if (found) found->source = "the instance's role " + role;
    return found;
  } catch (const HttpFailure&) {
    return std::nullopt;  // most machines have no such service
  }
}

}  // namespace lshost::s3
