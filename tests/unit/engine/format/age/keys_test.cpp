#include "engine/format/age/keys.hpp"

#include <catch2/catch.hpp>

#include "base/error.hpp"
#include "support/process.hpp"
#include "unit/engine/format/objects.hpp"

using namespace lshost;
using namespace lshost::engine;
using namespace lshost::test;

namespace {

// Made with age-keygen for this test.
const std::string kIdentity = "AGE-SECRET-KEY-1DEU84X302DAQX2VNLXJWY7JLY645007S6Z9KGDFNZJ6D0SCPP0SQQLV5D8";
const std::string kRecipient = "age1qlrksyadchx6ulh2se9xawkusmrynpy78cup5ptsrkyclvnp5faq3wyx6f";

/// "code: sentence"; empty: nothing was thrown.
template <class Fn>
std::string refusal(Fn&& fn) {
  try {
    (void)fn();
    return {};
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + ": " + error.what();
  }
}

std::string refusal_of_recipient(const std::string& text) {
  return refusal([&] { return age::parse_recipient(text); });
}

std::string refusal_of_identity(const std::string& text) {
  return refusal([&] { return age::parse_identity(text); });
}

}  // namespace

TEST_CASE("age keys: an identity has the recipient that age-keygen says", "[engine][age]") {
  CHECK(to_string(age::parse_identity(kIdentity).recipient()) == kRecipient);
  CHECK(to_string(age::parse_recipient(kRecipient)) == kRecipient);
  for (int i = 0; i < 5; ++i) {
    const auto made = run({.command = {"age-keygen"}});
    REQUIRE(made.status.code == 0);
    const auto identities = age::parse_identity_file(made.out);
    REQUIRE(identities.size() == 1);
    CHECK_THAT(made.out, Catch::Contains("# public key: " + to_string(identities.front().recipient())));
  }
}

TEST_CASE("age keys: upper and lower case are the same, mixed is none", "[engine][age]") {
  auto lower = kIdentity;
  for (char& c : lower) c = static_cast<char>(std::tolower(c));
  CHECK(to_string(age::parse_identity(lower).recipient()) == kRecipient);
  auto mixed = kRecipient;
  mixed[10] = static_cast<char>(std::toupper(mixed[10]));
  if (mixed == kRecipient) mixed[11] = static_cast<char>(std::toupper(mixed[11]));
  CHECK_THAT(refusal_of_recipient(mixed), Catch::StartsWith("invalid: "));
}

TEST_CASE("age keys: any mistyped character is found", "[engine][age]") {
  for (std::size_t at = 0; at < kRecipient.size(); ++at) {
    for (const char c : {'q', 'p', 'z', '1', 'b', ' ', 'A', '\0'}) {
      auto text = kRecipient;
      if (text[at] == c) continue;
      text[at] = c;
      CAPTURE(text);
      REQUIRE_FALSE(refusal_of_recipient(text).empty());
    }
  }
  for (std::size_t size = 0; size < kRecipient.size(); ++size)
    REQUIRE_FALSE(refusal_of_recipient(kRecipient.substr(0, size)).empty());
  CHECK_FALSE(refusal_of_recipient(kRecipient + "q").empty());
  auto swapped = kIdentity;
  std::swap(swapped[30], swapped[31]);
  if (swapped != kIdentity) CHECK_FALSE(refusal_of_identity(swapped).empty());
}

// Goal: fail closed. A key that everybody can open, or that nothing here can encrypt to, is refused when it is read.
TEST_CASE("age keys: a recipient that encrypts nothing is refused", "[engine][age]") {
  age::Recipient powerless;  // zeros
  CHECK_THAT(refusal_of_recipient(to_string(powerless)), Catch::Contains("nothing can be encrypted to this key"));
  powerless.public_key[0] = std::byte{1};
  CHECK_THAT(refusal_of_recipient(to_string(powerless)), Catch::Contains("nothing can be encrypted to this key"));
}

TEST_CASE("age keys: recipients of other kinds have their own sentence", "[engine][age]") {
  CHECK_THAT(refusal_of_recipient("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN"),
             Catch::StartsWith("unsupported: SSH keys"));
  CHECK_THAT(refusal_of_recipient("age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t"),
             Catch::StartsWith("unsupported: ") && Catch::Contains("plugin"));
  CHECK_THAT(refusal_of_recipient(""), Catch::StartsWith("invalid: "));
  CHECK_THAT(refusal_of_recipient("age1"), Catch::StartsWith("invalid: "));
}

