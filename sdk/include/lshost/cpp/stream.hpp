// lshost/cpp/stream.hpp - positions and byte streams in C++.
// SPDX-License-Identifier: MIT
#pragma once

#include <lshost/abi.h>
#include <lshost/cpp/error.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lshost::inline v1 {

/// A place in the history of a database: the first byte that is not covered yet. See lshost_pos.
struct Position {
  std::string generation;    ///< "": none
  std::uint64_t index = 0;   ///< which WAL of the generation
  std::uint64_t offset = 0;  ///< bytes in that WAL

  static Position From(const lshost_pos& c);
  [[nodiscard]] lshost_pos ToC() const noexcept;
  [[nodiscard]] bool IsNone() const noexcept { return generation.empty(); }
  /// "0123456789abcdef/00000002:0000000000001020", as the host prints it.
  [[nodiscard]] std::string ToString() const;

  bool operator==(const Position&) const = default;
  /// Positions of different generations have no order: every comparison is false.
  std::partial_ordering operator<=>(const Position& other) const noexcept;
};

/// Bytes that can be read from a descriptor at a place, instead of through Read().
struct FileRange {
  int fd;  ///< borrowed; for pread, copy_file_range and sendfile with an offset
  std::uint64_t offset;
  std::uint64_t length;
};

/// Bytes to be read once, from start to end. One thread at a time; may be destroyed on another.
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  /// Reads up to into.size() bytes; 0 is the end. May block. Throws Error, Gone, Cancelled.
  [[nodiscard]] virtual std::size_t Read(std::span<std::byte> into) = 0;
  /// The bytes still to be read as a run of one file; nullopt: they are not.
  [[nodiscard]] virtual std::optional<FileRange> File() { return std::nullopt; }

  /// All that is left. For small things.
  [[nodiscard]] std::string ReadAll();

 protected:
  Source(Source&&) = default;
};

/// A stream of the other side, closed when this goes. Move-only.
class HostReader final : public Source {
 public:
  HostReader() noexcept = default;  ///< at its end
  explicit HostReader(lshost_reader* reader) noexcept : reader_(reader) {}
  HostReader(HostReader&& other) noexcept : Source(), reader_(std::exchange(other.reader_, nullptr)) {}
  HostReader& operator=(HostReader&& other) noexcept;
  ~HostReader() override { Close(); }

  [[nodiscard]] std::size_t Read(std::span<std::byte> into) override;
  [[nodiscard]] std::optional<FileRange> File() override;
  void Close() noexcept;

 private:
  lshost_reader* reader_ = nullptr;
};

/// Gives one of our sources to the other side, which closes it.
[[nodiscard]] lshost_reader* Export(std::unique_ptr<Source> source);

// ---- implementation ----

namespace detail {

/// A bit of a flags member, or none.
constexpr std::uint32_t FlagIf(bool set, std::uint32_t flag) noexcept { return set ? flag : 0; }

/// Copies text into a fixed field, cut to leave room for its NUL. Usable at compile time; `to` must be zeroed.
template <std::size_t N>
constexpr void CopyText(char (&to)[N], std::string_view text) noexcept {
  for (std::size_t i = 0; i < N - 1 && i < text.size(); ++i) to[i] = text[i];
}

inline std::size_t ReadFrom(lshost_reader* reader, std::span<std::byte> into) {
  std::size_t count = 0;
  ErrorOut err;
  Check(reader->read(reader, into.data(), into.size(), &count, &err), err);
  if (count > into.size()) throw Error(LSHOST_E_INTERNAL, "a stream returned more bytes than were asked for");
  return count;
}

inline std::optional<FileRange> FileOf(lshost_reader* reader) {
  if (!LSHOST_HAS(reader, fd)) return std::nullopt;
  FileRange range{-1, 0, 0};
  range.fd = reader->fd(reader, &range.offset, &range.length);
  if (range.fd < 0) return std::nullopt;
  return range;
}

struct ExportedReader : lshost_reader {
  std::unique_ptr<Source> source;
};

inline ExportedReader& Exported(lshost_reader* self) noexcept { return *static_cast<ExportedReader*>(self->impl); }

inline std::int32_t ExportedRead(lshost_reader* self, void* buf, std::size_t cap, std::size_t* n,
                                 lshost_error* err) noexcept {
  *n = 0;
  return Guard(err, [&] { *n = Exported(self).source->Read({static_cast<std::byte*>(buf), cap}); });
}

inline std::int32_t ExportedFile(lshost_reader* self, std::uint64_t* offset, std::uint64_t* length) noexcept {
  int fd = -1;
  (void)Guard(nullptr, [&] {  // no file is an answer; read() will tell what is wrong
    if (const auto range = Exported(self).source->File()) {
      *offset = range->offset;
      *length = range->length;
      fd = range->fd;
    }
  });
  return fd;
}

inline void ExportedClose(lshost_reader* self) noexcept { delete &Exported(self); }

}  // namespace detail

inline lshost_reader* Export(std::unique_ptr<Source> source) {
  if (source == nullptr) throw Error(LSHOST_E_INTERNAL, "the plugin returned no stream");
  auto reader = std::make_unique<detail::ExportedReader>();
  reader->struct_size = sizeof(lshost_reader);
  reader->flags = 0;
  reader->impl = reader.get();
  reader->read = detail::ExportedRead;
  reader->fd = detail::ExportedFile;
  reader->close = detail::ExportedClose;
  reader->source = std::move(source);
  return reader.release();
}

inline Position Position::From(const lshost_pos& c) {
  return {std::string(c.generation, ::strnlen(c.generation, sizeof c.generation)), c.index, c.offset};
}

inline lshost_pos Position::ToC() const noexcept {
  lshost_pos c{};
  detail::CopyText(c.generation, generation);
  c.index = index;
  c.offset = offset;
  return c;
}

inline std::string Position::ToString() const {
  if (IsNone()) return "none";
  std::array<char, 64> numbers{};
  (void)std::snprintf(numbers.data(), numbers.size(), "/%08llx:%016llx", static_cast<unsigned long long>(index),
                      static_cast<unsigned long long>(offset));
  return generation + numbers.data();
}

inline std::partial_ordering Position::operator<=>(const Position& other) const noexcept {
  if (generation != other.generation) return std::partial_ordering::unordered;
  if (const auto by_index = index <=> other.index; std::is_neq(by_index)) return by_index;
  return offset <=> other.offset;
}

inline std::string Source::ReadAll() {
  std::string all;
  std::vector<std::byte> buffer(std::size_t{64} << 10);
  while (const std::size_t count = Read(buffer)) all.append(reinterpret_cast<const char*>(buffer.data()), count);
  return all;
}

inline HostReader& HostReader::operator=(HostReader&& other) noexcept {
  if (this != &other) {
    Close();
    reader_ = std::exchange(other.reader_, nullptr);
  }
  return *this;
}

inline std::size_t HostReader::Read(std::span<std::byte> into) {
  return reader_ == nullptr ? 0 : detail::ReadFrom(reader_, into);
}

inline std::optional<FileRange> HostReader::File() {
  return reader_ == nullptr ? std::nullopt : detail::FileOf(reader_);
}

inline void HostReader::Close() noexcept {
  if (auto* reader = std::exchange(reader_, nullptr)) reader->close(reader);
}

}  // namespace lshost::inline v1
