#pragma once
// Host keys as people write them, to pin a server: parsed and compared. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace lshost::sftp {

/// A server's public key as it was offered.
struct HostKey {
  std::string type;         ///< "ssh-ed25519"
  std::string base64;       ///< the key itself
  std::string fingerprint;  ///< "SHA256:..."
};

/// One entry of `host-key`: a key, or a fingerprint, maybe with its type.
struct HostKeyPin {
  std::string type;         ///< "": any
  std::string base64;       ///< "": a fingerprint is pinned
  std::string fingerprint;  ///< "": a key is pinned

  [[nodiscard]] bool matches(const HostKey& key) const noexcept;
};

/// "ssh-ed25519 AAAA... comment", "SHA256:...", or "ssh-ed25519 SHA256:...". Throws Error::Config.
[[nodiscard]] HostKeyPin parse_pin(const std::string& text);

/// The algorithms to ask a server for so that it offers a key of a pinned type, as libssh wants them; "": any will do.
[[nodiscard]] std::string algorithms_for(const std::vector<HostKeyPin>& pins);

}  // namespace lshost::sftp