TEST_CASE("age keys: no sentence repeats a secret", "[engine][age]") {
  const auto secret_part = kIdentity.substr(20, 20);
  const TempDir folder;
  std::vector<std::string> sentences = {refusal_of_recipient(kIdentity), refusal_of_recipient(" x" + kIdentity)};
  for (const auto& text : {kIdentity + "Q", kIdentity.substr(1), kIdentity.substr(0, 60), "x " + kIdentity}) {
    sentences.push_back(refusal_of_identity(text));
    sentences.push_back(refusal([&] { return age::parse_identity_file("# a comment\n" + text); }));
    sentences.push_back(refusal([&] { return age::load_identities({text}); }));
  }
  for (const auto& sentence : sentences) {
    CAPTURE(sentence);
    CHECK_FALSE(sentence.empty());
    CHECK(sentence.find(secret_part) == std::string::npos);
  }
}

TEST_CASE("age keys: an identity file has comments, empty lines and several keys", "[engine][age]") {
  const auto identities =
      age::parse_identity_file("# created: today\r\n\r\n" + kIdentity + "\r\n\n  # more\n" + kIdentity);
  REQUIRE(identities.size() == 2);
  CHECK(identities[0].recipient() == identities[1].recipient());
  CHECK_THAT(refusal([] { return age::parse_identity_file("# nothing\n"); }), Catch::Contains("no identity in it"));
  CHECK_THAT(refusal([] { return age::parse_identity_file(""); }), Catch::Contains("no identity in it"));
  CHECK_THAT(refusal([&] { return age::parse_identity_file(kIdentity + "\n# x\nrubbish\n"); }),
             Catch::StartsWith("invalid: line 3: "));
  CHECK_THAT(refusal([&] { return age::parse_identity_file(kRecipient); }), Catch::Contains("this is a recipient"));
  CHECK_THAT(refusal([] { return age::parse_identity_file("-----BEGIN AGE ENCRYPTED FILE-----\n"); }),
             Catch::StartsWith("unsupported: ") && Catch::Contains("encrypted"));
  CHECK_THAT(refusal([] { return age::parse_identity_file("-----BEGIN OPENSSH PRIVATE KEY-----\n"); }),
             Catch::StartsWith("unsupported: ") && Catch::Contains("SSH"));
  CHECK_THAT(refusal([] { return age::parse_identity("AGE-PLUGIN-YUBIKEY-1QQQ"); }), Catch::Contains("plugin"));
}

TEST_CASE("age keys: identities are keys or the paths of files", "[engine][age]") {
  const TempDir folder;
  const auto file = folder / "age1.key";  // a name that could be taken for a key does not begin with its folder
  write_file(file, to_bytes("# mine\n" + kIdentity + "\n"));
  const auto identities = age::load_identities({kIdentity, file, "  " + kIdentity + "\n"});
  REQUIRE(identities.size() == 3);
  for (const auto& identity : identities) CHECK(to_string(identity.recipient()) == kRecipient);
  CHECK(age::load_identities({}).empty());

  CHECK_THAT(refusal([&] { return age::load_identities({folder / "missing"}); }), Catch::Contains("missing"));
  CHECK_THAT(refusal([&] { return age::load_identities({folder.path()}); }), Catch::Contains(folder.path()));
  write_file(folder / "rubbish", sample_bytes(1000));
  CHECK_THAT(refusal([&] { return age::load_identities({folder / "rubbish"}); }), Catch::Contains("rubbish: line 1: "));
  write_file(folder / "large", Bytes(1'000'000, std::byte{'#'}));
  CHECK_THAT(refusal([&] { return age::load_identities({folder / "large"}); }), Catch::Contains("no identity file"));
}

TEST_CASE("age keys: of several recipients the one that is not good is named", "[engine][age]") {
  CHECK(age::parse_recipients({kRecipient, kRecipient}).size() == 2);
  CHECK_THAT(refusal([&] { return age::parse_recipients({kRecipient, "age1bad"}); }), Catch::Contains("'age1bad'"));
}
