// What people write and what files are called: addresses, pinned keys, names. Without a server.

#include <catch2/catch.hpp>
#include <lshost/cpp/error.hpp>

#include "address.hpp"
#include "host_key.hpp"
#include "names.hpp"
#include "window.hpp"

using namespace lshost;
using namespace lshost::sftp;

namespace {

const std::string kKey = "AAAAC3NzaC1lZDI1NTE5AAAAIGbSwoA8ipGgA6IvNzo8qSgmVMTCKq4E/n9XMTzJwqDA";
const std::string kFingerprint = "SHA256:uNiVztksCsDhcc0u9e8BrdJfC6XJsRb2R9dtOJQ3gG8";
const HostKey kOffered = {"ssh-ed25519", kKey, kFingerprint};

template <class Call>
std::string refusal(Call&& call) {
  try {
    (void)std::forward<Call>(call)();
  } catch (const Error& e) {
    return e.what();
  }
  return "taken";
}

}  // namespace

TEST_CASE("address: names, addresses and ports", "[sftp][text]") {
  CHECK(parse_address("backup.example.org") == Address{"backup.example.org", 22});
  CHECK(parse_address("backup:2222") == Address{"backup", 2222});
  CHECK(parse_address("10.0.0.1:1") == Address{"10.0.0.1", 1});
  CHECK(parse_address("[2001:db8::1]") == Address{"2001:db8::1", 22});
  CHECK(parse_address("[fe80::1%eth0]:65535") == Address{"fe80::1%eth0", 65535});
}

TEST_CASE("address: is written as it is read, and as known_hosts has it", "[sftp][text]") {
  for (const std::string text : {"backup", "backup:2222", "[2001:db8::1]", "[2001:db8::1]:2222"}) {
    CHECK(parse_address(text).text() == text);
  }
  CHECK(parse_address("backup:22").known_hosts_name() == "backup");
  CHECK(parse_address("backup:2222").known_hosts_name() == "[backup]:2222");
  CHECK(parse_address("[::1]:2222").known_hosts_name() == "[::1]:2222");
}

TEST_CASE("address: mistakes are told with what to write", "[sftp][text]") {
  const auto refused = [](const std::string& text) { return refusal([&] { return parse_address(text); }); };
  CHECK(refused("") == "host = \"\": there is no host; write host, host:port, or [IPv6 address]:port");
  CHECK(refused("2001:db8::1").find("an IPv6 address needs brackets") != std::string::npos);
  CHECK(refused("user@host").find("the user has a key of its own") != std::string::npos);
  for (const auto* text : {":22", "host:", "host:0", "host:65536", "host:22x", "host:-1", "host:+1", "[::1", "[::1]22",
                           "[host]:22", "ho st", "host/path", "-oProxyCommand=x", "[]:22", "host\n", "sftp://host"}) {
    CAPTURE(text);
    CHECK(refused(text) != "taken");
  }
}

TEST_CASE("host key: pins are a key, a fingerprint, or a type and a fingerprint", "[sftp][text]") {
  CHECK(parse_pin("ssh-ed25519 " + kKey).matches(kOffered));
  CHECK(parse_pin("  ssh-ed25519\t" + kKey + "  root@backup").matches(kOffered));
  CHECK(parse_pin(kFingerprint).matches(kOffered));
  CHECK(parse_pin(kFingerprint + "=").matches(kOffered));
  CHECK(parse_pin("ssh-ed25519 " + kFingerprint).matches(kOffered));
}

TEST_CASE("host key: another key, another fingerprint, and another type do not match", "[sftp][text]") {
  std::string other_key = kKey;
  other_key.back() = 'B';
  std::string other_fingerprint = kFingerprint;
  other_fingerprint.back() = '9';
  CHECK_FALSE(parse_pin("ssh-ed25519 " + other_key).matches(kOffered));
  CHECK_FALSE(parse_pin(other_fingerprint).matches(kOffered));
  CHECK_FALSE(parse_pin("ssh-rsa " + kFingerprint).matches(kOffered));
  CHECK_FALSE(parse_pin("ssh-rsa " + kKey).matches(kOffered));
  // What a server does not say about its key is not a match for what was not pinned.
  CHECK_FALSE(parse_pin(kFingerprint).matches({"ssh-ed25519", kKey, ""}));
  CHECK_FALSE(parse_pin("ssh-ed25519 " + kKey).matches({"ssh-ed25519", "", kFingerprint}));
}

