#include "packet.hpp"

#include <algorithm>
#include <array>

namespace lshost::sftp {
namespace {

constexpr std::size_t kLengthSize = 4;
constexpr std::uint32_t kTypeMask = 0170000;
constexpr std::uint32_t kTypeFolder = 0040000;
constexpr std::uint32_t kTypeRegular = 0100000;

// Flags of attributes.
constexpr std::uint32_t kHasSize = 0x1;
constexpr std::uint32_t kHasOwner = 0x2;
constexpr std::uint32_t kHasPermissions = 0x4;
constexpr std::uint32_t kHasTimes = 0x8;
constexpr std::uint32_t kHasExtended = 0x80000000;

template <std::size_t N>
std::array<std::byte, N> big_endian(std::uint64_t value) {
  std::array<std::byte, N> bytes{};
  for (std::size_t i = N; i-- > 0; value >>= 8U) bytes[i] = static_cast<std::byte>(value & 0xFFU);
  return bytes;
}

std::uint64_t load(ByteSpan bytes) {
  std::uint64_t value = 0;
  for (const std::byte byte : bytes) value = value << 8U | std::to_integer<std::uint64_t>(byte);
  return value;
}

ByteSpan as_bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

std::string type_name(PacketType type) { return "packet type " + std::to_string(static_cast<unsigned>(type)); }

/// Takes a reply apart from its front; what is not there throws.
class Fields {
 public:
  explicit Fields(ByteSpan rest) : rest_(rest) {}

