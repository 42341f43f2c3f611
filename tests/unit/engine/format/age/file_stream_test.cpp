// Goal: our encrypted objects are ordinary age files, and whatever age wrote is read.
// Method: the real program on the other side; sizes around the chunks of 64 KiB; damage of every kind.

#include "engine/format/age/file_stream.hpp"

#include <catch2/catch.hpp>

#include "base/error.hpp"
#include "engine/format/age/bech32.hpp"
#include "engine/format/age/header.hpp"
#include "support/process.hpp"
#include "unit/engine/format/objects.hpp"

using namespace lshost;
using namespace lshost::engine;
using namespace lshost::test;

namespace {

constexpr std::size_t kChunk = 65536;
constexpr std::size_t kTag = 16;

std::string text_of(const age::Identity& identity) {
  auto text = age::encode_bech32("age-secret-key-", identity.secret().view());
  for (char& c : text) c = static_cast<char>(std::toupper(c));
  return text;
}

std::vector<age::Recipient> recipients_of(const age::Identities& identities) {
  std::vector<age::Recipient> recipients;
  for (const auto& identity : identities) recipients.push_back(identity.recipient());
  return recipients;
}

Bytes encrypted(const Bytes& plain, const std::vector<age::Recipient>& recipients) {
  return read_all(*age::encrypt(std::make_unique<PieceStream>(plain, 5000), recipients), 7777);
}

Bytes decrypted(const Bytes& file, std::shared_ptr<const age::Identities> identities) {
  return read_all(*age::decrypt(std::make_unique<PieceStream>(file, 5000), std::move(identities)), 7777);
}

std::string why_not(const Bytes& file, const std::shared_ptr<const age::Identities>& identities) {
  try {
    (void)decrypted(file, identities);
    return {};
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + ": " + error.what();
  }
}

std::string as_text(const Bytes& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// What the age program makes of its input.
Finished age_program(std::vector<std::string> arguments, const Bytes& input) {
  arguments.insert(arguments.begin(), "age");
  return run({.command = std::move(arguments), .input = as_text(input)});
}

const std::vector<std::size_t> kSizes = {0, 1, 15, 16, kChunk - 1, kChunk, kChunk + 1, 3 * kChunk, 3 * kChunk + 77};

}  // namespace

TEST_CASE("age: the age program opens what we encrypt", "[engine][age]") {
  const auto identities = new_identities(3);
  const TempDir folder;
  write_file(folder / "key", to_bytes(text_of((*identities)[1]) + "\n"));
  for (const auto size : kSizes) {
    CAPTURE(size);
    const auto plain = sample_bytes(size);
    const auto done = age_program({"-d", "-i", folder / "key"}, encrypted(plain, recipients_of(*identities)));
    INFO(done.err);
    REQUIRE(done.status.code == 0);
    REQUIRE(to_bytes(done.out) == plain);
  }
}

TEST_CASE("age: we open what the age program encrypts", "[engine][age]") {
  const auto identities = new_identities(1);
  const auto other = new_identities(1);
  for (const auto size : kSizes) {
    CAPTURE(size);
    const auto plain = sample_bytes(size);
    const auto done = age_program(
        {"-r", to_string(other->front().recipient()), "-r", to_string(identities->front().recipient())}, plain);
    INFO(done.err);
    REQUIRE(done.status.code == 0);
    REQUIRE(decrypted(to_bytes(done.out), identities) == plain);
  }
}

TEST_CASE("age: each of several recipients opens it, and nobody else", "[engine][age]") {
  const auto everybody = new_identities(4);
  const auto plain = sample_bytes(1000);
  const auto file = encrypted(plain, recipients_of(*everybody));
  for (const auto& identity : *everybody) {
    const auto one = std::make_shared<age::Identities>();
    one->push_back(age::parse_identity(text_of(identity)));
    CHECK(decrypted(file, one) == plain);
  }
  CHECK_THAT(why_not(file, new_identities(2)), Catch::StartsWith("denied: ") && Catch::Contains("4 X25519 keys"));
}

TEST_CASE("age: no two files have a byte of key, nonce or payload in common", "[engine][age]") {
  const auto recipients = recipients_of(*new_identities(1));
  const auto plain = sample_bytes(1000);
  const auto first = encrypted(plain, recipients);
  const auto second = encrypted(plain, recipients);
  REQUIRE(first.size() == second.size());
  const auto header = age::header_size(as_text(first));
  std::size_t same = 0;
  for (std::size_t i = header; i < first.size(); ++i) same += first[i] == second[i] ? 1U : 0U;
  CHECK(same < 40);  // of 1032 by chance: 4
  CHECK(as_text(first).substr(0, header) != as_text(second).substr(0, header));
}

TEST_CASE("age: a damaged, missing, doubled or exchanged chunk is found", "[engine][age][torn]") {
  const auto identities = new_identities(1);
  const auto plain = sample_bytes(3 * kChunk);
  const auto good = encrypted(plain, recipients_of(*identities));
  const auto payload = age::header_size(as_text(good).substr(0, 1000)) + 16;
  const auto chunk = kChunk + kTag;
  const auto at = [](Bytes& bytes, std::size_t offset) { return bytes.begin() + static_cast<std::ptrdiff_t>(offset); };
  REQUIRE(good.size() == payload + 3 * chunk);
  REQUIRE(why_not(good, identities).empty());

  auto bad = good;
  SECTION("a bit of the first chunk") { bad[payload + 5] ^= std::byte{1}; }
  SECTION("a bit of the last chunk") { bad[bad.size() - 100] ^= std::byte{1}; }
  SECTION("a bit of the last tag") { bad.back() ^= std::byte{128}; }
  SECTION("a bit of the nonce") { bad[payload - 1] ^= std::byte{1}; }
  SECTION("the last chunk is missing") { bad.resize(payload + 2 * chunk); }
  SECTION("all chunks are missing") { bad.resize(payload); }
  SECTION("the nonce is missing") { bad.resize(payload - 16); }
  SECTION("part of the nonce is missing") { bad.resize(payload - 1); }
  SECTION("the last byte is missing") { bad.pop_back(); }
  SECTION("a byte more") { bad.push_back(std::byte{0}); }
  SECTION("an empty chunk more") { bad.resize(bad.size() + kTag); }
  SECTION("the first chunk is missing") { bad.erase(at(bad, payload), at(bad, payload + chunk)); }
  SECTION("two chunks have changed places") {
    std::swap_ranges(at(bad, payload), at(bad, payload + chunk), at(bad, payload + chunk));
  }
  SECTION("the last chunk twice") {
    const Bytes last(at(bad, payload + 2 * chunk), bad.end());
    bad.insert(bad.end(), last.begin(), last.end());
  }
  CHECK_THAT(why_not(bad, identities), Catch::StartsWith("corrupt: "));
}

TEST_CASE("age: any change of the header is found", "[engine][age][torn]") {
  const auto identities = new_identities(1);
  const auto good = encrypted(sample_bytes(10), recipients_of(*identities));
  const auto size = age::header_size(as_text(good));
  for (std::size_t at = 0; at < size; ++at) {
    for (const unsigned bit : {0U, 1U, 5U, 7U}) {
      CAPTURE(at, bit);
      auto bad = good;
      bad[at] ^= static_cast<std::byte>(1U << bit);
      REQUIRE_FALSE(why_not(bad, identities).empty());
    }
  }
}

TEST_CASE("age: a header that no writer makes is refused", "[engine][age]") {
  const auto identities = new_identities(1);
  const auto good = as_text(encrypted({}, recipients_of(*identities)));
  const auto mac = good.find("---");
  const std::string stanza = good.substr(good.find("-> "), mac - good.find("-> "));
  const std::string start(age::kIntro);
  const auto refused = [&](const std::string& header) {
    CAPTURE(header);
    CHECK_THAT(why_not(to_bytes(header + good.substr(mac)), identities), Catch::StartsWith("corrupt: "));
  };
  refused("age-encryption.org/v2\n" + stanza);
  refused(start + "-> \n\n" + stanza);
  refused(start + "-> odd  blanks\n\n" + stanza);
  refused(start + "-> trailing \n\n" + stanza);
  refused(start + "-> \x01\n\n" + stanza);
  refused(start + "rubbish\n" + stanza);
  refused(start + "-> X25519\n\n" + stanza);
  refused(start + "-> X25519 AAAA\n\n" + stanza);
  refused(start + "-> X25519 " + std::string(43, 'A') + "\n" + std::string(43, 'A') + "\n" + stanza);  // zeros
  refused(start + "-> odd\n" + std::string(65, 'A') + "\n\n" + stanza);
  refused(start + "-> odd\nAA=\n" + stanza);
  refused(start + "-> odd\nAB\n" + stanza);  // bits that are not used and not zero
  refused(stanza);
  CHECK_THAT(why_not(to_bytes(good.substr(0, mac)), identities), Catch::Contains("it has no end"));
  CHECK_THAT(why_not(to_bytes(start + std::string(200'000, 'x')), identities), Catch::Contains("it has no end"));
  CHECK_THAT(why_not(to_bytes(good.substr(0, mac) + "---\n"), identities), Catch::StartsWith("corrupt: "));
  CHECK_THAT(why_not({}, identities), Catch::StartsWith("corrupt: "));
}

TEST_CASE("age: what is for others is passed over, and covered by the proof", "[engine][age]") {
  const auto identities = new_identities(1);
  const auto good = as_text(encrypted({}, recipients_of(*identities)));
  const auto with_more = good.substr(0, age::kIntro.size()) + "-> grease 1 2\n" + std::string(64, 'A') + "\n\n" +
                         good.substr(age::kIntro.size());
  CHECK_THAT(why_not(to_bytes(with_more), identities), Catch::Contains("changed after it was written"));
}

TEST_CASE("age: a file for a passphrase is refused with a sentence", "[engine][age]") {
  const std::string scrypt = std::string(age::kIntro) + "-> scrypt AAAAAAAAAAAAAAAAAAAAAA 18\n" + std::string(43, 'A') +
                             "\n--- " + std::string(43, 'A') + "\n";
  CHECK_THAT(why_not(to_bytes(scrypt), new_identities()),
             Catch::StartsWith("denied: ") && Catch::Contains("something else than X25519 keys"));
}

TEST_CASE("age: recipients beyond all measure are refused, not cut", "[engine][age]") {
  const auto one = new_identities()->front().recipient();
  CHECK_THROWS_AS(encrypted({}, std::vector<age::Recipient>(1000, one)), Error);
}
