// Goal: a URL becomes the configuration that a person would have written, or a sentence that says what to write
// instead. Method: made-up plugins' keys; no plugin is loaded, no file is read.

#include "cli/replica_url.hpp"

#include <catch2/catch.hpp>

#include "base/error.hpp"

using namespace lshost;
using namespace lshost::cli;
using Catch::Matchers::Contains;
using config::KeySpec;
using config::KeyType;
using config::UrlPart;

namespace {

const std::vector<KeySpec> kSftp{
    {.key = "host", .required = true, .url = UrlPart::host},
    {.key = "user", .required = true, .url = UrlPart::user},
    {.key = "path", .required = true, .url = UrlPart::path},
    {.key = "password", .secret = true, .help = "of the user"},
    {.key = "host-key", .list = true},
    {.key = "tries", .type = KeyType::integer},
    {.key = "ratio", .type = KeyType::real},
    {.key = "strict", .type = KeyType::boolean},
    {.key = "timeout", .type = KeyType::duration},
    {.key = "part-size", .type = KeyType::size},
    {.key = "class", .choices = {"warm", "cold"}},
};
const std::vector<KeySpec> kFile{{.key = "path", .required = true, .url = UrlPart::path}};
const std::vector<KeySpec> kBucket{{.key = "bucket", .required = true, .url = UrlPart::host},
                                   {.key = "prefix", .url = UrlPart::path},
                                   {.key = "endpoint"}};

config::ReplicaConfig replica(const std::string& text, const std::vector<KeySpec>& keys = kSftp) {
  const auto url = parse_replica_url(text);
  REQUIRE(url);
  return replica_of_url(*url, keys, [](const std::string& name) -> std::optional<std::string> {
    if (name == "WORD") return "from outside";
    return std::nullopt;
  });
}

std::string show(const config::Value& value) {
  struct Show {
    std::string operator()(const std::string& text) const { return "'" + text + "'"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const { return std::to_string(number); }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(const std::vector<config::Value>& list) const {
      std::string all = "[";
      for (const auto& value : list) all += (all.size() > 1 ? " " : "") + show(value);
      return all + "]";
    }
  };
  return std::visit(Show{}, value.data);
}

/// "key='value' key=1".
std::string entries(const std::string& text, const std::vector<KeySpec>& keys = kSftp) {
  std::string all;
  for (const auto& entry : replica(text, keys).entries) {
    all += (all.empty() ? "" : " ") + entry.key + "=" + show(entry.value);
  }
  return all;
}

std::string refusal(const std::string& text, const std::vector<KeySpec>& keys = kSftp) {
  try {
    (void)replica(text, keys);
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::invalid);
    return e.what();
  }
  return "taken";
}

}  // namespace

TEST_CASE("replica url: what is no URL names a database", "[cli][url]") {
  for (const auto* text : {"", "app.db", "/var/lib/app.db", "C:/app.db", "a b://x", "A://x", "://x"}) {
    CHECK_FALSE(parse_replica_url(text));
  }
}

TEST_CASE("replica url: its parts are values of the keys that ask for them", "[cli][url]") {
  CHECK(entries("sftp://me@backup:2222/srv/app") == "user='me' host='backup:2222' path='/srv/app'");
  CHECK(entries("sftp://me@[::1]:22/a") == "user='me' host='[::1]:22' path='/a'");
  CHECK(entries("file:///backups/app", kFile) == "path='/backups/app'");
  CHECK(entries("s3://backups", kBucket) == "bucket='backups'");
  CHECK(entries("s3://backups/app/one?endpoint=https://s3.example.org:7480/", kBucket) ==
        "bucket='backups' prefix='/app/one' endpoint='https://s3.example.org:7480/'");
  const auto config = replica("s3://backups", kBucket);
  CHECK(config.type == "s3");
  CHECK(config.name == "s3");
}

TEST_CASE("replica url: escapes are undone after it is taken apart", "[cli][url]") {
  CHECK(entries("file:///a%20b%2Fc%3F%25", kFile) == "path='/a b/c?%'");
  CHECK(entries("file:///100%/a%zz+b#c", kFile) == "path='/100%/a%zz+b#c'");
  CHECK(entries("sftp://a%40b%3Ac@h/p?host-key=ssh-ed25519%20AA+/%26%3D=") ==
        "user='a@b:c' host='h' path='/p' host-key=['ssh-ed25519 AA+/&==']");
}

