#include "credentials.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include <lshost/cpp/error.hpp>

namespace lshost::s3 {
namespace {

using namespace std::chrono_literals;

constexpr auto kRenewBefore = 5min;     // the end of temporary keys
constexpr auto kReadAgainAfter = 5min;  // files are changed by people and by other programs
constexpr auto kTryAgainAfter = 30s;    // when keys could not be renewed
constexpr std::size_t kFileSizeMax = 1U << 20U;
constexpr std::uint32_t kOperatorRetry = LSHOST_ERR_RETRYABLE | LSHOST_ERR_OPERATOR;

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::string> read_small_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(kFileSizeMax, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

/// When to look for newer keys.
SystemTime renewal_time(const TimedCredentials& found, SystemTime now) {
  if (!found.expires) return now + kReadAgainAfter;
  return std::max(*found.expires - kRenewBefore, now + kTryAgainAfter);
}

}  // namespace

std::optional<Credentials> parse_credentials_file(std::string_view text, const std::string& profile) {
  Credentials keys;
  std::string section;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      section = trimmed(line.substr(1, std::min(line.find(']'), line.size()) - 1));
      continue;
    }
    const auto equals = line.find('=');
    if (section != profile || equals == std::string_view::npos) continue;
    const auto name = trimmed(line.substr(0, equals));
    const std::string value(trimmed(line.substr(equals + 1)));
    if (name == "aws_access_key_id") keys.access_key_id = value;
    if (name == "aws_secret_access_key") keys.secret_access_key = Secret(value);
    if (name == "aws_session_token") keys.session_token = Secret(value);
  }
  if (keys.access_key_id.empty() || keys.secret_access_key.empty()) return std::nullopt;
  return keys;
}

std::optional<Credentials> credentials_from_environment(const Environment& environment) {
  for (const std::string family : {"AWS", "LITESTREAM"}) {
    Credentials keys{get(environment, family + "_ACCESS_KEY_ID"),
                     Secret(get(environment, family + "_SECRET_ACCESS_KEY")),
                     Secret(family == "AWS" ? get(environment, "AWS_SESSION_TOKEN") : "")};
    if (!keys.access_key_id.empty() && !keys.secret_access_key.empty()) return keys;
  }
  return std::nullopt;
}

CredentialsChain::CredentialsChain(Credentials configured, std::string profile, Environment environment, Fetch fetch,
                                   Now now)
    : configured_(std::move(configured)),
      profile_(std::move(profile)),
      environment_(std::move(environment)),
      fetch_(std::move(fetch)),
      now_(std::move(now)) {}

Credentials CredentialsChain::current() {
  if (!configured_.access_key_id.empty()) return configured_;
  const std::lock_guard hold(mutex_);
  const SystemTime now = now_();
  if (found_ && now < renew_at_) return found_->keys;
  const bool still_good = found_ && (!found_->expires || now < *found_->expires);
  try {
    if (auto next = look()) {
      renew_at_ = renewal_time(*next, now);
      found_ = std::move(next);
      return found_->keys;
    }
  } catch (const Error&) {
    if (!still_good) throw;
  }
  if (still_good) {
    renew_at_ = now + kTryAgainAfter;
    return found_->keys;
  }
  throw Error(
      LSHOST_E_DENIED,
      "no credentials: there are none in the configuration, in the environment (AWS_ACCESS_KEY_ID), in the shared "
      "credentials file, or from a container's or instance's metadata; set access-key-id and secret-access-key",
      kOperatorRetry);
}

void CredentialsChain::refused(const Credentials& keys) {
  const std::lock_guard hold(mutex_);
  if (found_ && found_->keys == keys) renew_at_ = SystemTime::min();
}

std::optional<TimedCredentials> CredentialsChain::look() const {
  // A profile that was asked for by name goes before what happens to be in the environment.
  if (!profile_.empty()) {
    if (auto found = from_file()) return found;
    throw Error(LSHOST_E_DENIED,
                "the shared credentials file has no keys for profile = \"" + profile_ +
                    "\"; add them with aws_access_key_id "
                    "and aws_secret_access_key",
                kOperatorRetry);
  }
  if (auto keys = credentials_from_environment(environment_)) return TimedCredentials{*keys, {}, "the environment"};
  if (auto found = from_file()) return found;
  if (auto found = credentials_from_container(environment_, fetch_)) return found;
  return credentials_from_instance(environment_, fetch_);
}

std::optional<TimedCredentials> CredentialsChain::from_file() const {
  std::string path = get(environment_, "AWS_SHARED_CREDENTIALS_FILE");
  if (path.empty()) {
    const std::string home = get(environment_, "HOME");
    if (home.empty()) return std::nullopt;
    path = home + "/.aws/credentials";
  }
  std::string profile = profile_.empty() ? get(environment_, "AWS_PROFILE") : profile_;
  if (profile.empty()) profile = "default";
  const auto text = read_small_file(path);
  if (!text) return std::nullopt;
  const auto keys = parse_credentials_file(*text, profile);
  if (!keys) return std::nullopt;
  return TimedCredentials{*keys, {}, path};
}

}  // namespace lshost::s3