TEST_CASE("host key: mistakes are told with what to write", "[sftp][text]") {
  const auto refused = [](const std::string& text) { return refusal([&] { return parse_pin(text); }); };
  CHECK(refused("backup ssh-ed25519 " + kKey).find("begins with the host; leave that out") != std::string::npos);
  CHECK(refused("MD5:aa:bb").find("MD5 fingerprints prove nothing") != std::string::npos);
  for (const std::string text : {"", " ", "ssh-ed25519", "ssh-ed25519 short", "SHA256:", "SHA256:tooshort", "yes",
                                 "ssh-dss AAAAB3NzaC1kc3MAAA", "ssh-ed25519 AAAA!!"}) {
    CAPTURE(text);
    CHECK(refused(text) != "taken");
  }
}

TEST_CASE("host key: the server is asked for a key of the pinned types", "[sftp][text]") {
  const auto algorithms = [](std::initializer_list<std::string> texts) {
    std::vector<HostKeyPin> pins;
    for (const auto& text : texts) pins.push_back(parse_pin(text));
    return algorithms_for(pins);
  };
  CHECK(algorithms({"ssh-ed25519 " + kKey}) == "ssh-ed25519");
  CHECK(algorithms({"ssh-rsa " + kFingerprint, "ssh-ed25519 " + kKey, "ssh-ed25519 " + kFingerprint}) ==
        "rsa-sha2-512,rsa-sha2-256,ssh-ed25519");
  CHECK(algorithms({"ssh-ed25519 " + kKey, kFingerprint}).empty());
  CHECK(algorithms({}).empty());
}

TEST_CASE("names: folders and names of a path", "[sftp][text]") {
  CHECK(parent_of("/a/b") == "/a");
  CHECK(parent_of("/a") == "/");
  CHECK(parent_of("a/b") == "a");
  CHECK(parent_of("a") == ".");
  CHECK(last_of("/a/b") == "b");
  CHECK(last_of("b") == "b");
  CHECK(join("/", "a") == "/a");
  CHECK(join("/a", "b") == "/a/b");
}

TEST_CASE("names: temporary ones are in the same folder, recognised, and never too long", "[sftp][text]") {
  CHECK(temporary_path("/r/a/b.lz4", 0x2a) == "/r/a/.b.lz4.tmp-000000000000002a");
  for (const std::size_t size : {1U, 10U, 233U, 234U, 255U}) {
    const std::string temporary = temporary_path("a/" + std::string(size, 'n'), ~std::uint64_t{0});
    CHECK(last_of(temporary).size() <= 255);
    CHECK(is_temporary(last_of(temporary)));
  }
  for (const auto* name : {"a", ".tmp-", ".a.tmp-0123456789abcde", ".a.tmp-0123456789ABCDEF", "a.tmp-0123456789abcdef",
                           ".a.tmp-0123456789abcdef.lz4", ""}) {
    CAPTURE(name);
    CHECK_FALSE(is_temporary(name));
  }
}

TEST_CASE("names: only what stays below the folder is a key", "[sftp][text]") {
  for (const auto* key : {"a", "a/b/c.snapshot.lz4", "-a", "..a", "a..", ".a", "A_1-2.3"})
    CHECK_NOTHROW(check_key(key));
  for (const auto* key : {"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "a/./b", "a b", "a\\b", "\xc3\xa4", "a\nb"}) {
    CAPTURE(key);
    CHECK_THROWS_AS(check_key(key), Error);
  }
}

TEST_CASE("names: a prefix is looked for in one folder", "[sftp][text]") {
  CHECK((place_of("").folder.empty() && place_of("").name_prefix.empty()));
  CHECK(place_of("a").name_prefix == "a");
  CHECK((place_of("a/b/").folder == "a/b/" && place_of("a/b/").name_prefix.empty()));
  CHECK((place_of("a/b/c").folder == "a/b/" && place_of("a/b/c").name_prefix == "c"));
}

TEST_CASE("window: keeps what is not safe, in order", "[sftp][text]") {
  Window window;
  CHECK(window.size() == 0);
  window.add(Bytes(10));
  window.add(Bytes(5));
  window.add(Bytes(1));
  CHECK((window.begin() == 0 && window.end() == 16));
  CHECK(window.piece_at(10)->bytes.size() == 5);
  CHECK(window.piece_at(11) == nullptr);
  CHECK(window.piece_at(16) == nullptr);
  window.safe_before(9);  // inside a piece: it is needed whole
  CHECK(window.begin() == 0);
  window.safe_before(15);
  CHECK((window.begin() == 15 && window.size() == 1));
  CHECK(window.piece_at(0) == nullptr);
  CHECK(window.piece_at(15)->end() == 16);
  window.safe_before(100);
  CHECK((window.begin() == 16 && window.size() == 0));
  window.add(Bytes(4));
  CHECK(window.piece_at(16)->bytes.size() == 4);
}
