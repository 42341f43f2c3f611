// A replica that is named by a URL.
//
// Input: the URL.
// Holds: it is refused with a sentence, or a replica of known keys comes of it; nothing that is behind the '?' is in
// what is shown, and no secret gets in but from the environment.

#include "cli/replica_url.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "fuzz/target.hpp"

namespace lshost::fuzz {
namespace {

using namespace cli;
using config::KeySpec;
using config::KeyType;
using config::UrlPart;

const std::vector<KeySpec> kKeys{{.key = "user", .url = UrlPart::user},
                                 {.key = "host", .required = true, .url = UrlPart::host},
                                 {.key = "path", .required = true, .url = UrlPart::path},
                                 {.key = "port", .type = KeyType::integer},
                                 {.key = "age-identities", .secret = true, .list = true},
                                 {.key = "hosts", .list = true},
                                 {.key = "timeout", .type = KeyType::duration},
                                 {.key = "mode", .choices = {"fast", "safe"}},
                                 {.key = "password", .secret = true}};

constexpr std::string_view kSecret = "swordfish-7f1d";

std::optional<std::string> environment(const std::string& name) {
  return name == "SECRET" ? std::optional<std::string>(kSecret) : std::nullopt;
}

bool has_nul(const config::Value& value) {
  const auto* text = std::get_if<std::string>(&value.data);
  return text != nullptr && text->find('\0') != std::string::npos;
}

void check_replica(const ReplicaUrl& url, const std::string& text) {
  try {
    const auto replica = replica_of_url(url, kKeys, environment);
    expect(replica.type == url.scheme && !url.has_password, "a replica is of the type that the URL names");
    for (const auto& entry : replica.entries) {
      const auto key = std::ranges::find(kKeys, entry.key, &KeySpec::key);
      expect(key != kKeys.end(), "a replica has known keys only");
      expect(!has_nul(entry.value), "and no NUL");
      if (key->secret && !key->list) expect(entry.value.is_private, "a secret is marked as one");
    }
  } catch (const Error& error) {
    expect(error.code() == ErrorCode::invalid, "a URL is wrong");
    expect(std::string_view(error.what()).starts_with(url.shown), "what is said names the URL");
    const bool is_in_url = text.find(kSecret) != std::string::npos;
    expect(is_in_url || std::string_view(error.what()).find(kSecret) == std::string_view::npos, "and shows no secret");
  }
}

}  // namespace

void fuzz_replica_url(ByteSpan input) {
  const std::string text(Input(input).text());
  if (text.find('\0') != std::string::npos) return;  // no argument of a program has one
  try {
    const auto url = parse_replica_url(text);
    if (!url) return;
    expect(!url->scheme.empty() && text.starts_with(url->scheme + "://"), "a URL begins with its scheme");
    expect(url->scheme.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos,
           "which is a type");
    expect(url->shown.find('?') == std::string::npos, "a query is not shown");
    expect(url->shown.size() <= text.size(), "nor anything that was not there");
    check_replica(*url, text);
  } catch (const Error& error) {
    expect(error.code() == ErrorCode::invalid, "a URL is wrong");
  }
}

}  // namespace lshost::fuzz
