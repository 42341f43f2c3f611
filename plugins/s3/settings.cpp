#include "settings.hpp"

#include <algorithm>

namespace lshost::s3 {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::uint64_t kMiB = 1U << 20U;
constexpr std::uint64_t kPartSizeMin = 5 * kMiB;     // S3's rule for all parts but the last
constexpr std::uint64_t kPartSizeMax = 1024 * kMiB;  // S3's is 5 GiB; parts are held in memory
constexpr std::int64_t kConcurrencyMax = 32;

/// Without leading and trailing '/', and with one at the end unless it is empty.
std::string as_prefix(std::string text) {
  while (text.starts_with('/')) text.erase(0, 1);
  while (text.ends_with('/')) text.pop_back();
  return text.empty() ? text : text + '/';
}

std::string read_prefix(const Context& context) {
  const std::string prefix = as_prefix(context.String("prefix", ""));
  const std::string path = as_prefix(context.String("path", ""));
  if (!prefix.empty() && !path.empty() && prefix != path) {
    throw Error::Config("prefix = \"" + prefix + "\" and path = \"" + path +
                        "\" are two names of the same thing; keep one of them");
  }
  const std::string& chosen = prefix.empty() ? path : prefix;
  const auto is_control = [](char c) { return (c >= 0 && c < 32) || c == 127; };
  if (chosen.size() > 512) throw Error::Config("prefix is longer than 512 bytes");
  if (std::any_of(chosen.begin(), chosen.end(), is_control)) {
    throw Error::Config("prefix has a control character in it; not all servers can store that");
  }
  // libcurl and proxies take these as steps in a path, whatever is asked of them.
  if (('/' + chosen).find("/./") != std::string::npos || ('/' + chosen).find("/../") != std::string::npos) {
    throw Error::Config("prefix = \"" + chosen + "\" has a part that is '.' or '..'; choose other names");
  }
  return chosen;
}

void read_server(const Context& context, const Environment& environment, Settings& settings) {
  const std::string endpoint = context.String("endpoint", "");
  std::string region = context.String("region", "");
  if (!endpoint.empty()) {
    settings.server = parse_endpoint(endpoint);
    if (region.empty()) region = region_of(settings.server).value_or("");
  }
  if (region.empty()) region = get(environment, "AWS_REGION");
  if (region.empty()) region = get(environment, "AWS_DEFAULT_REGION");
  if (region.empty()) region = "us-east-1";
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  if (!std::all_of(region.begin(), region.end(), is_allowed)) {
    throw Error::Config("region = \"" + region + "\" is no name of a region; write one like \"eu-central-1\"");
  }
  if (endpoint.empty()) settings.server = amazon_server(region);
  settings.region = region;
  settings.path_style = context.Bool("force-path-style", !endpoint.empty());
}

void read_keys(const Context& context, Settings& settings) {
  settings.access_key_id = context.String("access-key-id", "");
  settings.secret_access_key = Secret(context.String("secret-access-key", ""));
  settings.session_token = Secret(context.String("session-token", ""));
  settings.profile = context.String("profile", "");
  if (settings.access_key_id.empty() != settings.secret_access_key.empty()) {
    throw Error::Config(settings.access_key_id.empty() ? "secret-access-key is set and access-key-id is not; set both"
                                                       : "access-key-id is set and secret-access-key is not; set both");
  }
  if (settings.access_key_id.empty() && !settings.session_token.empty()) {
    throw Error::Config("session-token is set without access-key-id and secret-access-key; it belongs to such a pair");
  }
}

void read_storage(const Context& context, Settings& settings) {
  settings.storage_class = context.String("storage-class", "");
  settings.sse = context.String("sse", "");
  settings.sse_kms_key_id = context.String("sse-kms-key-id", "");
  if (settings.sse.empty() && !settings.sse_kms_key_id.empty()) settings.sse = "aws:kms";
  if (settings.sse != "aws:kms" && !settings.sse_kms_key_id.empty()) {
    throw Error::Config("sse-kms-key-id is set, but sse = \"" + settings.sse + "\"; it needs sse = \"aws:kms\"");
  }
  for (const std::string* value : {&settings.storage_class, &settings.sse, &settings.sse_kms_key_id}) {
    if (std::any_of(value->begin(), value->end(), [](char c) { return c <= ' ' || c == 127; })) {
      throw Error::Config("storage-class, sse and sse-kms-key-id have no blanks and ASCII characters only");
    }
  }
}

milliseconds read_time(const Context& context, const char* key, milliseconds otherwise, milliseconds at_least) {
  const auto time = duration_cast<milliseconds>(context.Duration(key, otherwise));
  if (time >= at_least && time <= std::chrono::hours(24)) return time;
  throw Error::Config(std::string(key) + " is out of range; it is at least " + std::to_string(at_least.count()) +
                      "ms and at most 24h");
}

void read_limits(const Context& context, Settings& settings) {
  using namespace std::chrono_literals;
  settings.part_size_bytes = context.Size("part-size", 8 * kMiB);
  if (settings.part_size_bytes < kPartSizeMin || settings.part_size_bytes > kPartSizeMax) {
    throw Error::Config(
        "part-size is out of range; servers take parts from 5MiB, and they are held in memory, up to 1GiB");
  }
  const std::int64_t concurrency = context.Int("concurrency", 4);
  if (concurrency < 1 || concurrency > kConcurrencyMax) {
    throw Error::Config("concurrency = " + std::to_string(concurrency) + " is out of range; it is 1 to 32");
  }
  settings.concurrency = static_cast<std::uint32_t>(concurrency);
  settings.connect_timeout = read_time(context, "connect-timeout", 10s, 1ms);
  settings.timeout = read_time(context, "timeout", 30s, 100ms);
  settings.retry_for = read_time(context, "retry-for", 2min, 0ms);
}

}  // namespace

