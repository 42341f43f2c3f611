#include "snapshot_info.hpp"

#include <charconv>

#include "layout.hpp"
#include "xxh3.hpp"

namespace lshost::file {
namespace {

constexpr std::string_view kFirstLine = "lshost snapshot 1\n";

/// Takes "key value\n" off the front of a text, and remembers whether all went well.
class Lines {
 public:
  explicit Lines(std::string_view text) noexcept : rest_(text) {}

  void literal(std::string_view line) noexcept {
    if (!rest_.starts_with(line)) return fail();
    rest_.remove_prefix(line.size());
  }

  std::string_view text(std::string_view key) noexcept {
    const auto end = rest_.find('\n');
    const std::string_view line = rest_.substr(0, end);
    if (end == std::string_view::npos || !line.starts_with(key) || line.substr(key.size(), 1) != " ") {
      fail();
      return {};
    }
    rest_.remove_prefix(end + 1);
    return line.substr(key.size() + 1);
  }

  std::uint64_t hex(std::string_view key) noexcept {
    const auto value = parse_hex16(text(key));
    if (!value) fail();
    return value.value_or(0);
  }

  template <class Number>
  Number decimal(std::string_view key) noexcept {
    Number value{};
    const std::string_view digits = text(key);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) fail();
    return value;
  }

  [[nodiscard]] bool good_to_the_end() const noexcept { return good_ && rest_.empty(); }

 private:
  void fail() noexcept { good_ = false; }

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::string encode(const SnapshotInfo& info) {
  std::string text(kFirstLine);
  text += "generation " + info.generation + "\n";
  text += "index " + hex16(info.index) + "\n";
  text += "offset " + hex16(info.offset) + "\n";
  text += "page-size " + std::to_string(info.page_size) + "\n";
  text += "size " + std::to_string(info.size_bytes) + "\n";
  text += "created-ns " + std::to_string(info.created_ns) + "\n";
  text += "xxh3-64 " + hex16(info.xxh3) + "\n";
  return text + "check " + hex16(xxh3(text)) + "\n";
}

std::optional<SnapshotInfo> parse_snapshot_info(std::string_view text) {
  const auto check_at = text.rfind("check ");
  if (check_at == std::string_view::npos) return std::nullopt;
  Lines lines(text);
  SnapshotInfo info;
  lines.literal(kFirstLine);
  info.generation = lines.text("generation");
  info.index = lines.hex("index");
  info.offset = lines.hex("offset");
  info.page_size = lines.decimal<std::uint32_t>("page-size");
  info.size_bytes = lines.decimal<std::uint64_t>("size");
  info.created_ns = lines.decimal<std::int64_t>("created-ns");
  info.xxh3 = lines.hex("xxh3-64");
  const std::uint64_t check = lines.hex("check");
  if (!lines.good_to_the_end() || check != xxh3(text.substr(0, check_at))) return std::nullopt;
  return info;
}

}  // namespace lshost::file