TEST_CASE("replica url: the query has values of every type, lists by repetition", "[cli][url]") {
  CHECK(entries("sftp://me@h/p?tries=5&ratio=0.5&strict=true&timeout=5s&part-size=8MiB&class=cold") ==
        "user='me' host='h' path='/p' tries=5 ratio=0.500000 strict=true timeout='5s' part-size='8MiB' class='cold'");
  CHECK(entries("sftp://me@h/p?host-key=a&tries=-1&host-key=b") ==
        "user='me' host='h' path='/p' host-key=['a' 'b'] tries=-1");
  CHECK(entries("sftp://me@h/p?") == "user='me' host='h' path='/p'");
  CHECK(entries("sftp://h/p?user=me&") == "host='h' path='/p' user='me'");
}

TEST_CASE("replica url: variables come from the environment, and are private", "[cli][url]") {
  const auto config = replica("sftp://me@h/p?password=${WORD}&class=warm");
  REQUIRE(config.entries.size() == 5);
  CHECK(show(config.entries[3].value) == "'from outside'");
  CHECK(config.entries[3].value.is_private);
  CHECK_FALSE(config.entries[4].value.is_private);
  CHECK_THAT(refusal("sftp://me@h/p?password=${NOWHERE}"), Contains("'NOWHERE' is not set"));
}

TEST_CASE("replica url: a secret in it is refused, and not said again", "[cli][url]") {
  for (const auto* text : {"sftp://me:hunter2@h/p", "sftp://me@h/p?password=hunter2", "sftp://me:hunter2@h/p?x=hunter2",
                           "sftp://me@h/p?password=${WORD}hunter2", "sftp://me:hunter2@h/p?broken"}) {
    const std::string message = refusal(text);
    CHECK_THAT(message, !Contains("hunter2"));
    CHECK_THAT(message, Contains("sftp://me@h/p"));
  }
  CHECK(refusal("sftp://me:hunter2@h/p") ==
        "sftp://me@h/p: no secret belongs in a URL, which everybody on this machine can see (password: of the user); "
        "hint: '...?password=${NAME}' in single quotes takes it from the environment.");
}

TEST_CASE("replica url: mistakes are told with the form that is right", "[cli][url]") {
  CHECK(refusal("sftp://h/p") ==
        "sftp://h/p: a replica of type 'sftp' needs the key 'user'; the form is sftp://USER@HOST/PATH");
  CHECK(refusal("file://backups/app", kFile) == "file://backups/app: there is no host in file:///PATH");
  CHECK(refusal("file:///", {}) ==
        "file:///: replicas of type 'file' have no URLs; hint: name the database and pass --config.");
  CHECK(refusal("s3://me@b", kBucket) == "s3://me@b: there is no user in s3://HOST/PATH");
  CHECK_THAT(refusal("sftp://me@h/p?strct=true"), Contains("unknown key 'strct'; did you mean 'strict'?"));
  CHECK_THAT(refusal("sftp://me@h/p?xyzzy=1"), Contains("known here: host, user"));
  CHECK_THAT(refusal("sftp://me@h/p?retention=1h"), Contains("'retention' says nothing about reading"));
  CHECK_THAT(refusal("sftp://me@h/p?strict"), Contains("'strict' has no value; write strict=VALUE"));
  CHECK_THAT(refusal("sftp://me@h/p?path=/q"), Contains("'path' is there twice"));
  CHECK_THAT(refusal("sftp://me@h/p?tries=many"), Contains("tries"));
  CHECK_THAT(refusal("sftp://me@h/p?strict=yes"), Contains("strict"));
  CHECK_THAT(refusal("sftp://me@h/p?timeout=soon"), Contains("timeout"));
  CHECK_THAT(refusal("sftp://me@h/p?class=hot"), Contains("warm"));
  CHECK_THAT(refusal("sftp://me@h/p%00q"), Contains("NUL"));
}

TEST_CASE("replica url: the form follows from the keys", "[cli][url]") {
  CHECK(form_of_url("sftp", kSftp) == "sftp://USER@HOST/PATH");
  CHECK(form_of_url("file", kFile) == "file:///PATH");
  CHECK(form_of_url("s3", kBucket) == "s3://HOST/PATH");
  CHECK(form_of_url("other", {{.key = "x"}}).empty());
}
