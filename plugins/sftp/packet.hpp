#pragma once
// The packets of SFTP version 3 as bytes: requests are put together, replies are taken apart.
//
// The protocol is draft-ietf-secsh-filexfer-02 with OpenSSH's extensions (its file PROTOCOL). Nothing here waits or
// sends. What comes from a server is hostile: every length is checked, and what does not fit throws BadReply.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <lshost/cpp/error.hpp>

namespace lshost::sftp {

using Bytes = std::vector<std::byte>;
using ByteSpan = std::span<const std::byte>;
using RequestId = std::uint32_t;

enum class PacketType : std::uint8_t {
  init = 1,
  version = 2,
  open = 3,
  close = 4,
  read = 5,
  write = 6,
  lstat = 7,
  fstat = 8,
  opendir = 11,
  readdir = 12,
  remove = 13,
  mkdir = 14,
  rmdir = 15,
  realpath = 16,
  stat = 17,
  rename = 18,
  status = 101,
  handle = 102,
  data = 103,
  name = 104,
  attrs = 105,
  extended = 200,
  extended_reply = 201,
};

/// SSH_FX_*; a server may send others.
enum class StatusCode : std::uint32_t {
  ok = 0,
  eof = 1,
  no_such_file = 2,
  permission_denied = 3,
  failure = 4,
  bad_message = 5,
  no_connection = 6,
  connection_lost = 7,
  op_unsupported = 8,
};

inline constexpr std::uint32_t kProtocolVersion = 3;
/// What OpenSSH sends at most, and what we take at most: a length beyond it is no SFTP.
inline constexpr std::size_t kPacketSizeMax = std::size_t{256} << 10;
/// Servers have to take packets of 34000 bytes: this much data fits into one, whatever the handle.
inline constexpr std::uint32_t kChunkSize = 32 * 1024;
inline constexpr std::size_t kHandleSizeMax = 256;

/// The server does not keep to the protocol. The connection can not be used any more.
class BadReply : public Error {
 public:
  explicit BadReply(const std::string& what)
      : Error(LSHOST_E_IO, "the server does not keep to SFTP: " + what, LSHOST_ERR_RETRYABLE | LSHOST_ERR_OPERATOR) {}
};

// ---- requests ----

/// Flags of open.
inline constexpr std::uint32_t kOpenRead = 1;
inline constexpr std::uint32_t kOpenWrite = 2;
inline constexpr std::uint32_t kOpenCreate = 8;
inline constexpr std::uint32_t kOpenExclusive = 32;

/// A packet in the making; size() and content are right at every moment.
class Packet {
 public:
  explicit Packet(PacketType type);
  Packet(PacketType type, RequestId id);
  Packet& u32(std::uint32_t value);
  Packet& u64(std::uint64_t value);
  Packet& text(std::string_view value);
  Packet& bytes(ByteSpan value);
  /// The whole packet, with its length in front.
  [[nodiscard]] ByteSpan view() const noexcept { return bytes_; }

 private:
  void append(ByteSpan value);
  void fix_length() noexcept;
  Bytes bytes_;
};

[[nodiscard]] Packet init_packet();
[[nodiscard]] Packet open_packet(RequestId id, std::string_view path, std::uint32_t flags);
[[nodiscard]] Packet open_new_packet(RequestId id, std::string_view path, std::uint32_t permissions);
[[nodiscard]] Packet read_packet(RequestId id, std::string_view handle, std::uint64_t offset, std::uint32_t size);
[[nodiscard]] Packet write_packet(RequestId id, std::string_view handle, std::uint64_t offset, ByteSpan data);
[[nodiscard]] Packet mkdir_packet(RequestId id, std::string_view path, std::uint32_t permissions);
/// close, fstat, readdir take a handle; lstat, stat, opendir, remove, rmdir, realpath a path.
[[nodiscard]] Packet one_text_packet(PacketType type, RequestId id, std::string_view handle_or_path);
[[nodiscard]] Packet rename_packet(RequestId id, std::string_view from, std::string_view to);
/// `name` is one of the extensions below, with one or two texts.
[[nodiscard]] Packet extended_packet(RequestId id, std::string_view name, std::string_view first);
[[nodiscard]] Packet extended_packet(RequestId id, std::string_view name, std::string_view first,
                                     std::string_view second);

inline constexpr std::string_view kFsync = "fsync@openssh.com";
inline constexpr std::string_view kPosixRename = "posix-rename@openssh.com";
inline constexpr std::string_view kStatvfs = "statvfs@openssh.com";

// ---- replies ----

/// A packet of the server, taken out of the stream. `id` is 0 for the version.
struct Reply {
  PacketType type{};
  RequestId id = 0;
  Bytes body;  ///< behind the id
};

/// What the server can do beyond version 3.
struct Extensions {
  bool fsync = false;
  bool posix_rename = false;
  bool statvfs = false;
};

struct Status {
  StatusCode code = StatusCode::ok;
  std::string message;  ///< the server's own words, printable and short
  [[nodiscard]] bool is_ok() const noexcept { return code == StatusCode::ok; }
};

/// What the server tells about a file; what it does not tell is not there.
struct Attributes {
  std::optional<std::uint64_t> size_bytes;
  std::optional<std::uint32_t> permissions;  ///< with the file's type, as in st_mode
  std::optional<std::uint32_t> modified_s;   ///< seconds since 1970
  [[nodiscard]] bool is_folder() const noexcept;
  [[nodiscard]] bool is_regular() const noexcept;
};

struct Entry {
  std::string name;
  Attributes attributes;
};

/// The space of a file system, as statvfs(3) has it.
struct Space {
  std::uint64_t block_size = 0;
  std::uint64_t blocks_available = 0;
  std::uint64_t files = 0;
  std::uint64_t files_available = 0;
  bool is_read_only = false;
  [[nodiscard]] bool is_full() const noexcept;
};

/// Each throws BadReply if the reply is of another type, too short, too long, or makes no sense.
[[nodiscard]] Extensions parse_version(const Reply& reply);
[[nodiscard]] Status parse_status(const Reply& reply);
[[nodiscard]] std::string parse_handle(const Reply& reply);
/// At most `asked` bytes, at least one. Points into the reply.
[[nodiscard]] ByteSpan parse_data(const Reply& reply, std::uint32_t asked);
[[nodiscard]] std::vector<Entry> parse_names(const Reply& reply);
[[nodiscard]] Attributes parse_attributes(const Reply& reply);
[[nodiscard]] Space parse_space(const Reply& reply);

/// Text of a server as it may stand in a message: no control characters, at most 200 bytes.
[[nodiscard]] std::string printable(std::string_view text);

/// Cuts the server's bytes into packets.
///
/// Errors: next() throws BadReply for a length that no packet has, and for a type that no server sends.
/// Cost:   each byte is copied twice; at most one packet and one feed() are kept.
class PacketReader {
 public:
  void feed(ByteSpan bytes);
  /// The next whole packet; nullopt: more bytes are needed.
  [[nodiscard]] std::optional<Reply> next();

 private:
  Bytes buffer_;
  std::size_t begin_ = 0;  // what was taken already
};

}  // namespace lshost::sftp