  ByteSpan take(std::size_t size) {
    if (size > rest_.size()) throw BadReply("a reply ends too early");
    const ByteSpan taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  std::uint32_t u32() { return static_cast<std::uint32_t>(load(take(4))); }
  std::uint64_t u64() { return load(take(8)); }
  ByteSpan bytes() { return take(u32()); }
  std::string text() {
    const ByteSpan value = bytes();
    return {reinterpret_cast<const char*>(value.data()), value.size()};
  }
  Attributes attributes() {
    Attributes found;
    const std::uint32_t flags = u32();
    if ((flags & kHasSize) != 0) found.size_bytes = u64();
    if ((flags & kHasOwner) != 0) (void)take(8);
    if ((flags & kHasPermissions) != 0) found.permissions = u32();
    if ((flags & kHasTimes) != 0) {
      (void)u32();
      found.modified_s = u32();
    }
    if ((flags & kHasExtended) != 0) {
      for (std::uint32_t count = u32(); count > 0; --count) {
        (void)bytes();
        (void)bytes();
      }
    }
    return found;
  }
  [[nodiscard]] bool is_empty() const noexcept { return rest_.empty(); }

 private:
  ByteSpan rest_;
};

Fields fields_of(const Reply& reply, PacketType expected) {
  if (reply.type != expected) {
    throw BadReply(type_name(reply.type) + " where " + type_name(expected) + " belongs");
  }
  return Fields(reply.body);
}

bool is_reply(PacketType type) {
  switch (type) {
    case PacketType::version:
    case PacketType::status:
    case PacketType::handle:
    case PacketType::data:
    case PacketType::name:
    case PacketType::attrs:
    case PacketType::extended_reply:
      return true;
    default:
      return false;
  }
}

}  // namespace

// ---- Packet ----

Packet::Packet(PacketType type) : bytes_(kLengthSize) {
  bytes_.push_back(static_cast<std::byte>(type));
  fix_length();
}

Packet::Packet(PacketType type, RequestId id) : Packet(type) { u32(id); }

Packet& Packet::u32(std::uint32_t value) {
  append(big_endian<4>(value));
  return *this;
}

Packet& Packet::u64(std::uint64_t value) {
  append(big_endian<8>(value));
  return *this;
}

Packet& Packet::text(std::string_view value) { return bytes(as_bytes(value)); }

Packet& Packet::bytes(ByteSpan value) {
  bytes_.reserve(bytes_.size() + 4 + value.size());
  u32(static_cast<std::uint32_t>(value.size()));
  append(value);
  return *this;
}

void Packet::append(ByteSpan value) {
  bytes_.insert(bytes_.end(), value.begin(), value.end());
  fix_length();
}

void Packet::fix_length() noexcept {
  const auto length = big_endian<kLengthSize>(bytes_.size() - kLengthSize);
  std::copy(length.begin(), length.end(), bytes_.begin());
}

Packet init_packet() {
  Packet packet(PacketType::init);
  packet.u32(kProtocolVersion);
  return packet;
}

Packet open_packet(RequestId id, std::string_view path, std::uint32_t flags) {
  Packet packet(PacketType::open, id);
  packet.text(path).u32(flags).u32(0);
  return packet;
}

Packet open_new_packet(RequestId id, std::string_view path, std::uint32_t permissions) {
  Packet packet(PacketType::open, id);
  packet.text(path).u32(kOpenWrite | kOpenCreate | kOpenExclusive).u32(kHasPermissions).u32(permissions);
  return packet;
}

Packet read_packet(RequestId id, std::string_view handle, std::uint64_t offset, std::uint32_t size) {
  Packet packet(PacketType::read, id);
  packet.text(handle).u64(offset).u32(size);
  return packet;
}

Packet write_packet(RequestId id, std::string_view handle, std::uint64_t offset, ByteSpan data) {
  Packet packet(PacketType::write, id);
  packet.text(handle).u64(offset).bytes(data);
  return packet;
}

Packet mkdir_packet(RequestId id, std::string_view path, std::uint32_t permissions) {
  Packet packet(PacketType::mkdir, id);
  packet.text(path).u32(kHasPermissions).u32(permissions);
  return packet;
}

Packet one_text_packet(PacketType type, RequestId id, std::string_view handle_or_path) {
  Packet packet(type, id);
  packet.text(handle_or_path);
  return packet;
}

Packet rename_packet(RequestId id, std::string_view from, std::string_view to) {
  Packet packet(PacketType::rename, id);
  packet.text(from).text(to);
  return packet;
}

Packet extended_packet(RequestId id, std::string_view name, std::string_view first) {
  Packet packet(PacketType::extended, id);
  packet.text(name).text(first);
  return packet;
}

Packet extended_packet(RequestId id, std::string_view name, std::string_view first, std::string_view second) {
  Packet packet = extended_packet(id, name, first);
  packet.text(second);
  return packet;
}

// ---- what replies say ----

bool Attributes::is_folder() const noexcept { return permissions && (*permissions & kTypeMask) == kTypeFolder; }

bool Attributes::is_regular() const noexcept { return permissions && (*permissions & kTypeMask) == kTypeRegular; }

bool Space::is_full() const noexcept {
  // Less than one chunk is left; or there are inodes, and all are taken.
  const bool no_bytes = block_size == 0 ? false : blocks_available < 1 + (kChunkSize - 1) / block_size;
  return no_bytes || (files > 0 && files_available == 0);
}

Extensions parse_version(const Reply& reply) {
  Fields fields = fields_of(reply, PacketType::version);
  const std::uint32_t version = fields.u32();
  if (version != kProtocolVersion) throw BadReply("it speaks version " + std::to_string(version) + ", not 3");
  Extensions found;
  while (!fields.is_empty()) {
    const std::string name = fields.text();
    const std::string revision = fields.text();
    if (name == kFsync && revision == "1") found.fsync = true;
    if (name == kPosixRename && revision == "1") found.posix_rename = true;
    if (name == kStatvfs && revision == "2") found.statvfs = true;
  }
  return found;
}

Status parse_status(const Reply& reply) {
  Fields fields = fields_of(reply, PacketType::status);
  Status status;
  status.code = static_cast<StatusCode>(fields.u32());
  // Some servers of the early drafts leave the words out.
  if (!fields.is_empty()) status.message = printable(fields.text());
  return status;
}

std::string parse_handle(const Reply& reply) {
  Fields fields = fields_of(reply, PacketType::handle);
  std::string handle = fields.text();
  if (handle.empty() || handle.size() > kHandleSizeMax) {
    throw BadReply("a handle of " + std::to_string(handle.size()) + " bytes");
  }
  return handle;
}

ByteSpan parse_data(const Reply& reply, std::uint32_t asked) {
  Fields fields = fields_of(reply, PacketType::data);
  const ByteSpan data = fields.bytes();
  if (data.empty()) throw BadReply("a read that has neither bytes nor an end");
  if (data.size() > asked) throw BadReply("a read that has more bytes than were asked for");
  return data;
}

std::vector<Entry> parse_names(const Reply& reply) {
  Fields fields = fields_of(reply, PacketType::name);
  const std::uint32_t count = fields.u32();
  std::vector<Entry> entries;  // not reserved: the count is the server's word
  for (std::uint32_t i = 0; i < count; ++i) {
    Entry entry;
    entry.name = fields.text();
    (void)fields.text();  // as `ls -l` prints it
    entry.attributes = fields.attributes();
    if (entry.name.empty() || entry.name.find('\0') != std::string::npos) throw BadReply("a name that no file has");
    entries.push_back(std::move(entry));
  }
  return entries;
}

Attributes parse_attributes(const Reply& reply) { return fields_of(reply, PacketType::attrs).attributes(); }

Space parse_space(const Reply& reply) {
  constexpr std::uint64_t kFlagReadOnly = 1;
  Fields fields = fields_of(reply, PacketType::extended_reply);
  Space space;
  const std::uint64_t preferred_size = fields.u64();
  const std::uint64_t fragment_size = fields.u64();
  space.block_size = fragment_size != 0 ? fragment_size : preferred_size;
  (void)fields.u64();  // blocks
  (void)fields.u64();  // blocks that are free, some for root only
  space.blocks_available = fields.u64();
  space.files = fields.u64();
  (void)fields.u64();  // inodes that are free, some for root only
  space.files_available = fields.u64();
  (void)fields.u64();  // id
  space.is_read_only = (fields.u64() & kFlagReadOnly) != 0;
  return space;
}

std::string printable(std::string_view text) {
  constexpr std::size_t kSizeMax = 200;
  std::string clean;
  for (const char c : detail::CutText(text, kSizeMax)) {
    const auto byte = static_cast<unsigned char>(c);
    clean += byte < 0x20 || byte == 0x7F ? '?' : c;
  }
  return clean;
}

// ---- PacketReader ----

void PacketReader::feed(ByteSpan bytes) {
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
  begin_ = 0;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

std::optional<Reply> PacketReader::next() {
  const ByteSpan all = ByteSpan(buffer_).subspan(begin_);
  if (all.size() < kLengthSize) return std::nullopt;
  const std::uint64_t length = load(all.first(kLengthSize));
  if (length > kPacketSizeMax || length < 5) {
    const std::string_view head(reinterpret_cast<const char*>(all.data()), kLengthSize);
    throw BadReply("a packet of " + std::to_string(length) + " bytes, which as text begins with '" + printable(head) +
                   "'; a login script that prints something does this");
  }
  if (all.size() - kLengthSize < length) return std::nullopt;
  Fields fields(all.subspan(kLengthSize, length));
  Reply reply;
  reply.type = static_cast<PacketType>(fields.take(1).front());
  if (!is_reply(reply.type)) throw BadReply("a reply of " + type_name(reply.type));
  if (reply.type != PacketType::version) reply.id = fields.u32();
  const std::size_t head = reply.type == PacketType::version ? 1 : 5;
  const ByteSpan body = fields.take(length - head);
  reply.body.assign(body.begin(), body.end());
  begin_ += kLengthSize + length;
  return reply;
}

}  // namespace lshost::sftp