std::span<const ConfigKey> setting_keys() {
  static constexpr ConfigKey kKeys[] = {
      {.key = "bucket", .required = true, .help = "the bucket; it has to exist", .url = UrlPart::Host},
      {.key = "prefix",
       .help = "what all keys begin with, as a folder; other replicas need others",
       .url = UrlPart::Path},
      {.key = "path", .help = "another name of prefix, as Litestream has it"},
      {.key = "endpoint", .help = "https://host[:port] of a server that is not Amazon's; http:// if you mean it"},
      {.key = "region", .help = "the bucket's region; from the endpoint or AWS_REGION if absent, or us-east-1"},
      {.key = "force-path-style",
       .type = ConfigType::Bool,
       .help = "host/bucket, not bucket.host; true if endpoint is set"},
      {.key = "access-key-id", .help = "if absent: environment, credentials file, container, instance"},
      {.key = "secret-access-key", .secret = true, .help = "belongs to access-key-id"},
      {.key = "session-token", .secret = true, .help = "belongs to a temporary access-key-id"},
      {.key = "profile", .help = "section of the shared credentials file; AWS_PROFILE or default if absent"},
      {.key = "ca-file", .help = "PEM file of the only authorities to trust; the system's if absent"},
      {.key = "storage-class", .help = "such as STANDARD_IA; the bucket's own if absent"},
      {.key = "sse", .help = "server-side encryption; the bucket's own if absent", .choices = "AES256|aws:kms"},
      {.key = "sse-kms-key-id", .help = "key for sse = \"aws:kms\""},
      {.key = "part-size",
       .type = ConfigType::Size,
       .default_value = "8MiB",
       .help = "larger objects are sent in parts"},
      {.key = "concurrency", .type = ConfigType::Int, .default_value = "4", .help = "parts of one object sent at once"},
      {.key = "connect-timeout", .type = ConfigType::Duration, .default_value = "10s", .help = "for name, TCP and TLS"},
      {.key = "timeout", .type = ConfigType::Duration, .default_value = "30s", .help = "without a byte either way"},
      {.key = "retry-for",
       .type = ConfigType::Duration,
       .default_value = "2m",
       .help = "a part or a download that broke is tried again by itself this long"},
  };
  return kKeys;
}

Settings read_settings(const Context& context, const Environment& environment) {
  Settings settings;
  settings.bucket = context.String("bucket");
  check_bucket_name(settings.bucket);
  settings.prefix = read_prefix(context);
  read_server(context, environment, settings);
  read_keys(context, settings);
  settings.ca_file = context.String("ca-file", "");
  read_storage(context, settings);
  read_limits(context, settings);
  return settings;
}

}  // namespace lshost::s3
