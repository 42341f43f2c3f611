#pragma once
// Where the keys come from: the configuration, the environment, the shared credentials file, the container's or the
// instance's endpoint, in this order; the first that has any.

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "environment.hpp"
#include "http.hpp"
#include "sigv4.hpp"

namespace lshost::s3 {

/// Keys, and until when they are good.
struct TimedCredentials {
  Credentials keys;
  std::optional<SystemTime> expires;  ///< nullopt: as far as is known, never
  std::string source;                 ///< for sentences: "the configuration"
};

// ---- parsers ----

/// The keys of `profile` in a file of INI form. nullopt: no such profile, or it has none.
[[nodiscard]] std::optional<Credentials> parse_credentials_file(std::string_view text, const std::string& profile);
/// What the container's and the instance's endpoint answer. nullopt: that is not it.
[[nodiscard]] std::optional<TimedCredentials> parse_credentials_reply(const std::string& json);

// ---- sources; nullopt: nothing configured there ----

[[nodiscard]] std::optional<Credentials> credentials_from_environment(const Environment& environment);

/// Fetches something of the machine's own endpoints, quickly or not at all. Throws HttpFailure.
using Fetch = std::function<HttpReply(const HttpRequest& request)>;

/// AWS_CONTAINER_CREDENTIALS_*. Throws Error if they are set and bring nothing.
[[nodiscard]] std::optional<TimedCredentials> credentials_from_container(const Environment& environment,
                                                                         const Fetch& fetch);
/// The instance metadata service, version 2. nullopt: there is none, or it is disabled, or it has no role.
[[nodiscard]] std::optional<TimedCredentials> credentials_from_instance(const Environment& environment,
                                                                        const Fetch& fetch);

/// The keys to sign with, fetched when they are first needed and again before they expire.
///
/// Threads: any; one fetches, the others wait for it.
/// Errors:  Error{denied} that says where was looked. When keys can not be renewed, the old ones serve until they
/// expire.
class CredentialsChain {
 public:
  using Now = std::function<SystemTime()>;

  /// `configured`: keys of the configuration; an empty id is none.
  CredentialsChain(Credentials configured, std::string profile, Environment environment, Fetch fetch,
                   Now now = std::chrono::system_clock::now);

  [[nodiscard]] Credentials current();
  /// The server refused these: what was fetched is fetched again next time, if it is still the same.
  void refused(const Credentials& keys);

 private:
  [[nodiscard]] std::optional<TimedCredentials> look() const;
  [[nodiscard]] std::optional<TimedCredentials> from_file() const;

  // Constant after construction.
  const Credentials configured_;
  const std::string profile_;
  const Environment environment_;
  const Fetch fetch_;
  const Now now_;

  std::mutex mutex_;
  std::optional<TimedCredentials> found_;  // guarded by mutex_
  SystemTime renew_at_;                    // guarded by mutex_
};

}  // namespace lshost::s3
