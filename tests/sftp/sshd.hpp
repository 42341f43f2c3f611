#pragma once
// A real SSH server for a test, and a replicator that uses it.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sftp_replicator.hpp"
#include "support/fake_host.hpp"
#include "support/temp_dir.hpp"

namespace lshost::test {

/// OpenSSH's server on a free port of the loopback interface (tests/servers/sshd), ended with the test.
class Sshd {
 public:
  /// `options`: of the script, like {"--set", "LINE"}.
  explicit Sshd(std::vector<std::string> options = {});
  ~Sshd();
  Sshd(const Sshd&) = delete;
  Sshd& operator=(const Sshd&) = delete;

  /// Why this machine can not have such a server; "": it has. Only with options that need more than sshd.
  [[nodiscard]] const std::string& missing() const noexcept { return missing_; }

  [[nodiscard]] std::string host() const { return "127.0.0.1:" + port_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return folder_ / name; }
  /// "ssh-ed25519 AAAA...".
  [[nodiscard]] std::string host_key() const;
  /// Writes DIR/known_hosts with a key, by default the right one.
  [[nodiscard]] std::string known_hosts(const std::string& key = {}) const;
  /// Sends a signal to the server and all its sessions.
  void signal(const std::string& name) const;
  /// Starts it again on the same port, after signal("KILL").
  void start_again();
  /// How many connections it has let in so far.
  [[nodiscard]] std::size_t logins() const;

  /// What a replica's configuration needs, with the key as login and the folder DIR/store; `more` adds and replaces.
  [[nodiscard]] ConfigValues config(const ConfigValues& more = {}) const;
  [[nodiscard]] std::string store() const { return folder_ / "store"; }

 private:
  void start();

  TempDir folder_;
  std::vector<std::string> options_;
  std::string port_;
  std::string missing_;
};

/// A replicator with a host of its own, which never starts anything.
struct Store {
  explicit Store(const ConfigValues& config) : Store(config, std::chrono::minutes(2)) {}
  Store(const ConfigValues& config, std::chrono::milliseconds patience);
  FakeHost host;
  sftp::SftpReplicator replicator;

  void put(const std::string& key, const std::string& body);
  [[nodiscard]] std::string get(const std::string& key, std::uint64_t offset = 0, std::uint64_t length = UINT64_MAX);
  /// "key=size", sorted.
  [[nodiscard]] std::vector<std::string> list(const std::string& prefix = {});
  void remove(const std::vector<std::string>& keys) { replicator.Remove(keys); }
};

/// The user who runs the tests.
[[nodiscard]] std::string user_name();

/// Text of a size that does not repeat soon.
[[nodiscard]] std::string noise(std::size_t size, std::uint32_t seed = 1);

/// A body over a text. What a test wants to happen in between stands in `before`, called with how much was read.
class TextSource final : public Source {
 public:
  explicit TextSource(std::string text, std::function<void(std::size_t)> before = {})
      : text_(std::move(text)), before_(std::move(before)) {}
  std::size_t Read(std::span<std::byte> into) override;

 private:
  std::string text_;
  std::function<void(std::size_t)> before_;
  std::size_t at_ = 0;
};

/// All names below a folder, sorted; folders end with '/'.
[[nodiscard]] std::vector<std::string> tree(const std::string& folder);
[[nodiscard]] std::string content_of(const std::string& path);
void write_file(const std::string& path, const std::string& content);

/// What the call throws, as Error; nullopt: it does not.
template <class Call>
std::optional<Error> error_of(Call&& call) {
  try {
    std::forward<Call>(call)();
  } catch (const Error& e) {
    return e;
  }
  return std::nullopt;
}

}  // namespace lshost::test
